-- w1.lua: a film review as word ids -> positive or not.
return Sequential{ name = "w1",
  Input{200}, Embedding{5000, 32}, LSTM{100}, Dense{1, activation = "sigmoid"},
  loss = "binary_crossentropy", optimizer = "adam", batch_size = 32, shards = arg.shards or 1,
}
