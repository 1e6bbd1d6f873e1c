-- vowels.lua: who says it? Two vowels by one of nine men, as frames of 12 cepstrum coefficients: sequences of unlike
-- lengths, whose ends the network knows.
--
-- Data: ../shared/data/uea-ucr-timeseries/JapaneseVowels (Kudo, Toyama & Shimbo 1999): 7 to 29 frames an utterance; 270
-- utterances train, 370 are held out, as the archive has them.
-- Expect: a test accuracy (val_sparse_categorical_accuracy) above 0.97 after 30 epochs, of a fifth of a second each on
-- two cores; seen, seeds 1 to 4: 0.981 to 0.986.

local folder = "../../shared/data/uea-ucr-timeseries/JapaneseVowels/JapaneseVowels_"
local epochs, batch = 30, 16

return Sequential{ name = "vowels",
  Input{29, 12, lengths = true},
  GaussianNoise{0.5}, Bidirectional{GRU{64, return_sequences = true}}, GlobalAveragePooling1D(),
  Dense{9, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"accuracy"},
  optimizer = Adam{learning_rate = CosineDecay{5e-3, epochs * 270 // batch}, global_clipnorm = 1.0},
  data = ts{folder .. "TRAIN.ts", validation = folder .. "TEST.ts", normalization = "standard"},
  batch_size = batch, epochs = epochs,
}
