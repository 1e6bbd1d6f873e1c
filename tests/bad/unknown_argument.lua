return Sequential{
  Input{10, 3, shpe = 3},
  LSTM{4, unit = 3, return_sequence = true},
  LSTM{4, "tanh", "sigmoid", true, "zeros", "zeros", "zeros", true, false, false, false, false, false, false, false, 0, 0, false, false,
       false, false, false, false, 24, false, false, false, "zeros", false, 30},
  Dense{1, [1.5] = 2, [true] = 1},
  Dropout{0.5, 3, 4, 5},
  loss = BinaryCrossentropy{from_logit = true}, optimizer = Adam{lr = 0.1, learning_rat = 0.1}, metric = {"mae"}, batchsize = 3,
}

-- expect: 1: Sequential: unknown argument "batchsize" (did you mean "batch_size"?)
-- expect: 1: Sequential: unknown argument "metric" (did you mean "metrics"?)
-- expect: 2: Input: unknown argument "shpe" (did you mean "shape"?)
-- expect: 3: LSTM: unknown argument "return_sequence" (did you mean "return_sequences"?)
-- expect: 3: LSTM: unknown argument "unit" (did you mean "units"?)
-- expect: 4: LSTM: "zero_output_for_mask" must be true or false, not 24
-- expect: 4: LSTM: 1 argument too many: it takes at most 29 by position
-- expect: 6: Dense: 1.5 cannot be the name of an argument
-- expect: 6: Dense: true cannot be the name of an argument
-- expect: 7: Dropout: "noise_shape" is not supported by this version
-- expect: 7: Dropout: "seed" is not supported by this version
-- expect: 7: Dropout: 1 argument too many: it takes at most 3 by position
-- expect: 8: BinaryCrossentropy: unknown argument "from_logit" (did you mean "from_logits"?)
-- expect: 8: Adam: unknown argument "learning_rat" (did you mean "learning_rate"?)
-- expect: 8: Adam: unknown argument "lr" (did you mean "learning_rate"?)
