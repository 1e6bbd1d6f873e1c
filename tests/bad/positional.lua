-- Values by position and one last table of names mean what braces mean; nothing else is taken.
local model = Sequential(Input(60, 1), LSTM(50, {return_sequences = true, unit = 3}), {name = "m"})
model:add(LSTM({units = 50}, "relu"))
model:add(LSTM(50, {64, activation = "relu"}))
model:add(Dense(1, "sigmod"))
model:add(RepeatVector(3, 4))
model:add(Dense{1}, Dense{2})
model:compile("adam", "mse", "accuracy")
model:compile(Adam(0.01, {clipnorm = 1, clip = 2}))
model:compile("sgd", {optimizer = "adam"})
local y = exp(1, 2)
model:fit(3)
return model

-- expect: 2: LSTM: unknown argument "unit" (did you mean "units"?)
-- expect: 3: LSTM: names stand in one table, behind the values: write LSTM{"relu", units = 50}
-- expect: 4: LSTM: names stand in one table, behind the values: write LSTM{50, 64, activation = "relu"}
-- expect: 5: Dense: unknown activation "sigmod" (did you mean "sigmoid"?)
-- expect: 6: RepeatVector: 1 argument too many: it takes at most 1 by position
-- expect: 7: add takes one layer: write model:add(LSTM{8})
-- expect: 8: compile: "accuracy" has no name: optimizer and loss alone are given by position
-- expect: 9: Adam: unknown argument "clip" (did you mean "clipnorm" or "clipvalue"?)
-- expect: 9: compile: "optimizer" is set twice, first in line 8
-- expect: 10: compile: argument "optimizer" is given twice, by position and by name
-- expect: 11: exp takes 1 value, not 2
