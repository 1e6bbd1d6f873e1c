-- keras.lua: what people bring along: names and arguments that Keras has and this version has not, arguments that
-- change nothing here, prefixes of Python modules. Each is answered by one line that says what to write instead.
local internal = ...
local report, note, caller_line, shown = internal.report, internal.note, internal.caller_line, internal.shown
local suggestion, keys = internal.suggestion, internal.keys
local rawget, pairs, type, setmetatable = rawget, pairs, type, setmetatable
local format, gmatch, find, concat = string.format, string.gmatch, string.find, table.concat

-- The words of the texts, each with what else there is to say ("" if nothing).
local function names(words, advice)
  local list = {}
  for word in gmatch(words, "%S+") do list[word] = "" end
  for word, what in pairs(advice or {}) do list[word] = ": " .. what end
  return list
end

local NOT_SUPPORTED = {
  name = names([[
    ConvLSTM1D ConvLSTM3D Conv3D Convolution3D Conv2DTranspose Conv3DTranspose SeparableConv2D DepthwiseConv2D
    LocallyConnected1D LocallyConnected2D MaxPooling3D MaxPool3D AveragePooling3D AvgPool3D GlobalMaxPooling3D
    GlobalMaxPool3D GlobalAveragePooling3D GlobalAvgPool3D AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D BatchNormalization GroupNormalization SpectralNormalization
    SpatialDropout2D SpatialDropout3D Cropping3D UpSampling3D ZeroPadding3D GroupQueryAttention EinsumDense
    Identity TextVectorization StringLookup IntegerLookup Hashing HashedCrossing CategoryEncoding Discretization
    Resizing CenterCrop MelSpectrogram STFTSpectrogram Wrapper Layer TFSMLayer JaxLayer FlaxLayer TorchModuleWrapper
    ReversibleEmbedding Ftrl Lamb Adafactor Muon LossScaleOptimizer Dice Tversky Circle
    CategoricalGeneralizedCrossEntropy FBetaScore MeanMetricWrapper STFT OrthogonalRegularizer LambdaCallback Callback
    RemoteMonitor ProgbarLogger History SwapEMAWeights CallbackList LearningRateSchedule]], {
    CuDNNLSTM = "write LSTM", CuDNNGRU = "write GRU",
    Lambda = 'write a layer of your own: layer "Name" { call = function(a, w, x) ... end }',
    TensorBoard = "lstmc train writes MODEL.log.csv and MODEL.report.html",
    BackupAndRestore = "lstmc train writes a checkpoint by itself, and --resume goes on from it",
    MinMaxScaler = 'write csv{..., normalization = "minmax"}',
    StandardScaler = 'write csv{..., normalization = "standard"}',
    train_test_split = "write split = 0.8 in csv{...} or lines{...}, or validation_split",
    Tokenizer = "lines{...} and words{...} make ids of texts",
    pad_sequences = "lines{...} pads texts; npy{...} reads what is padded",
    to_categorical = "sparse_categorical_crossentropy reads classes as they are",
    load_model = "trained weights are given by --weights FILE", read_csv = "write data = csv{...}",
    Tensor = "sizes are enough: Input{timesteps, features}",
  }),
  activation = names [[ celu glu hard_shrink hard_tanh log_sigmoid sparse_plus sparse_sigmoid sparsemax soft_shrink
    squareplus tanh_shrink threshold ]],
  loss = names [[ cosine_proximity dice tversky circle categorical_generalized_cross_entropy ]],
  optimizer = names [[ ftrl lamb adafactor muon Ftrl ]],
  initializer = names [[ stft ]],
  regularizer = names [[ orthogonal l1_l2 L1L2 ]],
  metric = names [[ fbeta_score kl_divergence poisson hinge squared_hinge categorical_hinge log_cosh logcosh ]],
  argument = names([[
    dtype autocast dynamic bias_regularizer lora_rank lora_alpha quantization_config noise_shape data_format
    seed auto_scale_loss
    initial_epoch validation_freq validation_batch_size loss_scale_factor options stateful
    ]], {
    dropout = "write Dropout{rate}, or dropped(x, a.dropout) into the step of a cell of your own",
    recurrent_dropout = "write dropped(s.h, a.recurrent_dropout) into the step of a cell of your own",
    time_major = "x is [batch][time][features]",
    batch_shape = "write batch_input_shape = {batch, timesteps, features}",
    input_dim = "write Input{features} or Input{timesteps, features} before the layer",
    input_length = "write Input{timesteps, features} before the layer",
    weights = "write trainable = false if they stay as they are, and start from them by lstmc train --init FILE",
    decay = "write learning_rate = InverseTimeDecay{initial_learning_rate = 0.01, decay_steps = 1, decay_rate = 0.001}",
    validation_data = "write validation_split, or name what is held out: " ..
                      "npy{x = , y = , validation_x = , validation_y = }",
    sample_weight = "write it into the data: npy{..., sample_weight = FILE} or csv{..., sample_weight = COLUMN}",
    steps_per_epoch = "an epoch is the whole data; samples{..., samples = N} draws N samples an epoch",
    validation_steps = "all that is held out is used; samples{..., validation_samples = N} draws N",
    x = "write data = npy{x = FILE, y = FILE}", y = "write data = npy{x = FILE, y = FILE}",
    period = "write save_freq",
  }),
}

