local model = Sequential{ Input{10, 3}, LSTM{4}, Dense{1}, loss = "mse" }

-- expect: 0: the description must return a Sequential model, not nothing
