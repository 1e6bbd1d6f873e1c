-- training.lua: what a description says about its training beside data, loss and optimizer: learning-rate schedules,
-- callbacks, class weights. Names, order and defaults are those of keras.optimizers.schedules and keras.callbacks;
-- runtime/train/schedule.c and callbacks.c do what they say.
local internal = ...
local report, constructor, types = internal.report, internal.constructor, internal.types
local shown, is_unknown, is_plain = internal.shown, internal.is_unknown, internal.is_plain
local items, read_arguments = internal.items, internal.read_arguments
local type, ipairs, pairs, next, rawget, math_type = type, ipairs, pairs, next, rawget, math.type
local format, find, sub = string.format, string.find, string.sub

local CALLBACKS_MAX, CLASSES_MAX = 8, 100000

-- Learning rates --------------------------------------------------------------------------------------------

local function schedule(class, kind, list, check)
  constructor(class, function(given, line)
    local values = read_arguments(class, list, given, line)
    local wrong = not values.failed and check and check(values)
    if wrong then
      report(line, format("%s: %s", class, wrong))
      values.failed = true
    end
    return { object = "schedule", kind = kind, class = class, arguments = values, failed = values.failed }
  end)
end

local INITIAL, STEPS = { "initial_learning_rate", "not_negative" }, { "decay_steps", "size" }
local DECAY = { INITIAL, STEPS, { "decay_rate", "positive" }, { "staircase", "boolean", false },
                { "name", "text", false } }
schedule("ExponentialDecay", "exponential", DECAY)
schedule("InverseTimeDecay", "inverse_time", DECAY)
schedule("PolynomialDecay", "polynomial", { INITIAL, STEPS, { "end_learning_rate", "not_negative", 0.0001 },
  { "power", "positive", 1 }, { "cycle", "boolean", false }, { "name", "text", false } })
schedule("CosineDecay", "cosine", { INITIAL, STEPS, { "alpha", "rate", 0 }, { "name", "text", false },
  { "warmup_target", "positive", false }, { "warmup_steps", "size", false } }, function(v)
    if v.warmup_target and not v.warmup_steps or v.warmup_steps and not v.warmup_target then
      return "warmup_target and warmup_steps go together"
    end
  end)
schedule("CosineDecayRestarts", "cosine_restarts", { INITIAL, { "first_decay_steps", "size" },
  { "t_mul", "positive", 2 }, { "m_mul", "positive", 1 }, { "alpha", "rate", 0 },
  { "name", "text", false } }, function(v)
    if v.t_mul < 1 then return format("t_mul must be 1 or more, not %s", shown(v.t_mul)) end
  end)

function types.numbers(v)
  if not is_plain(v) or next(v) == nil then return nil, format("must be a list of numbers, not %s", shown(v)) end
  local count, why = items(v)
  if not count then return nil, why end
  for _, number in ipairs(v) do
    if type(number) ~= "number" or number ~= number then
      return nil, format("must be a list of numbers; %s is not one", shown(number))
    end
  end
  return v, nil
end

