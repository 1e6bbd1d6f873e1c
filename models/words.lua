-- words.lua: the next word of Shakespeare, by one layer of LSTM; `lstmc sample` writes more of it.
--
--   lstmc train models/words.lua
--   lstmc sample models/words.lua --prompt "ROMEO:
--   " --length 150 --top-p 0.9
--
-- Data: ../shared/data/tinyshakespeare: 292,000 words, punctuation marks and ends of lines, each of which is a word to
-- the model; the last tenth is held out.

local window, vocabulary, batch, epochs = 32, 6000, 32, arg.epochs or 8
local updates = 262400 // (window * batch) * epochs

return Sequential{ name = "words",
  Input{window}, Embedding{vocabulary, 128}, Dropout{0.3},
  LSTM{256, return_sequences = true}, Dropout{0.3},
  Dense{vocabulary, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"accuracy", "perplexity"},
  optimizer = Adam{learning_rate = CosineDecay{4e-3, updates, alpha = 0.02}, global_clipnorm = 5.0},
  data = words{"../../shared/data/tinyshakespeare/input.txt", window = window, vocabulary = vocabulary, split = 0.9,
               stateful = true},
  batch_size = batch, shards = 2, epochs = epochs,
}
