return Sequential{
  Input{16777216, 16777216},
  LSTM{4},
}

-- expect: 2: Input: the shape {16777216, 16777216} is larger than 2 GB
