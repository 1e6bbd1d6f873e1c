-- w5.lua: noise suppression, features of a frame in and band gains out.
return Sequential{ name = "w5",
  Input{64, 42}, Dense{24, activation = "tanh"}, GRU{48, return_sequences = true}, GRU{96, return_sequences = true},
  Dense{22, activation = "sigmoid"},
  loss = "mse", optimizer = "adam", batch_size = 16, shards = arg.shards or 1,
}
