return Sequential{
  Input{10, 3},
  LSTM{4},
  Input{4},
  Dense{1, actvation = "tanh"},
  loss = "mse",
}

-- expect: 4: Input: must be the first layer, and the only one of its kind
-- expect: 5: Dense: unknown argument "actvation" (did you mean "activation"?)
