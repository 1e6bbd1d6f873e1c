return Sequential{
  Input{4, 3},
  LSTM{2, return_sequences = true},
  Dense{2, bias_constraint = UnitNorm{axis = 1}},
  loss = "mse",
}

-- expect: 4: Dense: unit_norm: axis 1 is none of a weight of shape {2}
