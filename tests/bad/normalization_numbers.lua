return Sequential{
  Input{4, 3},
  Normalization{mean = {1, 2}, variance = 1},
  loss = "mse",
}

-- expect: 3: Normalization: there are 2 numbers for a weight of shape {3}
