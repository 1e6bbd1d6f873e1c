-- w8.lua: which of six movements nine sensors have seen, by convolutions.
return Sequential{ name = "w8",
  Input{128, 9}, Conv1D{64, 5, activation = "relu"}, Conv1D{64, 5, activation = "relu"}, GlobalAveragePooling1D{},
  Dense{6, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = "adam", batch_size = 32, shards = arg.shards or 1,
}
