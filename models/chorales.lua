-- chorales.lua: what sounds next in a chorale of Bach? Of each of 88 keys the probability that it sounds, step by step.
--
-- Data: ../shared/data/jsb-chorales (Boulanger-Lewandowski, Bengio & Vincent 2012; Bach is in the public domain, and
-- who typed him in names no licence): 382 chorales in steps of a quarter, 229 of them train, 77 are the usual test,
-- and 76 are there to choose by: held_out=valid. They stand in one key, about an octave above the voices.
-- Expect: val_nats, the usual figure: the negative log-likelihood of a step of the test chorales in nats, that is the
-- sum of the binary cross-entropies of its keys, at most 9; recurrent networks of that paper have about 8.7.
-- Seen, seeds 1, 2, 3: 8.793, 8.789, 8.798; 50 epochs take a minute of one core.
-- Music: lstmc sample models/chorales.lua --out chorale.mid --length 64 --prompt "72 76 79 84, 71 74 79, 69 72 79 81"
-- goes on from the beginning of a test chorale; without a prompt from silence. --temperature 0.7 takes fewer risks.

local epochs, batch = 50, 8

metric "nats" {
  call = function(y, p)
    local k = axes "k"
    local n = tensor{}
    n[{}] = -y[{ k }] * log(max(p[{ k }], 1e-7)) - (1 - y[{ k }]) * log(max(1 - p[{ k }], 1e-7))
    return n
  end,
}

return Sequential{ name = "chorales",
  Input{160, 88, lengths = true},
  LSTM{256, return_sequences = true, dropout = 0.3}, Dropout{0.4}, Dense{88, activation = "sigmoid"},
  loss = "binary_crossentropy", metrics = {"nats"},
  optimizer = Adam{learning_rate = CosineDecay{4e-3, epochs * 229 // batch}, global_clipnorm = 1.0},
  data = multi_hot{"../../shared/data/jsb-chorales/jsb-chorales-quarter.json", first = 21,
                   validation = arg.held_out or "test"},
  batch_size = batch, shards = 2, buckets = 4, epochs = epochs,
}
