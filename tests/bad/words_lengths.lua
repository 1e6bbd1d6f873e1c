return Sequential{
  Input{10, lengths = true}, Embedding{4, 4}, LSTM{4, return_sequences = true}, Dense{4},
  loss = "sparse_categorical_crossentropy",
  data = words{"a.txt", window = 10},
}

-- expect: 4: words: its windows are all of one length: leave lengths = true out
