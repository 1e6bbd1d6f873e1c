-- temperatures.lua: tomorrow's lowest temperature from the last thirty days.
--
-- Data: ../shared/data/min-temperatures: 3,650 daily minima in degrees Celsius, Melbourne, 1981 to 1990. The first 80 %
-- of the days train (and fit the normalisation), the last two years are held out.
-- Expect: a mean squared error on the held-out days below that of persistence (saying today's minimum again), 6.16: a
-- cold night is followed by a less cold one more often than not. Seen, seeds 1, 2, 3: 4.83, 4.85, 4.77, that is, off by
-- 2.2 degrees.

return Sequential{ name = "temperatures",
  Input{30, 1}, LSTM{32}, Dense{1},
  loss = "mse", optimizer = Adam{learning_rate = 2e-3, clipnorm = 1.0}, metrics = {"mae"},
  data = csv{"../../shared/data/min-temperatures/daily-min-temperatures.csv",
             columns = {"Temp"}, window = 30, horizon = 1, normalization = "standard", split = 0.8},
  batch_size = 32, epochs = 20,
}
