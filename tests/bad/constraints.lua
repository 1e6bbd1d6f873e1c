return Sequential{
  Input{4, 3},
  LSTM{2, kernel_constraint = MaxNorm{-1}, bias_constraint = "nonneg"},
  Dense{2, kernel_constraint = UnitNorm{axis = "0"}, bias_constraint = L2{0.1}},
  Dense{2, bias_constraint = MinMaxNorm{rate = 2}},
  loss = "mse",
}

-- expect: 3: MaxNorm: "max_value" must be zero or more, not -1
-- expect: 3: LSTM: unknown constraint "nonneg" (did you mean "non_neg"?)
-- expect: 4: UnitNorm: "axis" must be an axis of the weight, or a list of them, not "0"
-- expect: 4: Dense: "bias_constraint" must be the name of a constraint, not a regularizer
-- expect: 5: MinMaxNorm: "rate" must be between 0 and 1, not 2
