-- description.lua: Sequential in both forms, and the building of the model: names, shapes, weights, loss.
local internal = ...
local vocabulary = internal.vocabulary
local report, caller_line, suggestion, keys = internal.report, internal.caller_line, internal.suggestion, internal.keys
local rawget, rawset, ipairs, pairs, type, tostring, setmetatable = rawget, rawset, ipairs, pairs, type, tostring, setmetatable
local format, byte, sub, char, concat, sort = string.format, string.byte, string.sub, string.char, table.concat, table.sort
local math_type = math.type

local ELEMENTS_MAX = 536870911         -- floats in 2 GB

function internal.new_layer(def, values, plain, line)
  return { object = "layer", definition = def, arguments = values, plain = plain, line = line, failed = values.failed }
end

-- Sequential ------------------------------------------------------------------------------------------------------------------------

local OPTIONS = {
  { "name", "text", false }, { "metrics", "metrics", false }, { "batch_size", "size", 32 }, { "shards", "size", false },
  { "epochs", "size", 1 }, { "seed", "not_negative", 1 }, { "shuffle", "boolean", true }, { "validation_split", "decay", 0 },
  { "learning_rate", "positive", false },
}
local OPTION_NAMES = { loss = true, optimizer = true, data = true }
for _, entry in ipairs(OPTIONS) do OPTION_NAMES[entry[1]] = true end

local Model = {}
Model.__index = Model
Model.__metatable = "model"

local function set_options(model, given, owner, line, allowed)
  for key, v in pairs(given) do
    if type(key) == "string" then
      if not OPTION_NAMES[key] or allowed and not allowed[key] then
        report(line, format('%s: unknown argument "%s"%s', owner, key, suggestion(key, keys(allowed or OPTION_NAMES))))
      elseif model.options[key] ~= nil and model.options[key] ~= v then
        report(line, format('%s: "%s" is set twice', owner, key))
      else
        model.options[key], model.option_lines[key] = v, line
      end
    end
  end
end

