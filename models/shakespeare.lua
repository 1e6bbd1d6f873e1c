-- shakespeare.lua: the next character of Shakespeare, by two layers of LSTM.
--
-- Data: ../shared/data/tinyshakespeare: 1.1 MB of text, 65 distinct characters, in windows of 64; the last tenth is held out.
-- Expect: a held-out loss (nats per character) of 2.2 after one epoch (seen: 2.182), and less with each more; saying every character equally
-- likely costs log 65 = 4.17.

local window, vocabulary = 64, 65

return Sequential{ name = "shakespeare",
  Input{window}, Embedding{vocabulary, 64},
  LSTM{128, return_sequences = true}, LSTM{128, return_sequences = true},
  Dense{vocabulary, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = Adam{learning_rate = 2e-3, global_clipnorm = 5.0}, metrics = {"accuracy"},
  data = characters{"../../shared/data/tinyshakespeare/input.txt", window = window, split = 0.9},
  batch_size = 32, epochs = 3,
}
