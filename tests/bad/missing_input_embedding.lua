return Sequential{
  Embedding{50, 4},
  LSTM{5},
}

-- expect: 2: Embedding: the first layer needs the shape of the input (write Input{timesteps} before it)
