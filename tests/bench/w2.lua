-- w2.lua: the next character of a text, two layers deep.
return Sequential{ name = "w2",
  Input{64}, Embedding{65, 64}, LSTM{128, return_sequences = true}, LSTM{128, return_sequences = true}, Dense{65, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = "adam", batch_size = 32, shards = arg.shards or 1,
}
