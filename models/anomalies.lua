-- anomalies.lua: is something wrong with this engine? An autoencoder that was trained on healthy engines alone: what it
-- cannot reproduce is no healthy one (Malhotra et al. 2016).
--
-- An LSTM reads 30 cycles of 14 sensors into eight numbers, RepeatVector hands these to each step of a second LSTM, and
-- a Dense layer says what the sensors were. The model's output is how far that is from what they are, the mean squared
-- error of a window: `lstmc predict` prints it, and the generated C computes it on the device. The loss is that error
-- where the window is a healthy one; failing ones teach nothing, their labels serve the metrics alone.
--
-- Data: ../shared/data/turbofan (see turbofan.lua). Healthy: more than 125 cycles before the failure; failing: 50 or
-- less; windows between the two are left out. The test engines are held out.
-- Expect: val_auc, the area under the ROC curve of the error, failing against healthy windows of the test engines, of
-- 0.945 or more after 10 epochs of half a second each on two cores. Seen, seeds 1 to 4: 0.959, 0.959, 0.959, 0.962; how
-- far a window is from the mean of the healthy ones, without any network, has 0.926. With an alarm above an error of
-- 0.3 (healthy windows have 0.23 on average) 0.68, 0.68, 0.71, 0.70 of the failing windows are found (val_recall), and
-- 0.997, 0.997, 0.997, 0.992 of the alarms are right (val_precision).

local window, alarm = 30, 0.3

local columns = {}
for _, sensor in ipairs{ 2, 3, 4, 7, 8, 9, 11, 12, 13, 14, 15, 17, 20, 21 } do     -- the others do not change
  columns[#columns + 1] = tostring(sensor + 5)
end

local ReconstructionError = layer "ReconstructionError" {
  over  = "sample",
  input = "several",
  shape = function() return { 1 } end,
  call  = function(a, w, x)
    local t, k, n = axes "t k n"
    local given, reproduced = x[1], x[2]
    local away = tensor{ given.timesteps, given.features }
    away[{ t, k }] = given[{ t, k }] - reproduced[{ t, k }]
    local error = tensor{ 1 }
    error[{ n }] = away[{ t, k }] * away[{ t, k }] / (given.timesteps * given.features)
    return error
  end,
}

-- failing: 1, healthy: 0
loss "of_the_healthy" {
  call = function(a, failing, error)
    local n = axes "n"
    local l = tensor{}
    l[{}] = (1 - failing[{ n }]) * error[{ n }]
    return l
  end,
}

local sensors = Input{window, #columns, name = "sensors"}
local code = LSTM{8, name = "encoder"}(sensors)
local decoded = LSTM{32, return_sequences = true, name = "decoder"}(RepeatVector{window}(code))
local reproduced = TimeDistributed{Dense{#columns}, name = "reconstruction"}(decoded)

return Model{ name = "anomalies",
  inputs = sensors, outputs = ReconstructionError{name = "error"}{sensors, reproduced},
  loss = "of_the_healthy", optimizer = Adam{learning_rate = 2e-3, global_clipnorm = 1.0},
  -- of an error, which is no probability, the sigmoid, in the same order
  metrics = { AUC{num_thresholds = 1000, from_logits = true},
              Recall{thresholds = alarm}, Precision{thresholds = alarm} },
  data = csv{"../../shared/data/turbofan/PM_train.txt.gz", columns = columns, targets = {"remaining"},
             at_most = 50, above = 125, group = "1", window = window, horizon = 0, normalization = "standard",
             validation = "../../shared/data/turbofan/PM_test.txt.gz",
             validation_remaining = "../../shared/data/turbofan/PM_truth.txt"},
  batch_size = 64, epochs = 10,
}
