-- models.lua: name=norm, statistics, lengths or states: what ranks can share only where they agree on it in every step,
-- a global norm, statistics of batches, masks and lengths, states that go on.
local lengths = arg.name == "lengths"

local function one(random)
  local x, sum = {}, 0
  for t = 1, 7 do
    x[t] = {}
    for k = 1, 3 do
      x[t][k] = random() - 0.5
      sum = sum + k * x[t][k]
    end
  end
  return x, { sum, sum > 0 and 1 or 0 }, lengths and math.floor(random() * 8) or nil
end

local models = {
  -- So small a norm that every step is clipped; Adam alone would not care by how much.
  norm = { Input{7, 3}, LSTM{21}, Dense{2},
           optimizer = Adam{0.01, global_clipnorm = arg.clip or 0.02, epsilon = arg.epsilon or 1e-7} },
  statistics = { Input{7, 3}, Dense{9}, BatchNormalization{}, GRU{21}, Dense{2},
                 optimizer = SGD{0.05, momentum = 0.9} },
  lengths = { Input{7, 3, lengths = true}, Bidirectional{LSTM{9, return_sequences = true}}, GRU{11, dropout = 0.2},
              Dense{2}, optimizer = RMSprop{0.005} },
  states = { Input{7, 3}, SimpleRNN{21, stateful = true}, Dense{2}, optimizer = AdamW{0.01} },
}
local model = models[arg.name]
model.name, model.loss, model.metrics, model.seed = arg.name, "mse", {"mae", "r2_score"}, 7
model.data = samples{one, samples = 93, validation_samples = 20}
model.batch_size, model.shards, model.epochs = 16, 4, arg.epochs or 3
return Sequential(model)
