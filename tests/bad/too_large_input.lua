return Sequential{ Input{1e9, 1e9}, LSTM{4}, Dense{1}, loss = "mse" }

-- expect: 1: Input: "shape" extent 1 must be a whole number between 1 and 16777216, not 1000000000
