return Sequential{
  Input{6}, Embedding{9, 3, mask_zero = true},
  LSTM{3, return_sequences = true}, Dense{4, activation = "softmax"},
  loss = SparseCategoricalCrossentropy{ignore_class = 0},
}

-- expect: 4: ignore_class: the output has a mask already, which says what counts: end the mask in front of it
