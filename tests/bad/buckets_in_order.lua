return Sequential{ Input{10, 3, lengths = true}, LSTM{4}, Dense{1}, loss = "mse", shuffle = false,
  buckets = 4 }
-- expect: 1: Sequential: "buckets": samples of similar length share a batch, but shuffle = false leaves samples in their order
