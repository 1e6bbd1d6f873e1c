-- models.lua name=NAME: models that other frameworks open; a short training moves biases and averages from where they
-- begin. Next to each: the shape of an input for tests/clients.sh.
local count = 48

local function numbers(random, steps, features)
  local x = {}
  for t = 1, steps do
    x[t] = {}
    for k = 1, features do x[t][k] = random(200) / 100 - 1 end
  end
  return x
end

local function sequences(steps, features, outputs)
  return samples{function(random)
    local x, y = numbers(random, steps, features), {}
    for k = 1, outputs do y[k] = x[1][1] * k / outputs + x[steps][features] end
    return x, y
  end, samples = count}
end

local function ids(steps, vocabulary)
  return samples{function(random)
    local x = {}
    for t = 1, steps do x[t] = t > steps - random(4) and 0 or random(vocabulary) - 1 end
    return x, { x[1] / vocabulary }
  end, samples = count}
end

local models = {
  stacked = function()            -- 3x9x4
    return { Input{9, 4}, LSTM{7, return_sequences = true}, Dropout{0.2}, LSTM{5, go_backwards = true}, Dense{3},
             data = sequences(9, 4, 3) }
  end,
  chained = function()            -- 3x9x4
    return { Input{9, 4}, LSTM{7, return_sequences = true}, LSTM{5, return_sequences = true}, Dense{3},
             data = samples{function(random)
               local x, y = numbers(random, 9, 4), {}
               for t = 1, 9 do y[t] = { x[t][1], x[t][2], x[t][3] + x[t][4] } end
               return x, y
             end, samples = count} }
  end,
  simple = function()             -- 3x7x3
    return { Input{7, 3}, SimpleRNN{6, return_sequences = true}, SimpleRNN{4, activation = "relu"}, Dense{2},
             data = sequences(7, 3, 2) }
  end,
  gated = function()              -- 3x8x3
    return { Input{8, 3}, GRU{6, return_sequences = true, reset_after = false}, GRU{4, reset_after = false}, Dense{2},
             data = sequences(8, 3, 2) }
  end,
  gated_after = function()        -- 3x8x3
    return { Input{8, 3}, GRU{6, return_sequences = true}, GRU{4}, Dense{2}, data = sequences(8, 3, 2) }
  end,
  bidirectional = function()      -- 3x6x3
    return { Input{6, 3}, Bidirectional{LSTM{4, return_sequences = true}}, Bidirectional{LSTM{3}, merge_mode = "sum"},
             Dense{2}, data = sequences(6, 3, 2) }
  end,
  masked = function()             -- 3x8 ids below 12
    return { Input{8}, Embedding{12, 5, mask_zero = true}, LSTM{6, return_sequences = true}, LSTM{4}, Dense{1},
             data = ids(8, 12) }
  end,
  tokens = function()             -- 3x8 ids below 12
    return { Input{8}, Embedding{12, 5}, LSTM{6}, Dense{1}, data = ids(8, 12) }
  end,
  handed = function()             -- 3x9x4: an encoder whose states a decoder begins with, a layer that is called twice
    local x, both = Input{9, 4}, Dense{4, activation = "tanh"}
    local seen, h, c = LSTM{5, return_sequences = true, return_state = true}(both(x))
    local said = LSTM{5, return_sequences = true}{both(both(x)), initial_state = {h, c}}
    return { inputs = x, outputs = Dense{3}(LSTM{4}(Concatenate{}(seen, said))), data = sequences(9, 4, 3) }
  end,
  looking = function()            -- 3x9x4: a decoder that looks at what an encoder has read, without heads
    local x = Input{9, 4}
    local read = LSTM{6, return_sequences = true}(x)
    local said = GRU{6, return_sequences = true}(Concatenate{}(x, read))
    local plain = Attention{use_scale = true, dropout = 0.1}(said, read)
    local sums = AdditiveAttention{use_causal_mask = true}(said, x, plain)
    local joined = Concatenate{}(Attention{score_mode = "concat", use_scale = true, causal = true}(plain, read),
                                 sums, AdditiveAttention{use_scale = false}(sums), Attention{}(read, said, plain))
    return { inputs = x, outputs = Dense{3}(LSTM{4}(joined)), data = sequences(9, 4, 3) }
  end,
  directions = function()         -- 3x9x4: states of both directions, handed on; of loops that begin at the end
    local x = Input{9, 4}
    local s, h, c, g, d = Bidirectional{LSTM{4, return_sequences = true, return_state = true}}(x)
    local t = Bidirectional{LSTM{4, return_sequences = true}, merge_mode = "sum"}{x, initial_state = {h, c, g, d}}
    local u, f, b = Bidirectional{GRU{4, return_state = true}, merge_mode = "mul"}(t)
    local v, e = SimpleRNN{4, go_backwards = true, return_state = true}{s, initial_state = c}
    local w = Bidirectional{GRU{4}, merge_mode = "ave"}{s, initial_state = {b, e}}
    return { inputs = x, outputs = Dense{3}(Concatenate{}(u, v, w, f)), data = sequences(9, 4, 3) }
  end,
  heads = function()              -- 3x9x4: several heads as PyTorch's module has them
    local x = Input{9, 4}
    local read = LSTM{6, return_sequences = true}(x)
    local own = MultiHeadAttention{3, 2, use_causal_mask = true, dropout = 0.1}(read)
    local other = MultiHeadAttention{2, 2}(x, read, own)
    local last = MultiHeadAttention{1, 4, use_bias = false}(other, x)
    return { inputs = x, outputs = Dense{3}(LSTM{4}(last)), data = sequences(9, 4, 3) }
  end,
  convolution = function()        -- 3x12x3
    return { Input{12, 3}, Conv1D{6, 3, padding = "same", activation = "relu"}, BatchNormalization{}, MaxPooling1D{},
             LSTM{5, return_sequences = true}, LayerNormalization{}, GlobalAveragePooling1D{}, Dense{2},
             data = sequences(12, 3, 2) }
  end,
}

local description = models[arg.name]()
description.name, description.loss, description.epochs, description.batch_size = arg.name, "mse", 2, 8
return (description.inputs and Model or Sequential)(description)
