return Sequential{ Input{10, 3}, LSTM{4}, Dense{1},
  loss = "sparse_categorical_crossentropy" }

-- expect: 1: Sequential: sparse_categorical_crossentropy needs at least two classes, but dense gives one number (did you mean "binary_crossentropy"?)
