-- capitals.lua: where do capitals stand? A text in small letters, tagged character by character with what stands there,
-- by a network that reads each line from both of its ends.
--
-- Data: ../shared/data/tinyshakespeare: 32,777 lines that are not empty, of 62 characters at most; lines with the same
-- text stay on one side, 0.9 of them train.
-- Expect: after 3 epochs, of 20 s each on two cores, 0.97 of the held-out characters right (0.991 of those that train),
-- and two of three lines in every character. What is wrong are mostly speakers, whose names stand in capitals: a name
-- is on one side only, so that those that are held out were never seen (BRUTUS: as Brutus:).

local epochs, batch = 3, 64

return Sequential{ name = "capitals",
  Input{62, lengths = true}, Embedding{50, 16}, Bidirectional{LSTM{64, return_sequences = true}},
  Dense{80, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"accuracy", "sequence_accuracy"},
  optimizer = Adam{learning_rate = CosineDecay{3e-3, epochs * 29000 // batch}, global_clipnorm = 1.0},
  data = lines{"../../shared/data/tinyshakespeare/input.txt", text = 1, target_text = 1, lower = true, split = 0.9},
  batch_size = batch, epochs = epochs,
}
