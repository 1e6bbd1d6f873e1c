-- What a transliteration from Python leaves behind.
local model = Sequential()
model:add(Input{10, 3})
model:add(LSTM{4, return_sequences = True, activation = None})
model.add(Dense{1})
model.compile{loss = "mse"}
model:evaluate()
return model

-- expect: 4: True is not available in a description: write true
-- expect: 4: None is not available in a description: write false, or leave the argument out
-- expect: 5: add: write model:add(...), with a colon
-- expect: 6: compile: write model:compile{...}, with a colon
-- expect: 7: evaluate: a description only describes; the command lstmc evaluate MODEL.lua does that
