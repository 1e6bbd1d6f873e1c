local model = Sequential()
model:add(Input{10})
model:add(Embedding{50, 4})
model:add(LSTM{5, return_sequences = true})
model:add(Embedding{50, 4})
model:add(Dense{1})
return model

-- expect: 5: Embedding: needs token ids {timesteps}, but lstm gives {10, 5}
