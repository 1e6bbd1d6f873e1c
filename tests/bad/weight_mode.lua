return Sequential{
  Input{6, 2}, LSTM{3}, Dense{4}, loss = "mse", sample_weight_mode = "temporal", defaults = "torch",
  optimizer = Nadam{}, batch_size = 2,
}

-- expect: 1: Sequential: "defaults" must be "keras", "pytorch", not "torch"
-- expect: 1: Sequential: sample_weight_mode = "temporal" is for one output that has a loss at each step
