-- shakespeare.lua: the next character of Shakespeare, by two layers of LSTM; `lstmc sample` writes more of it.
--
--   lstmc train models/shakespeare.lua
--   lstmc sample models/shakespeare.lua --prompt "ROMEO:" --temperature 0.7
--
-- Data: ../shared/data/tinyshakespeare: 1.1 MB of text, 65 distinct characters; the last tenth is held out. The text is
-- cut into 32 streams side by side; each window of 64 characters begins with the states that the one before it has left
-- (stateful), so that the network knows more than 64.
-- Expect: a held-out loss below 1.6 nats per character from the fourth epoch on, seen: 1.600 after three, 1.494 after
-- ten; saying every character equally likely costs log 65 = 4.17.

local window, vocabulary, batch, epochs = 64, 65, 32, arg.epochs or 10
local updates = 1003854 // (window * batch) * epochs

return Sequential{ name = "shakespeare",
  Input{window}, Embedding{vocabulary, 64},
  LSTM{192, return_sequences = true}, Dropout{0.2}, LSTM{192, return_sequences = true}, Dropout{0.2},
  Dense{vocabulary, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"accuracy"},
  optimizer = Adam{learning_rate = CosineDecay{4e-3, updates, alpha = 0.02}, global_clipnorm = 5.0},
  data = characters{"../../shared/data/tinyshakespeare/input.txt", window = window, split = 0.9, stateful = true},
  batch_size = batch, epochs = epochs,
}