local function add_layer(model, layer, line, position)
  if type(layer) == "table" and layer.object == "unknown" then
    model.broken = true
  elseif type(layer) == "table" and layer.object == "layer" then
    if layer.owner then
      report(line, format("%s: the same layer object is added twice; make a second one", layer.definition.name))
    end
    layer.owner = model
    model.stack[#model.stack + 1] = layer
  else
    report(line, format("Sequential: item %d is %s, not a layer", position, internal.shown(layer)))
    model.broken = true
  end
end

function Model:add(layer)
  if self.options == nil then report(caller_line(), "add: write model:add(...), with a colon") return end
  add_layer(self, layer, caller_line(), #self.stack + 1)
end

function Model:compile(given)
  if type(given) ~= "table" then report(caller_line(), "compile: takes a table: model:compile{loss = \"mse\"}") return end
  set_options(self, given, "compile", caller_line())
end

local FIT = { data = true, epochs = true, batch_size = true, validation_split = true, shuffle = true, seed = true, shards = true }
function Model:fit(given)
  if type(given) ~= "table" then report(caller_line(), "fit: takes a table: model:fit{epochs = 3}") return end
  set_options(self, given, "fit", caller_line(), FIT)
end

function internal.constructors.Sequential(given)
  local line = caller_line()
  local model = setmetatable({ object = "model", stack = {}, options = {}, option_lines = {}, line = line }, Model)
  if given == nil then return model end
  if type(given) ~= "table" then
    report(line, "Sequential: takes a table of layers and options")
    return model
  end
  for position, layer in ipairs(given) do add_layer(model, layer, line, position) end
  set_options(model, given, "Sequential", line)
  return model
end

-- Names and shapes ----------------------------------------------------------------------------------------------------------------

local function snake(name)                 -- SimpleRNN -> simple_rnn, LSTM -> lstm
  local out = {}
  for i = 1, #name do
    local c = byte(name, i)
    local upper = c >= 65 and c <= 90
    local before, after = byte(name, i - 1), byte(name, i + 1)
    local before_lower = before and (before >= 97 or before >= 48 and before <= 57)
    local starts_word = upper and i > 1 and (before_lower or after and after >= 97 and before and before >= 65 and before <= 90)
    if starts_word then out[#out + 1] = "_" end
    out[#out + 1] = upper and char(c + 32) or char(c)
  end
  return concat(out)
end

local function is_identifier(name)
  if #name == 0 or #name > 60 then return false end
  for i = 1, #name do
    local c = byte(name, i)
    local letter = c >= 65 and c <= 90 or c >= 97 and c <= 122
    if not (letter or i > 1 and (c == 95 or c >= 48 and c <= 57)) then return false end
  end
  return true
end

local function give_names(model)
  local used, counts = {}, {}
  for _, layer in ipairs(model.layers) do
    local wanted = layer.arguments.name
    if wanted then
      if not is_identifier(wanted) then
        report(layer.line, format('%s: name "%s" must be letters, digits and _, and start with a letter', layer.definition.name, wanted))
      elseif used[wanted] then
        report(layer.line, format('%s: the name "%s" is taken already', layer.definition.name, wanted))
      end
      layer.name = wanted
    else
      local base = snake(layer.definition.name)
      repeat
        local n = counts[base] or 0
        counts[base] = n + 1
        layer.name = n == 0 and base or base .. "_" .. n
      until not used[layer.name]
    end
    used[layer.name] = true
  end
end

local function shape_text(shape) return "{" .. concat(shape, ", ") .. "}" end

local function elements(shape)
  local n = 1.0
  for _, extent in ipairs(shape) do n = n * extent end
  return n
end

local EXPECTED = {
  sequence = function(shape, tokens) return #shape == 2 and not tokens end,
  vector   = function(shape, tokens) return #shape == 1 and not tokens end,
  tokens   = function(shape, tokens) return #shape == 1 and tokens end,
  any      = function(shape, tokens) return not tokens end,
}
local EXPECTED_WORDS = { sequence = "a sequence {timesteps, features}", vector = "a vector {features}",
                         tokens = "token ids {timesteps}", any = "numbers" }

-- x as the shape and weights functions see it.
local function seen_by(def, shape)
  local own = shape
  if not (def.over == "sample") then
    own = def.step and { shape[2] } or { shape[#shape] }
  end
  return { shape = own, features = own[#own], timesteps = shape[2] and shape[1] or shape[1] }
end

local function output_shape(layer, shape)
  local def, a = layer.definition, layer.arguments
  if def.step then return a.return_sequences and { shape[1], a.units } or { a.units } end
  local x = seen_by(def, shape)
  local own = def.shape and def.shape(a, x) or x.shape
  if def.over == "sample" then return own end
  local whole = {}
  for d = 1, #shape - 1 do whole[d] = shape[d] end
  whole[#whole + 1] = own[1]
  return whole
end
internal.output_shape = output_shape

local function check_input(layer, before, shape, tokens)
  local def = layer.definition
  local wants = def.step and "sequence" or def.input or "any"
  if EXPECTED[wants](shape, tokens) then return true end
  local hint = ""
  if wants == "sequence" and before.definition.step and #shape == 1 then
    hint = format(" (did you mean return_sequences = true for %s?)", before.name)
  elseif tokens then
    hint = " (an Embedding makes numbers of ids)"
  elseif wants == "sequence" and #shape == 1 then
    hint = " (RepeatVector, or Input{timesteps, features}, makes a sequence)"
  elseif wants == "vector" and #shape == 2 then
    hint = " (Flatten, or return_sequences = false, makes a vector)"
  end
  report(layer.line, format("%s: needs %s, but %s gives %s%s", def.name, EXPECTED_WORDS[wants], before.name, shape_text(shape), hint))
  return false
end

local function infer_shapes(model, first_shape)
  local shape, before = first_shape, model.layers[1]
  for position, layer in ipairs(model.layers) do
    layer.index = position - 1
    if position == 1 then
      layer.input, layer.output = shape, shape
    else
      if layer.failed or not check_input(layer, before, shape, position == 2 and model.input_is_tokens) then return false end
      layer.input = shape
      shape = output_shape(layer, shape)
      layer.output = shape
      if elements(shape) > ELEMENTS_MAX then
        report(layer.line, format("%s: its output %s is larger than 2 GB", layer.definition.name, shape_text(shape)))
        return false
      end
    end
    before = layer
  end
  return true
end

local function make_weights(model)
  local trainable, frozen, total = {}, {}, 0.0
  for _, layer in ipairs(model.layers) do
    local def, a = layer.definition, layer.arguments
    layer.weights = {}
    local made = def.weights and def.weights(a, seen_by(def, layer.input)) or {}
    for name, weight in pairs(made) do
      if weight then
        if type(weight) ~= "table" or weight.object ~= "weight" then
          report(layer.line, format("%s: weights must return weight(...) objects; %s is not one", def.name, tostring(name)))
          return
        end
        weight.short_name, weight.name, weight.layer_name = name, layer.name .. "/" .. name, layer.name
        weight.trainable = a.trainable ~= false
        layer.weights[#layer.weights + 1] = weight
        total = total + elements(weight.shape)
        if total > ELEMENTS_MAX then
          report(layer.line, format("%s: weight %s %s makes the model larger than 2 GB", def.name, name, shape_text(weight.shape)))
          return
        end
      end
    end
    sort(layer.weights, function(x, y) return x.order < y.order end)
    for _, weight in ipairs(layer.weights) do
      local list = weight.trainable and trainable or frozen
      list[#list + 1] = weight
    end
  end
  model.weights = trainable
  for _, weight in ipairs(frozen) do model.weights[#model.weights + 1] = weight end
end

-- Loss, optimizer, metrics ------------------------------------------------------------------------------------------------------

local function find_object(model, option, registry, what, line)
  local v = model.options[option]
  if type(v) == "table" and rawget(v, "object") == what then return v end
  if type(v) ~= "string" then
    report(line, format('Sequential: "%s" must be the name of %s, not %s', option, what == "loss" and "a loss" or "an " .. what, internal.shown(v)))
    return nil
  end
  local def = internal[registry][v]
  if not def then
    report(line, format('Sequential: unknown %s "%s"%s', what, v, suggestion(v, keys(internal[registry]))))
    return nil
  end
  local values, plain = internal.read_arguments(def.class, def.arguments or {}, {}, line)
  return { object = what, definition = def, arguments = values, plain = plain, line = line }
end

local function resolve_metric(model, name)
  local last = model.output_shape[#model.output_shape]
  if name == "accuracy" or name == "acc" then
    if last == 1 then return "binary_accuracy" end
    return model.target_is_class and "sparse_categorical_accuracy" or "categorical_accuracy"
  end
  if name == "mean_squared_error" then return "mse" end
  if name == "mean_absolute_error" then return "mae" end
  return name
end

local function check_metric(model, name, line)
  local resolved = resolve_metric(model, name)
  if resolved == "sparse_categorical_accuracy" and not model.target_is_class then
    report(line, format('Sequential: metric "%s" needs integer classes, as sparse_categorical_crossentropy has (did you mean "categorical_accuracy"?)', name))
  elseif resolved ~= "sparse_categorical_accuracy" and model.target_is_class then
    report(line, format('Sequential: metric "%s" does not go with integer classes (did you mean "sparse_categorical_accuracy"?)', name))
  end
  return resolved
end

local function settle_loss(model)
  local options, lines = model.options, model.option_lines
  model.output_shape = model.layers[#model.layers].output
  model.target_shape, model.target_is_class = model.output_shape, false
  if options.loss ~= nil then model.loss = find_object(model, "loss", "losses", "loss", lines.loss) end
  if model.loss then
    local def, last = model.loss.definition, model.output_shape[#model.output_shape]
    if def.classes and last < 2 then
      report(lines.loss, format('Sequential: %s needs at least two classes, but %s gives one number (did you mean "binary_crossentropy"?)',
             def.name, model.layers[#model.layers].name))
    end
    if def.target == "class" then
      model.target_is_class = true
      model.target_shape = { table.unpack(model.output_shape, 1, #model.output_shape - 1) }
    end
  end
  if options.optimizer == nil then options.optimizer, lines.optimizer = "adam", model.line end
  model.optimizer = find_object(model, "optimizer", "optimizers", "optimizer", lines.optimizer)
  if model.optimizer then
    local a, clips = model.optimizer.arguments, 0
    for _, clip in ipairs{ "clipnorm", "clipvalue", "global_clipnorm" } do
      if a[clip] then clips = clips + 1 end
    end
    if clips > 1 then report(model.optimizer.line, format("%s: only one of clipnorm, clipvalue, global_clipnorm can be set", model.optimizer.definition.class)) end
  end
end

local function settle_options(model, default_name)
  for _, entry in ipairs(OPTIONS) do
    local name, kind, default = entry[1], entry[2], entry[3]
    local v = model.options[name]
    if v == nil then v = default end
    if v == false and default == false then
      model[name] = nil
    else
      local checked, why, whole = internal.types[kind](v)
      if checked == nil then
        report(model.option_lines[name], whole and format("Sequential: %s", why) or format('Sequential: "%s" %s', name, why))
      end
      model[name] = checked
    end
  end
  if model.seed and model.seed ~= model.seed // 1 then report(model.option_lines.seed, 'Sequential: "seed" must be a whole number') end
  if model.name and not is_identifier(model.name) then
    report(model.option_lines.name, format('Sequential: name "%s" must be letters, digits and _, and start with a letter', model.name))
  end
  model.name = model.name or default_name
  local data = model.options.data
  if data ~= nil and (type(data) ~= "table" or data.object ~= "data") then
    report(model.option_lines.data, format('Sequential: "data" must be npy{...}, csv{...}, characters{...} or samples(...), not %s', internal.shown(data)))
    data = nil
  end
  model.data = data
end

local function first_shape(model)
  local first = model.stack[1]
  local def, a = first.definition, first.arguments
  if def.is_input then
    model.layers = model.stack
    return a.shape
  end
  local shape = a.input_shape or a.input_length and { a.input_length }
  if not shape then
    report(first.line, format("%s: the first layer needs the shape of the input (write Input{%s} before it)", def.name,
           def.input == "tokens" and "timesteps" or (def.step or def.input == "sequence") and "timesteps, features" or "features"))
    return nil
  end
  local input = internal.new_layer(internal.layers.Input, { trainable = true, shape = shape }, {}, first.line)
  model.layers = { input, table.unpack(model.stack) }
  return shape
end

-- How the shape, and the time of it, is called again for other lengths of time: streaming (1 step) and shortened checks.
function internal.reshape(model, timesteps)
  if not model.timesteps then return nil end
  local shape = { table.unpack(model.layers[1].output) }
  shape[1] = timesteps
  return shape
end

-- build(result of the description, default name, timesteps at most): a built model; nil if there were mistakes.
function internal.build(model, default_name, timesteps_max)
  if type(model) ~= "table" or rawget(model, "object") ~= "model" then
    report(0, format("the description must return a Sequential model, not %s", model == nil and "nothing" or internal.shown(model)))
    return nil
  end
  settle_options(model, default_name)
  if #model.stack == 0 then
    if not model.broken then report(model.line, "Sequential: the model is empty (add a layer)") end
    return nil
  end
  local shape = first_shape(model)
  give_names(model)
  for position, layer in ipairs(model.layers or {}) do
    if position > 1 and layer.definition.is_input then
      report(layer.line, "Input: must be the first layer")
      return nil
    end
  end
  if model.broken or not shape then return nil end
  if elements(shape) > ELEMENTS_MAX then
    report(model.layers[1].line, format("Input: the shape %s is larger than 2 GB", shape_text(shape)))
    return nil
  end
  if not model.layers[2] then
    report(model.line, "Sequential: the model is empty (add a layer after Input)")
    return nil
  end
  local second = model.layers[2].definition
  model.input_is_tokens = second.input == "tokens"
  model.timesteps = (#shape == 2 or model.input_is_tokens) and shape[1] or nil
  if timesteps_max and model.timesteps and model.timesteps > timesteps_max then
    shape = { table.unpack(shape) }
    shape[1] = timesteps_max
    model.timesteps = timesteps_max
  end
  model.vocabulary = model.input_is_tokens and model.layers[2].arguments.input_dim or 0
  if not infer_shapes(model, shape) then return nil end
  make_weights(model)
  settle_loss(model)
  model.metric_names = {}
  for _, name in ipairs(model.metrics or {}) do
    model.metric_names[#model.metric_names + 1] = check_metric(model, name, model.option_lines.metrics)
  end
  return model
end

-- Why the model cannot read one time step at a time; nil if it can.
function internal.no_streaming(model)
  if not model.timesteps then return "the input has no time axis" end
  for position = 2, #model.layers do
    local layer = model.layers[position]
    local why = layer.definition.streams
    if layer.arguments.go_backwards then why = "it reads the sequence from its end" end
    if why then return format("%s: %s", layer.name, why) end
  end
  return nil
end
