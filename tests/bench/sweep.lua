-- sweep.lua: one recurrent layer that returns its last output: name=, cell=, units=, features=, steps=, batch=.
local layers = {
  lstm = function(units) return LSTM{units} end,
  gru = function(units) return GRU{units} end,
  gru_before = function(units) return GRU{units, reset_after = false} end,
  simple_rnn = function(units) return SimpleRNN{units} end,
}
return Sequential{ name = arg.name,
  Input{arg.steps, arg.features}, layers[arg.cell](arg.units),
  loss = "mse", optimizer = "adam", batch_size = arg.batch, shards = arg.shards or 1,
}
