-- models.lua: models for other machines; name=series, tokens, planes, coder, tagger, waves or pictures.
local function numbers(random)
  local x, s = {}, 0
  for t = 1, 6 do x[t] = { random() - 0.5, random() } s = s + x[t][1] end
  return x, { s }
end
local function ids(random)
  local x = {}
  for t = 1, 7 do x[t] = math.floor(9 * random()) end
  return x, x[7] % 3
end

local models = {
  series = { Input{6, 2}, LSTM{5, return_sequences = true}, GRU{3}, Dense{1}, loss = "mse",
             data = samples{numbers, samples = 32, validation_samples = 8} },
  tokens = { Input{7}, Embedding{9, 5}, LSTM{6}, Dense{3, activation = "softmax"},
             loss = "sparse_categorical_crossentropy",
             data = samples{ids, samples = 32, validation_samples = 8} },
  planes = { Input{6, 2}, Dense{9, activation = "elu"}, SimpleRNN{7, return_sequences = true}, Flatten{},
             Dense{11, activation = "gelu"}, Dense{1},
             loss = "mse", data = samples{numbers, samples = 32, validation_samples = 8} },
  coder  = { Input{7}, Embedding{9, 4}, GRU{17, reset_after = false}, Dense{3, activation = "softmax"},
             loss = "sparse_categorical_crossentropy",
             data = samples{ids, samples = 32, validation_samples = 8} },
  tagger = { Input{7}, Embedding{9, 4, mask_zero = true}, Bidirectional{GRU{5, return_sequences = true}},
             Bidirectional{LSTM{3}, merge_mode = "sum"}, Dense{3, activation = "softmax"},
             loss = "sparse_categorical_crossentropy",
             data = samples{ids, samples = 32, validation_samples = 8} },
  waves  = { Input{6, 2}, Conv1D{5, 3, padding = "causal", activation = "relu"}, MaxPooling1D{2},
             BatchNormalization(), LSTM{4}, Dense{1},
             loss = "mse", data = samples{numbers, samples = 32, validation_samples = 8} },
  pictures = { Input{6, 2}, Reshape{6, 2, 1}, Conv2D{3, {3, 2}, padding = "same", activation = "relu"},
             MaxPooling2D{{2, 1}}, Reshape{3, 6}, GRU{4}, Dense{1},
             loss = "mse", data = samples{numbers, samples = 32, validation_samples = 8} },
}
local model = models[arg.name]
model.name, model.epochs, model.batch_size = arg.name, 2, 8
return Sequential(model)
