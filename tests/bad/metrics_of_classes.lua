return Sequential{ Input{10, 3}, LSTM{4}, Dense{5, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"mse", "accuracy", "categorical_accuracy"} }

-- expect: 1: Sequential: metric "mse" does not go with integer classes (did you mean "sparse_categorical_accuracy"?)
-- expect: 1: Sequential: metric "categorical_accuracy" does not go with integer classes (did you mean "sparse_categorical_accuracy"?)
