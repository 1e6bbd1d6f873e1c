return Sequential{
  Input{"10", 3},
  Input{10, 3, 4, 5, 6},
  LSTM{"100"},
  LSTM{true},
  LSTM{{100}},
  LSTM{units = function() end},
  LSTM{4, return_sequences = 1},
  LSTM{Dense{3}},
  LSTM{},
  LSTM{4, activation = 3},
  LSTM{4, kernel_initializer = L2{0.1}},
  Dense{4, kernel_regularizer = "tanh"},
  Dense{4, trainable = "no"},
  Dense{4, name = 5},
  loss = Adam{}, optimizer = MeanSquaredError{}, metrics = 3, batch_size = "32", epochs = {}, shuffle = "yes", name = true,
}

-- expect: 1: Sequential: "name" must be a string, not true
-- expect: 1: Sequential: "metrics" must be a list of names, like {"accuracy"}, not 3
-- expect: 1: Sequential: "batch_size" must be a whole number, not "32"
-- expect: 1: Sequential: "epochs" must be a whole number, not a table
-- expect: 1: Sequential: "shuffle" must be true or false, not "yes"
-- expect: 1: Sequential: "loss" must be the name of a loss, not the optimizer Adam
-- expect: 1: Sequential: "optimizer" must be the name of an optimizer, not the loss MeanSquaredError
-- expect: 2: Input: "shape" extent 1 must be a whole number, not "10"
-- expect: 3: Input: "shape" must have one to four extents, {features}, {timesteps, features} or up to {timesteps, height, width, channels}, not 5
-- expect: 3: Input: must be the first layer, and the only one of its kind
-- expect: 4: LSTM: "units" must be a whole number, not "100"
-- expect: 5: LSTM: "units" must be a whole number, not true
-- expect: 6: LSTM: "units" must be a whole number, not a table
-- expect: 7: LSTM: "units" must be a whole number, not a function
-- expect: 8: LSTM: "return_sequences" must be true or false, not 1
-- expect: 9: LSTM: "units" must be a whole number, not the layer Dense
-- expect: 10: LSTM: missing argument "units"
-- expect: 11: LSTM: "activation" must be the name of an activation, not 3
-- expect: 12: LSTM: "kernel_initializer" must be the name of an initializer, not a regularizer
-- expect: 13: Dense: unknown regularizer "tanh"
-- expect: 14: Dense: "trainable" must be true or false, not "no"
-- expect: 15: Dense: "name" must be a string, not 5
