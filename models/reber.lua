-- reber.lua: the embedded Reber grammar of the LSTM paper (Hochreiter & Schmidhuber 1997, experiment 1).
--
-- A string is B, then T or P, then a whole string of the inner Reber grammar, then the same T or P again, then E.
-- Whoever reads it must remember the second symbol over the whole inner string to know the symbol before last: simple
-- recurrent networks fail, an LSTM does not. Scored as in the paper: is the symbol before last predicted? Here it is
-- the one thing that is asked for: the network reads everything before that symbol, padded in front, and names the
-- symbol. Guessing between T and P is right in half of the strings.
--
-- Data: drawn by the grammar below; training and held-out strings come from different indices of the same generator.
-- Expect: sparse_categorical_accuracy on held-out strings >= 0.99 after training (about ten seconds on one core).

local B, T, P, S, X, V, E = 1, 2, 3, 4, 5, 6, 7      -- 0 pads
local LENGTH = 24                                     -- longer strings are drawn again (about 1 in 40)

-- The inner grammar: from each state, two edges { symbol, next state }, equally likely.
local grammar = {
  { { T, 2 }, { P, 3 } },
  { { S, 2 }, { X, 4 } },
  { { T, 3 }, { V, 5 } },
  { { X, 3 }, { S, 6 } },
  { { P, 4 }, { V, 6 } },
}

local function inner(random)
  local list, state = { B }, 1
  while state ~= 6 do
    local edge = grammar[state][random(2)]
    list[#list + 1] = edge[1]
    state = edge[2]
  end
  list[#list + 1] = E
  return list
end

local function string_before_last(random)
  local symbol = random(2) == 1 and T or P
  local list
  repeat list = inner(random) until #list + 2 <= LENGTH
  local x = {}
  for i = 1, LENGTH - #list - 2 do x[i] = 0 end
  x[#x + 1], x[#x + 2] = B, symbol
  for _, letter in ipairs(list) do x[#x + 1] = letter end
  return x, symbol
end

local model = Sequential()
model:add(Input{LENGTH})
model:add(Embedding{8, 8})
model:add(LSTM{arg.units or 24})
model:add(Dense{8, activation = "softmax"})
model:compile{
  name = "reber",
  loss = "sparse_categorical_crossentropy",
  optimizer = Adam{learning_rate = 0.005, global_clipnorm = 1.0},
  metrics = {"accuracy"},
}
model:fit{
  data = samples{string_before_last, samples = 8192, validation_samples = 2048},
  batch_size = 8, epochs = 8, seed = 1,
}
return model
