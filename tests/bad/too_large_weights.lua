return Sequential{
  Input{3},
  Dense{16777216},
  Dense{16777216},
  Dense{1},
}

-- expect: 4: Dense: weight kernel {16777216, 16777216} makes the model larger than 2 GB
