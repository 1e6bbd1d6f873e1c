local model = Sequential()
model:add(LSTM{5})
model:add(Dense{1})
model:compile{loss = "mse", optimizer = "adm"}
return model

-- expect: 2: LSTM: the first layer needs the shape of the input (write Input{timesteps, features} before it)
-- expect: 4: Sequential: unknown optimizer "adm" (did you mean "adam"?)
