-- stock.lua: the volatility index VIX one day, one week and four weeks ahead, and what that is worth.
--
-- Data: ../shared/data/stock-vix-daily: 9,235 trading days since 1990. The first 80 % of the days train (and fit the
-- normalisation), the rest, from May 2019 on, is held out.
-- Expect: next to nothing one day ahead. A market's price knows what is known, and saying today's number again
-- (persistence) is hard to beat; many a curve that seems to follow a price is persistence, one day late. What can be
-- foretold is that the index comes back after a shock, and that shows the further ahead one looks. Seen, seeds 1, 2, 3,
-- mean squared errors on the held-out days beside persistence:
--    1 day     4.41   4.48   4.39   beside   4.48
--    5 days   16.0   16.1   16.0    beside  16.4
--   20 days   47.7   47.5   47.1    beside  51.7
-- The index cannot be bought; this is no advice.

return Sequential{ name = "stock",
  Input{20, 1}, LSTM{16}, Dense{3},
  loss = "mse", optimizer = Adam{learning_rate = 1e-3, clipnorm = 1.0}, metrics = {"mae"},
  data = csv{"../../shared/data/stock-vix-daily/vix-daily.csv",
             columns = {"CLOSE"}, window = 20, horizon = {1, 5, 20}, relative = true,
             normalization = "standard", split = 0.8},
  batch_size = 32, epochs = 6,
}