-- Arguments that change how Keras runs, not what it computes.
local WITHOUT_EFFECT = names [[ verbose unroll workers use_multiprocessing max_queue_size implementation jit_compile
  run_eagerly steps_per_execution use_cudnn is_legacy_optimizer ]]
local WHY_WITHOUT = { seed = ": what is drawn follows from the seed of the model and the place of the layer" }
local said = {}

-- Says once that an argument changes nothing.
function internal.note_without_effect(name, line)
  if not said[name] then note(line, format("%s changes nothing here%s", name, WHY_WITHOUT[name] or "")) end
  said[name] = true
end

-- Accepts an argument of any call that changes nothing. False if it is another one.
function internal.without_effect(name, line)
  if not WITHOUT_EFFECT[name] then return false end
  internal.note_without_effect(name, line)
  return true
end

-- ' is not supported by this version: ...' for what Keras calls by that name; nil if it is no name of Keras.
function internal.not_supported(what, name)
  local advice = NOT_SUPPORTED[what] and type(name) == "string" and NOT_SUPPORTED[what][name]
  return advice and " is not supported by this version" .. advice
end

-- Names of Python -------------------------------------------------------------------------------------------

local ARRAYS = 'data is named, not passed: write fit{data = npy{x = "x.npy", y = "y.npy"}, ...}, ' ..
               'or csv{...}, lines{...}'
internal.arrays = ARRAYS
local MODULES = names [[ keras tf tensorflow layers models optimizers losses metrics callbacks initializers regularizers
  activations constraints schedules ]]
local LIBRARIES = names [[ np numpy pd pandas torch nn sklearn plt sys ]]

-- keras.layers.LSTM: what stands behind the prefix is found, and the prefix is reported.
local function module(prefix)
  return setmetatable({}, {
    __metatable = "module", __newindex = function() end, __call = function() return internal.unknown end,
    __index = function(_, name)
      if type(name) ~= "string" then return nil end
      local found = rawget(internal.user_globals, name)
      if internal.not_supported("name", name) then return internal.user_globals[name] end
      if not found then return module(prefix .. "." .. name) end
      report(caller_line(), format("%s.%s: names stand alone in a description: write %s", prefix, name, name))
      return found
    end })
end

-- What a name of Python means: reported, and something to go on with. nil if it is none.
function internal.python_name(name)
  if MODULES[name] then return module(name) end
  if LIBRARIES[name] then
    report(caller_line(), format("%s: a description is Lua, without Python's libraries; %s", name, ARRAYS))
    return internal.unknown
  end
  if find(name, "^[xXyY]$") or find(name, "^[xXyY]_%a+$") then
    report(caller_line(), ARRAYS)
    return internal.unknown
  end
end

-- Methods of Keras's models that are commands here -------------------------------------------------------------------

local COMMANDS = {
  summary = "lstmc summary", evaluate = "lstmc evaluate", predict = "lstmc predict", save = "lstmc train",
  save_weights = "lstmc train", load_weights = "lstmc train --init FILE", build = "lstmc", to_json = "lstmc",
  fit_generator = "lstmc train", train_on_batch = "lstmc train", predict_on_batch = "lstmc predict",
  predict_generator = "lstmc predict", evaluate_generator = "lstmc evaluate", export = "lstmc",
}

local no_field = internal.no_method
function internal.no_method(object, key)
  if rawget(object, "object") ~= "model" then return no_field(object, key) end
  if COMMANDS[key] then
    local command = COMMANDS[key]
    return format("%s: a description only describes; the command %s MODEL.lua does that", key, command)
  end
  local methods = internal.methods.model
  local hint = type(key) == "string" and suggestion(key, keys(methods)) or ""
  return format("a Sequential model has no %s%s; there are %s", shown(key), hint, concat(keys(methods), ", "))
end
