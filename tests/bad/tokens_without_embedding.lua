return Sequential{ Input{10}, LSTM{5}, Dense{1}, loss = "mse" }

-- expect: 1: LSTM: needs a sequence {timesteps, features}, but input gives {10} (RepeatVector, or Input{timesteps, features}, makes a sequence)
