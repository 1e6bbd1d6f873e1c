-- words.lua: the next word of Shakespeare, by one layer of LSTM; `lstmc sample` writes more of it.
--
--   lstmc train models/words.lua
--   lstmc sample models/words.lua --prompt "ROMEO:" --length 110 --top-p 0.8 --seed 2
--
-- Data: ../shared/data/tinyshakespeare: 292,000 words, punctuation marks and ends of lines, each of which is a word
-- here; the last tenth is held out. Of the 13,900 different words that train the 6,000 most frequent are kept: 3 % of
-- what trains and 7 % of what is held out is unknown, which is predicted like a word, and never written. The text is
-- cut into 32 streams side by side, whose states go on from window to window (stateful).
-- Expect: a held-out perplexity of 61 and an accuracy of 0.29 after eight epochs, nine to ten minutes of processor
-- time, which two cores share. Seen, seeds 1, 2, 3: perplexity 61.2, 61.0, 60.9, accuracy 0.293, 0.292, 0.294.
-- Saying each word as often as it stands in the text has a perplexity of 226, saying always the end of a line is right
-- in 0.14. What it wrote, with seed 1, by the command above:
--
--   ROMEO:
--   Tell me of Angelo.
--
--   PAULINA:
--   If she is some not thy sense that a hand.
--
--   KING RICHARD III:
--   Marry, then she comes a cruel
--   That ever made you again: I shall fear me,
--   As I warrant your highness; that if you have?
--
--   DUCHESS OF YORK:
--   Why, sir, for him to help me.
--
--   ISABELLA:
--   Why, madam, he is
--   And frown upon her,
--   Is not he and love with my eyes, --
--   I will myself

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
