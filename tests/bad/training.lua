local rate = ExponentialDecay{0.1, decay_steps = 0, decay_rate = 0.5}
local piecewise = PiecewiseConstantDecay{{10, 20}, {0.1, 0.01}}
local backwards = PiecewiseConstantDecay{{20, 10}, {1, 0.1, 0.01}}
local warm = CosineDecay{0.1, 100, warmup_steps = 10}
local restarts = CosineDecayRestarts{0.1, 100, t_mul = 0.5}
local stop = EarlyStopping{monitr = "loss", patience = 1.5}
local early = EarlyStopping{mode = "most", patience = 2.5}
local checkpoint = ModelCheckpoint{"../outside.safetensors"}
local absolute = CSVLogger{"/tmp/log.csv"}
local whole = ModelCheckpoint{"a.safetensors", save_weights_only = false, save_freq = "batch"}
local scheduler = LearningRateScheduler{0.1}
local loud = ReduceLROnPlateau{verbose = 1}
return Sequential{
  Input{10, 3}, LSTM{4}, Dense{1, activation = "sigmoid"},
  loss = "binary_crossentropy", optimizer = Adam{learning_rate = "fast", gradient_accumulation_steps = 0, ema_momentum = 1},
  callbacks = { CSVLogger{"a.csv", separator = ", "}, ModelCheckpoint{"b", save_weights_only = false}, EarlyStopping{patience = 0.5} },
  class_weight = {[0] = 1, [7] = 2},
}

-- expect: 1: ExponentialDecay: "decay_steps" must be a whole number between 1 and 16777216, not 0
-- expect: 2: PiecewiseConstantDecay: 2 boundaries need 3 values, not 2
-- expect: 3: PiecewiseConstantDecay: boundaries must grow
-- expect: 4: CosineDecay: warmup_target and warmup_steps go together
-- expect: 5: CosineDecayRestarts: t_mul must be 1 or more, not 0.5
-- expect: 6: EarlyStopping: "patience" must be a whole number from 0 to 1000000000, not 1.5
-- expect: 6: EarlyStopping: unknown argument "monitr" (did you mean "monitor"?)
-- expect: 7: EarlyStopping: "patience" must be a whole number from 0 to 1000000000, not 2.5
-- expect: 7: EarlyStopping: "mode" must be "auto", "min", "max", not "most"
-- expect: 8: ModelCheckpoint: "filepath" must lie in the working folder: "../outside.safetensors" does not
-- expect: 9: CSVLogger: "filename" must lie in the working folder: "/tmp/log.csv" does not
-- expect: 10: ModelCheckpoint: "save_freq" must be "epoch" or a number of batches, not "batch"
-- expect: 11: LearningRateScheduler: "schedule" must be a function(epoch, learning_rate) that returns a learning rate, not 0.1
-- expect: 13: Sequential: "class_weight" names class 7, but there are 2 classes
-- expect: 15: Adam: "learning_rate" must be a number or a schedule, like ExponentialDecay{...}, not "fast"
-- expect: 15: Adam: "ema_momentum" must be less than 1
-- expect: 15: Adam: "gradient_accumulation_steps" must be a whole number between 1 and 16777216, not 0
-- expect: 16: EarlyStopping: "patience" must be a whole number from 0 to 1000000000, not 0.5
-- expect: 16: CSVLogger: "separator" must be one character, not ", "
-- expect: 16: ModelCheckpoint: writes weight files; all that a training needs to go on is in the checkpoint of lstmc train (--resume)
