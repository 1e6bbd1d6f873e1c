return Sequential{
  Input{10, 3},
  LSTM{4},
  LSTM{5},
  Dense{2},
  GRU{6},
  RepeatVector{3},
  RepeatVector{4},
  Dense{1},
}

-- expect: 4: LSTM: needs a sequence {timesteps, features}, but lstm gives {4} (did you mean return_sequences = true for lstm?)
-- expect: 6: GRU: needs a sequence {timesteps, features}, but dense gives {2} (RepeatVector, or Input{timesteps, features}, makes a sequence)
-- expect: 8: RepeatVector: needs a vector {features}, but repeat_vector gives {3, 6} (Flatten, or return_sequences = false, makes a vector)
