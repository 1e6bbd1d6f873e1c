-- w10.lua: steps that look at each other, on the average.
return Sequential{ name = "w10",
  Input{100, 24}, Dense{64}, MultiHeadAttention{4, 16}, GlobalAveragePooling1D{}, Dense{6, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = "adam", batch_size = 32, shards = arg.shards or 1,
}
