return Sequential{ Input{10, 3}, LSTM{4}, Dense{5}, loss = "mse", metrics = {"sparse_categorical_accuracy", "mae"} }

-- expect: 1: Sequential: metric "sparse_categorical_accuracy" needs integer classes, as sparse_categorical_crossentropy has (did you mean "categorical_accuracy"?)
