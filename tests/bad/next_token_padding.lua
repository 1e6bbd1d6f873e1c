return Sequential{
  Input{10}, Embedding{4, 4}, LSTM{4, return_sequences = true}, Dense{4},
  loss = "sparse_categorical_crossentropy",
  data = lines{"a.txt", next_token = true, padding = "pre"},
}

-- expect: 4: lines: padding = "pre" would tell a model that says at each step which token is next how long the line is going to be: leave it out (zeros behind)
