-- airline.lua: next month's airline passengers from the last twelve months.
--
-- Data: ../shared/data/airline-passengers: 144 monthly totals in thousands, 1949 to 1960 (Box & Jenkins 1976). The
-- first 80 % of the months train (and fit the normalisation), the rest, from August 1958 on, is held out. Passengers
-- grow from year to year: seven of the 29 held-out months are beyond anything that trained. A network that reads and
-- says the number itself has never been there: its squared error, with seeds 1, 2, 3, is 1.03, 0.98 and 2.03 times that
-- of persistence. relative = true makes both a difference from the last known month.
-- Expect: a mean squared error on the held-out months a good deal below that of persistence (saying last month's number
-- again), 2755. Seen, seeds 1, 2, 3: 784, 756, 737. A line of arithmetic does better still: last month, plus what the
-- same month brought a year ago, has 344. An LSTM is not what 103 samples call for.

return Sequential{ name = "airline",
  Input{12, 1}, LSTM{32}, Dense{1},
  loss = "mse", optimizer = Adam{learning_rate = 2e-3, clipnorm = 1.0}, metrics = {"mae"},
  data = csv{"../../shared/data/airline-passengers/airline-passengers.csv",
             columns = {"Passengers"}, window = 12, horizon = 1, relative = true,
             normalization = "standard", split = 0.8},
  batch_size = 4, epochs = 60,
}
