return { Input{10, 3}, LSTM{4}, Dense{1} }

-- expect: 0: the description must return a Sequential model, not a table