schedule("PiecewiseConstantDecay", "piecewise", { { "boundaries", "numbers" }, { "values", "numbers" },
  { "name", "text", false } }, function(v)
  if #v.values ~= #v.boundaries + 1 then
    return format("%d boundaries need %d values, not %d", #v.boundaries, #v.boundaries + 1, #v.values)
  end
  for i = 2, #v.boundaries do
    if v.boundaries[i] <= v.boundaries[i - 1] then return "boundaries must grow" end
  end
end)

-- A number or a schedule.
function types.learning_rate(v)
  if type(v) == "table" and rawget(v, "object") == "schedule" then return v, nil end
  if type(v) ~= "number" then
    return nil, format("must be a number or a schedule, like ExponentialDecay{...}, not %s", shown(v))
  end
  return types.positive(v)
end

-- Callbacks -------------------------------------------------------------------------------------------------

-- Descriptions may come from others: what they write stays in the working folder, and out of what is hidden there.
-- (Links are looked through, and existing files into, by training_files.c.)
function types.output_file(v)
  if type(v) ~= "string" or v == "" then return nil, format("must be the name of a file, not %s", shown(v)) end
  if sub(v, 1, 1) == "/" or find("/" .. v .. "/", "/../", 1, true) then
    return nil, format('must lie in the working folder: "%s" does not', v)
  end
  local plain = "/" .. v
  for at = 1, #plain - 2 do
    if sub(plain, at, at + 1) == "/." and sub(plain, at + 2, at + 2) ~= "/" then
      return nil, format('must not be hidden: "%s" has a name with a dot in front', v)
    end
  end
  return v, v
end

types.mode = internal.choice{ "auto", "min", "max" }

function types.save_freq(v)
  if v == "epoch" then return 0, v end
  local batches = types.size(v)
  if not batches then return nil, format('must be "epoch" or a number of batches, not %s', shown(v)) end
  return batches, batches
end

function types.rate_function(v)
  if type(v) ~= "function" then
    return nil, format("must be a function(epoch, learning_rate) that returns a learning rate, not %s", shown(v))
  end
  return v, nil
end

local function callback(class, list)
  constructor(class, function(given, line)
    local values = read_arguments(class, list, given, line)
    return { object = "callback", class = class, arguments = values, line = line, failed = values.failed }
  end)
end

callback("EarlyStopping", { { "monitor", "text", "val_loss" }, { "min_delta", "number", 0 }, { "patience", "count", 0 },
  { "verbose", "without_effect", 0 }, { "mode", "mode", "auto" }, { "baseline", "number", false },
  { "restore_best_weights", "boolean", false }, { "start_from_epoch", "count", 0 } })
callback("ReduceLROnPlateau", { { "monitor", "text", "val_loss" }, { "factor", "decay", 0.1 },
  { "patience", "count", 10 }, { "verbose", "without_effect", 0 }, { "mode", "mode", "auto" },
  { "min_delta", "number", 1e-4 }, { "cooldown", "count", 0 }, { "min_lr", "not_negative", 0 } })
callback("ModelCheckpoint", { { "filepath", "output_file" }, { "monitor", "text", "val_loss" },
  { "verbose", "without_effect", 0 }, { "save_best_only", "boolean", false }, { "save_weights_only", "boolean", true },
  { "mode", "mode", "auto" }, { "save_freq", "save_freq", "epoch" }, { "initial_value_threshold", "number", false } })
callback("CSVLogger", { { "filename", "output_file" }, { "separator", "text", "," }, { "append", "later", false } })
callback("LearningRateScheduler", { { "schedule", "rate_function" }, { "verbose", "without_effect", 0 } })
callback("TerminateOnNaN", {})          -- always on

function types.callbacks(v)
  if type(v) == "table" and rawget(v, "object") == "callback" then v = { v } end
  if not is_plain(v) then
    return nil, format("must be a list of callbacks, like {EarlyStopping{patience = 2}}, not %s", shown(v))
  end
  local count, why = items(v)
  if not count then return nil, why end
  local list = {}
  for _, item in ipairs(v) do
    if is_unknown(item) then return {}, nil end
    if type(item) == "function" then
      return nil, "must be a list of callbacks; a function is not one (call it, like EarlyStopping())"
    end
    if type(item) ~= "table" or rawget(item, "object") ~= "callback" then
      return nil, format("must be a list of callbacks; %s is not one", shown(item))
    end
    if not item.failed and item.class ~= "TerminateOnNaN" then list[#list + 1] = item end
  end
  if #list > CALLBACKS_MAX then return nil, format("must be at most %d callbacks", CALLBACKS_MAX) end
  return list, nil
end

-- class_weight = {[0] = 1, [1] = 5}: classes that are not named count 1.
function types.class_weight(v)
  if not is_plain(v) then return nil, format("must be a table like {[0] = 1, [1] = 5}, not %s", shown(v)) end
  local last = -1
  for class, weight in pairs(v) do
    if math_type(class) ~= "integer" or class < 0 or class >= CLASSES_MAX then
      return nil, format("must name classes from 0; %s is none", shown(class))
    end
    if type(weight) ~= "number" or not (weight >= 0 and weight < 1e30) then
      return nil, format("of class %d must be zero or more, not %s", class, shown(weight))
    end
    if class > last then last = class end
  end
  local list = {}
  for class = 0, last do list[class + 1] = v[class] or 1 end
  return list, nil
end

types.sample_weight_mode = internal.choice{ "temporal" }

-- The axes of an output at each of whose places it has a loss; and how many places these are.
local function places_of(of)
  local axes, places = of.loss and of.loss.definition.over ~= "sample" and #of.output_shape - 1 or 0, 1
  for d = 1, axes do places = places * of.output_shape[d] end
  return axes, places
end

-- The class of an output that does not count, or nil.
local function ignored_of(model, k)
  local of = model.ends[k]
  local ignored = of.loss and of.loss.arguments.ignore_class or nil
  if ignored and model.outputs[k].masked then
    local name = of.name_of_output and " " .. of.name_of_output or ""
    report(of.loss.line, format("ignore_class: the output%s has a mask already, which says what counts: " ..
                                "end the mask in front of it", name))
  end
  return ignored
end

-- How many weights a sample has, and whose class does not count. What is ignored has the weight 0, so that there is one
-- for each place; Keras divides by those that count, and with a mask by those that count in both. Of several outputs
-- those of each are one behind the other.
function internal.settle_weights(model)
  local several, ignores, all = #model.ends > 1, false, 0
  for k, of in ipairs(model.ends) do
    of.ignored_class = ignored_of(model, k)
    ignores = ignores or of.ignored_class ~= nil
  end
  if model.sample_weight_mode and (several or places_of(model) < 1) then
    report(model.option_lines.sample_weight_mode,
           'Sequential: sample_weight_mode = "temporal" is for one output that has a loss at each step')
    return
  end
  if not ignores and not model.sample_weight_mode then return end
  for _, of in ipairs(model.ends) do
    local axes, places = places_of(of)
    of.sample_weights = axes > 0 and places or nil
    if several then of.first_weight, of.places, all = all, places, all + places end
  end
  for _, of in ipairs(several and model.ends or {}) do of.all_weights = all end
  if several then model.sample_weights = all end
end

-- What the names of metrics and of classes decide -----------------------------------------------------------

-- resolve(name): "accuracy" -> "binary_accuracy".
function internal.settle_training(model, resolve)
  for _, item in ipairs(model.callbacks or {}) do
    local a = item.arguments
    if a.monitor then
      local validation = sub(a.monitor, 1, 4) == "val_"
      a.monitor = (validation and "val_" or "") .. resolve(validation and sub(a.monitor, 5) or a.monitor)
      a.maximize = a.mode == "max" or a.mode == "auto" and internal.grows_better(a.monitor)
    end
    if item.class == "ModelCheckpoint" and not a.save_weights_only then
      report(item.line, "ModelCheckpoint: writes weight files; all that a training needs to go on is in the " ..
                        "checkpoint of lstmc train (--resume)")
    end
    if item.class == "CSVLogger" and #a.separator ~= 1 then
      report(item.line, format('CSVLogger: "separator" must be one character, not %s', shown(a.separator)))
    end
  end
  local classes = model.class_weight and #model.class_weight or 0
  local known = model.output_shape[#model.output_shape]
  if known == 1 then known = 2 end
  if classes > known then
    report(model.option_lines.class_weight,
           format('Sequential: "class_weight" names class %d, but there are %d classes', classes - 1, known))
  end
end
