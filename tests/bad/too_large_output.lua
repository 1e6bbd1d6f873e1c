return Sequential{
  Input{3},
  RepeatVector{16777216},
  LSTM{1000, return_sequences = true},
  LSTM{1},
}

-- expect: 4: LSTM: its output {16777216, 1000} is larger than 2 GB
