return Sequential{ Input{5, 3}, Dense{3, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"label_error_rate"} }

-- expect: 1: Sequential: metric "label_error_rate" counts labels that a whole sample has: it goes with loss "ctc"
