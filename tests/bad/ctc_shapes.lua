return Sequential{ Input{5, 3}, LSTM{4}, Dense{3}, loss = CTC{labels = 2} }

-- expect: 1: loss "ctc": reads scores of classes at each step, {timesteps, classes}
