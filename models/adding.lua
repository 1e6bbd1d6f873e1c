-- adding.lua: the adding problem of the LSTM paper (Hochreiter & Schmidhuber 1997, experiment 4).
--
-- A sequence of pairs: a random number in [0, 1) and a marker, which is 1 at two places, one in each half. The target
-- is the sum of the two marked numbers. To know the first one at the end, its trace has to survive up to 100 steps: the
-- error signal of a simple recurrent network has vanished by then, that of an LSTM or a GRU has not.
--
--   lstmc train models/adding.lua cell=LSTM --seed=1
--
-- Data: drawn below. Always saying 1 has a mean squared error of 1/6 = 0.167.
-- Expect: the mean squared error on held-out sequences after 12 epochs, seeds 1, 2, 3:
--   LSTM      0.00029  0.00021  0.00035
--   GRU       0.00025  0.00024  0.00018
--   SimpleRNN 0.17     0.18     0.17        (it has learned nothing but the mean)

local T = arg.T or 100
local cells = { LSTM = LSTM, GRU = GRU, SimpleRNN = SimpleRNN }
local cell = cells[arg.cell or "LSTM"] or error('cell must be LSTM, GRU or SimpleRNN')

local function marked_sum(random)
  local x, half = {}, T // 2
  local first, second = random(half), half + random(T - half)
  local sum = 0
  for t = 1, T do
    local number, marked = random(), t == first or t == second
    x[t] = { number, marked and 1 or 0 }
    if marked then sum = sum + number end
  end
  return x, { sum }
end

return Sequential{ name = "adding",
  Input{T, 2}, cell{arg.units or 32}, Dense{1},
  loss = "mse", optimizer = Adam{learning_rate = 0.005, global_clipnorm = arg.clip or 1.0}, metrics = {"mae"},
  data = samples{marked_sum, samples = 8192, validation_samples = 1024},
  batch_size = 32, epochs = 12,
}
