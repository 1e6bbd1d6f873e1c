return Sequential{
  Input{4, 3},
  Normalization{mean = {1, 2, 3}, variance = {1, 1, 1}},
  Dense{2},
  Normalization{},
  loss = "mse",
}

-- expect: 5: Normalization: adapts to an Input, and this is none: write mean = {...} and variance = {...}
