local model = Sequential()
model:add(Input{10, 3}
model:add(LSTM{4})
return model

-- expect: 3: ')' expected (to close '(' at line 2) near 'model'
