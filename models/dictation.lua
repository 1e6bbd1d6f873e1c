-- dictation.lua
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
