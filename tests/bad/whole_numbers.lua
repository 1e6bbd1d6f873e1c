return Sequential{
  Input{3, 2}, LSTM{2}, Dense{1}, loss = "mse",
  seed = 1e20,
  data = npy{"a.npy", "b.npy", unknown = 1.5},
  callbacks = { ReduceLROnPlateau{patience = 2^40, cooldown = -1} },
}

-- expect: 1: Sequential: "seed" must be a whole number from 0 to 2^53, not 1e+20
-- expect: 4: npy: "unknown" must be a whole number from 0 to 1000000000, not 1.5
-- expect: 5: ReduceLROnPlateau: "patience" must be a whole number from 0 to 1000000000, not 1099511627776
-- expect: 5: ReduceLROnPlateau: "cooldown" must be a whole number from 0 to 1000000000, not -1
