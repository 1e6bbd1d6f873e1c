-- sunspots.lua: next month's sunspot number from the last four years of months.
--
-- Data: ../shared/data/sunspots-monthly: 2,820 monthly numbers, 1749 to 1983. The first 80 % of the months train (and fit the
-- normalisation), the rest, from 1936 on, is held out.
-- Expect: a mean squared error on the held-out months below that of persistence (saying last month's number again); seen: 353 against 404.

local window = 48

return Sequential{ name = "sunspots",
  Input{window, 1}, LSTM{32}, Dense{1},
  loss = "huber", optimizer = Adam{learning_rate = 2e-3, clipnorm = 1.0}, metrics = {"mse", "mae"},
  data = csv{"../../shared/data/sunspots-monthly/monthly-sunspots.csv",
             columns = {"Sunspots"}, window = window, horizon = 1, normalization = "standard", split = 0.8},
  batch_size = 32, epochs = 20,
}
