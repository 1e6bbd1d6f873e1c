return Sequential{ InputLayer{batch_input_shape = {4, 10, 3}}, LSTM{4, batch_input_shape = {8, 10, 3}}, Dense{1},
  loss = "mse", batch_size = 8 }
-- expect: 1: Sequential: Input: batches of 4 are said here, and batch_size = 8: say it once
