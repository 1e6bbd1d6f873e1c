local model = Sequential{ Input{10, 3, shape = {10, 3}}, LSTM{4, units = 4}, Dense{1, "tanh", activation = "tanh"}, loss = "mse" }
model:compile{loss = "mae", optimizer = "adam"}
model:fit{epochs = 3}
model:fit{epochs = 4}
return model

-- expect: 1: Input: argument "shape" is given twice, by position and by name
-- expect: 1: LSTM: argument "units" is given twice, by position and by name
-- expect: 1: Dense: argument "activation" is given twice, by position and by name
-- expect: 2: compile: "loss" is set twice, first in line 1
-- expect: 4: fit: "epochs" is set twice, first in line 3
