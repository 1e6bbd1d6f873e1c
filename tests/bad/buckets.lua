return Sequential{ Input{10, 3}, LSTM{4}, Dense{1}, loss = "mse",
  buckets = 4 }
-- expect: 1: Sequential: "buckets": samples of similar length share a batch, but no Input says lengths = true
