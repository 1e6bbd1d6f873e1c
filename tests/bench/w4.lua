-- w4.lua: an audio effect, a sample in and a sample out.
return Sequential{ name = "w4",
  Input{64, 1}, LSTM{20, return_sequences = true}, Dense{1},
  loss = "mse", optimizer = "adam", batch_size = 16, shards = arg.shards or 1,
}
