local NaN, infinity = 0/0, 1/0
return Sequential{
  Input{0, 3},
  LSTM{NaN},
  LSTM{-1},
  LSTM{0},
  LSTM{1e9},
  LSTM{2.5},
  LSTM{infinity},
  LSTM{-infinity},
  LSTM{math.maxinteger},
  LSTM{math.mininteger},
  Embedding{-5, 0},
  Dropout{1.5},
  Dropout{-0.1},
  Dropout{NaN},
  RepeatVector{0},
  Dense{1, kernel_initializer = RandomNormal{stddev = -1}},
  Dense{1, kernel_initializer = VarianceScaling{scale = 0, mode = "fan", distribution = "normal"}},
  Dense{1, kernel_initializer = Constant{NaN}},
  Dense{1, kernel_regularizer = L2{-1}},
  loss = Huber{delta = 0},
  optimizer = Adam{
    learning_rate = -0.1, beta_1 = 1, beta_2 = NaN, epsilon = 0, weight_decay = -1, clipnorm = 0, clipvalue = infinity },
  batch_size = 0, epochs = 1e9, validation_split = 1, seed = 0.5, learning_rate = 0,
}

-- expect: 2: Sequential: "batch_size" must be a whole number between 1 and 16777216, not 0
-- expect: 2: Sequential: "epochs" must be a whole number between 1 and 16777216, not 1000000000
-- expect: 2: Sequential: "seed" must be a whole number from 0 to 2^53, not 0.5
-- expect: 2: Sequential: "validation_split" must be less than 1
-- expect: 2: Sequential: "learning_rate" must be greater than zero, not 0
-- expect: 3: Input: "shape" extent 1 must be a whole number between 1 and 16777216, not 0
-- expect: 4: LSTM: "units" must be a whole number between 1 and 16777216, not NaN
-- expect: 5: LSTM: "units" must be a whole number between 1 and 16777216, not -1
-- expect: 6: LSTM: "units" must be a whole number between 1 and 16777216, not 0
-- expect: 7: LSTM: "units" must be a whole number between 1 and 16777216, not 1000000000
-- expect: 8: LSTM: "units" must be a whole number between 1 and 16777216, not 2.5
-- expect: 9: LSTM: "units" must be a whole number between 1 and 16777216, not infinity
-- expect: 10: LSTM: "units" must be a whole number between 1 and 16777216, not -infinity
-- expect: 11: LSTM: "units" must be a whole number between 1 and 16777216, not 9223372036854775807
-- expect: 12: LSTM: "units" must be a whole number between 1 and 16777216, not -9223372036854775808
-- expect: 13: Embedding: "input_dim" must be a whole number between 1 and 16777216, not -5
-- expect: 13: Embedding: "output_dim" must be a whole number between 1 and 16777216, not 0
-- expect: 14: Dropout: "rate" must be between 0 and 1, not 1.5
-- expect: 15: Dropout: "rate" must be between 0 and 1, not -0.1
-- expect: 16: Dropout: "rate" must be between 0 and 1, not NaN
-- expect: 17: RepeatVector: "n" must be a whole number between 1 and 16777216, not 0
-- expect: 18: RandomNormal: "stddev" must be zero or more, not -1
-- expect: 19: VarianceScaling: "scale" must be greater than zero, not 0
-- expect: 19: VarianceScaling: "mode" must be "fan_in", "fan_out", "fan_avg", not "fan"
-- expect: 19: VarianceScaling: "distribution" must be "truncated_normal", "untruncated_normal", "uniform", not "normal"
-- expect: 20: Constant: "value" must be a finite number, not NaN
-- expect: 21: L2: "l2" must be zero or more, not -1
-- expect: 22: Huber: "delta" must be greater than zero, not 0
-- expect: 23: Adam: "learning_rate" must be greater than zero, not -0.1
-- expect: 23: Adam: "beta_1" must be less than 1
-- expect: 23: Adam: "beta_2" must be between 0 and 1, not NaN
-- expect: 23: Adam: "epsilon" must be greater than zero, not 0
-- expect: 23: Adam: "weight_decay" must be zero or more, not -1
-- expect: 23: Adam: "clipnorm" must be greater than zero, not 0
-- expect: 23: Adam: "clipvalue" must be a finite number, not infinity
