local model = Sequential()
model:add(Input{10, 3})
model:compile{loss = "mse"}
return model

-- expect: 1: Sequential: the model is empty: add a layer after Input
