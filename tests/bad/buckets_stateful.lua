return Sequential{ Input{10, 3, lengths = true}, LSTM{4, stateful = true}, Dense{1}, loss = "mse",
  buckets = 4 }
-- expect: 1: Sequential: "buckets": samples of similar length share a batch, but a stateful layer wants them in their order
