return Sequential{
  Input{10, 3},
  LSTM{4, return_state = true, return_sequences = true},
  Dropout{0.5, seed = 3},
  Flatten{},
  Dense{1},
  Embedding{4, 5},
}

-- expect: 3: LSTM: return_state: the states are further outputs, for which a Sequential has no place: call the layer in a graph, y, h = LSTM{...}(x)
-- expect: 4: Dropout: "seed" is not supported by this version
-- expect: 7: Embedding: needs token ids {timesteps}, but dense gives {1}
