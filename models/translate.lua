-- translate.lua: English to French, word by word: one LSTM reads the sentence, another one, fed with what the first has
-- kept, says the translation.
--
-- Data: ../shared/data/translation-eng-fra: 10,000 pairs of short sentences (CC BY 2.0, tatoeba.org and
-- manythings.org), 5,900 English ones, many of them with several translations. A tenth is held out; all pairs of an
-- English sentence stand on one side. The 2,000 most frequent English and 2,500 French words are kept. The encoder
-- reads backwards (Sutskever, Vinyals & Le 2014), so that the first words are the freshest.
-- Expect: a held-out accuracy (val_sparse_categorical_accuracy) of 0.65 after 20 epochs of some ten seconds each on two
-- cores (seen: 0.649). It counts eight places a sentence, of which 0.45 are the padding behind it: saying nothing at
-- all reaches that. Without attention, and from 9,000 pairs, the pattern of a sentence is learned better than its
-- words. Ask it: echo "Tom died." | lstmc predict models/translate.lua --join
-- Ten held-out sentences, chosen by their place in the list, and what it said (�: a word that is not kept):
--   he has no money .      il est pas à .
--   should i start ?       devrais-je partir ?
--   count me in .          � � .
--   she's dieting .        il est � .
--   it was so dark .       c'était fut . .
--   we can't win .         nous ne sommes pas . .
--   is that right ?        est-ce � ?
--   it can't wait .        ça n'était pas pas . .
--   we're paying .         nous sommes en train .
--   we must decide .       il nous faut de . .

local source, target, epochs, batch = 2000, 2500, 20, 32

return Sequential{ name = "translate",
  Input{6}, Embedding{source, 128}, Dropout{0.3}, LSTM{256, go_backwards = true}, Dropout{0.3},
  RepeatVector{8}, LSTM{256, return_sequences = true}, Dropout{0.3}, Dense{target, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", metrics = {"accuracy"},
  optimizer = Adam{learning_rate = CosineDecay{3e-3, epochs * 8997 // batch}, global_clipnorm = 5.0},
  data = lines{"../../shared/data/translation-eng-fra/eng-fra-10k.tsv", text = 1, target_text = 2, level = "word",
               lower = true, vocabulary = source, target_vocabulary = target, padding = "post", split = 0.9},
  batch_size = batch, epochs = epochs,
}
