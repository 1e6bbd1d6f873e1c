local model = Sequential()
model:add(Input{4})
for i = 1, 100000 do model:add(Dense{4}) end
return model

-- expect: 3: Sequential: more than 2000 layers
