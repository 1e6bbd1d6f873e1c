-- dictation.lua: which digits does somebody say, one after the other? A convolution and a GRU in both directions say
-- at each step which digit, or none; where each one stands in the recording nobody has told them (CTC: Graves et al.
-- 2006).
--
-- Data: ../shared/data/fsdd: 900 recordings at 8 kHz of ten digits by six speakers (see digits.lua). Strings are three
-- to seven of them, drawn by the seed of the data, with up to a tenth of a second of silence between two; 2,000 strings
-- of the 600 recordings that train, 300 of the 300 official test recordings (indices 0 to 4), which no string that
-- trains has a part of. Frames of 32 ms every 16 ms in 40 mel bands; the convolution halves the steps: 128 for 7
-- labels at most.
-- Expect: a digit error (val_label_error_rate: digits put in, left out and exchanged, over all digits) below 0.1 on the
-- held-out strings, after 12 epochs of three seconds each on two cores; seen, seeds 1 to 3: 0.016, 0.020, 0.029.
-- The first held-out strings, and what was read (seed 1): three errors in 51 digits.
--   7 6 5 6 6 8      7 6 5 3 6 8
--   2 0 1            2 0 1
--   7 7 4            7 7 4
--   3 8 7 0 0        3 8 7 0 0
--   1 4 4 2 2 7 0    1 4 4 2 7 0
--   7 2 2 6          7 2 2 6
--   1 5 0 2          1 5 0 2
--   5 9 5 5 7 3 5    5 9 5 5 7 3 5
--   2 6 6            2 6 6
--   6 8 2            6 8 2
--   7 2 6 0 5 8      7 2 6 0 5 8 6

local frames, bands, epochs, batch, strings = 256, 40, 12, 32, 2000

return Sequential{ name = "dictation",
  Input{frames, bands},
  Conv1D{64, 5, strides = 2, padding = "same", activation = "relu"}, Dropout{0.2},
  Bidirectional{GRU{64, return_sequences = true}}, Dropout{0.4},
  Dense{11, activation = "softmax"},
  loss = CTC{labels = 7}, metrics = {"label_error_rate"},
  optimizer = Adam{learning_rate = CosineDecay{3e-3, epochs * strings // batch}, global_clipnorm = 1.0},
  data = wav{folder = "../../shared/data/fsdd/recordings", label = 1, test = {field = 3, at_most = 4},
             sample_rate = 8000, frame = 256, step = 128, low = 60,
             join = {3, 7}, samples = strings, validation_samples = 300},
  batch_size = batch, epochs = epochs,
}
