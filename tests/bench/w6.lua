-- w6.lua: one large layer: its weights live in the last cache.
return Sequential{ name = "w6",
  Input{100, 256}, LSTM{512},
  loss = "mse", optimizer = "adam", batch_size = 64, shards = arg.shards or 1,
}
