-- w7.lua: a label for each frame of speech, from both sides of it.
return Sequential{ name = "w7",
  Input{100, 40}, Bidirectional{LSTM{64, return_sequences = true}}, Dense{29, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = "adam", batch_size = 32, shards = arg.shards or 1,
}
