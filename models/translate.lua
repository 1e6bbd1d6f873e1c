-- translate.lua: English to French: an LSTM reads the sentence in both directions, another one says the translation
-- word by word, and looks at each word on what the first has made of the sentence (Bahdanau, Cho & Bengio 2015; Luong,
-- Pham & Manning 2015).
--
-- Data: ../shared/data/translation-eng-fra: 10,000 pairs of short sentences (CC BY 2.0, tatoeba.org and
-- manythings.org), 5,900 English ones, many of them with several translations. A tenth is held out; all pairs of an
-- English sentence stand on one side. The 2,000 most frequent English and 2,500 French words are kept. In training the
-- decoder is told the word that should have been said before (teacher forcing); when it is used it reads its own.
-- Expect: of the held-out words, each after the right words before it, >= 0.55 right; what the metric
-- (val_sparse_categorical_accuracy) says counts the end of each sentence too: seen 0.670, 0.665, 0.663, seeds 1, 2, 3;
-- of the words alone 0.596, 0.589, 0.588. Ten epochs of some 16 seconds on two cores.
-- Ask it: echo "Tom died." | lstmc predict models/translate.lua --beam=5
-- What it says of the 565 held-out sentences (lstmc evaluate): corpus BLEU, of words in small letters against all
-- translations of a sentence, 0.210, 0.211, 0.202 greedily, and 0.251, 0.244, 0.243 with --beam=5
-- --length-penalty=0.6. Ten of them so, seed 1 (�: a word that is not kept):
--   are you serious ?      êtes-vous sûr ?
--   i'm baffled .          je suis stupide .
--   i want to do it .      je veux le faire .
--   i'm not tired .        je ne suis pas fatigué .
--   he � up .              il est en train de pleurer .
--   tom's free .           tom est libres .
--   he looks well .        il a l'air bien .
--   they � .               ils ont souri .
--   show it to us .        aidez-nous !
--   i work here .          je travaille ici .

local words, mots, epochs, batch = 2000, 2500, 10, 32
local english, french = Input{8, name = "english"}, Input{10, name = "french"}

local read = Dropout{0.3}(Embedding{words, 128, mask_zero = true}(english))
local encoded, h, c, h_back, c_back = Bidirectional{LSTM{128, return_sequences = true, return_state = true}}(read)

local heard = Dropout{0.3}(Embedding{mots, 128, mask_zero = true}(french))
local begin = { Concatenate{}(h, h_back), Concatenate{}(c, c_back) }
local said = LSTM{256, return_sequences = true}{heard, initial_state = begin}
local seen = Attention{}(said, encoded)
local meant = Dropout{0.3}(Dense{256, activation = "tanh"}(Concatenate{}(said, seen)))

return Model{ name = "translate",
  inputs = {english, french}, outputs = Dense{mots, activation = "softmax"}(meant), decoder = french,
  loss = "sparse_categorical_crossentropy", metrics = {"accuracy"},
  optimizer = Adam{learning_rate = CosineDecay{2e-3, epochs * 8997 // batch}, global_clipnorm = 5.0},
  data = lines{"../../shared/data/translation-eng-fra/eng-fra-10k.tsv", text = 1, target_text = 2, level = "word",
               lower = true, vocabulary = words, target_vocabulary = mots, padding = "post", split = 0.9},
  batch_size = batch, epochs = epochs,
}
