-- w9.lua: spoken words of unequal lengths.
return Sequential{ name = "w9",
  Input{100, 40, lengths = true}, LSTM{128}, Dense{10, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = "adam", batch_size = 32, shards = arg.shards or 1,
}
