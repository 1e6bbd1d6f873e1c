-- names.lua: of which language is a surname? 18 of them, character by character.
--
-- Data: ../shared/data/names-by-language: 20,050 surnames, a file for each language, very unbalanced: 9,384 are
-- Russian, 73 Vietnamese. A fifth is held out. 2,595 lines repeat a name of their own or of another language (2,000
-- Arabic ones are 108 names): all lines of a name stand on one side, so nothing held out was seen in training, which
-- costs some points of accuracy. Capitals are read as small letters.
-- Expect: a held-out accuracy (val_sparse_categorical_accuracy) above 0.78, where saying "Russian" gives 0.47 and 0.97
-- would be the best one could do, as 3 % of the names belong to several languages; seen after 12 epochs, seeds 1 to 3:
-- 0.789, 0.790, 0.782, in about a second an epoch on two cores.

local length, vocabulary, epochs, batch = 20, 64, 12, 16

return Sequential{ name = "names",
  Input{length}, Embedding{vocabulary, 64}, Dropout{0.3}, LSTM{128}, Dropout{0.3}, Dense{18, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"accuracy"},
  optimizer = Adam{learning_rate = CosineDecay{1e-3, epochs * 16040 // batch}, global_clipnorm = 1.0},
  data = lines{folder = "../../shared/data/names-by-language", except = {"SOURCE.txt"}, lower = true},
  batch_size = batch, epochs = epochs,
}
