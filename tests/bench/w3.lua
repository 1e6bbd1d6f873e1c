-- w3.lua: a short window of eight sensors -> one number.
return Sequential{ name = "w3",
  Input{32, 8}, LSTM{32}, Dense{1},
  loss = "mse", optimizer = "adam", batch_size = 16, shards = arg.shards or 1,
}
