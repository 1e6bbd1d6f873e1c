-- description.lua: in: the model that a description returns.  out: the built one: names, shapes, weights, loss.
local internal = ...
local report, suggestion, keys = internal.report, internal.suggestion, internal.keys
local rawget, ipairs, pairs, type, error = rawget, ipairs, pairs, type, error
local format, gmatch, byte, char = string.format, string.gmatch, string.byte, string.char
local concat, sort = table.concat, table.sort
local is_unknown, is_identifier = internal.is_unknown, internal.is_identifier

local ELEMENTS_MAX = 536870911         -- floats in 2 GB

-- Names and shapes ------------------------------------------------------------------------------------------

local function is_layer(item)
  return type(item) == "table" and item.object == "layer"
end

local function snake(name)                 -- SimpleRNN -> simple_rnn, LSTM -> lstm
  local out = {}
  for i = 1, #name do
    local c = byte(name, i)
    local upper = c >= 65 and c <= 90
    local before, after = byte(name, i - 1), byte(name, i + 1)
    local before_lower = before and (before >= 97 or before >= 48 and before <= 57)
    local before_upper = before and before >= 65 and before <= 90
    local starts_word = upper and i > 1 and (before_lower or after and after >= 97 and before_upper)
    if starts_word then out[#out + 1] = "_" end
    out[#out + 1] = upper and char(c + 32) or char(c)
  end
  return concat(out)
end

local function give_names(model)
  local used, counts = {}, {}
  for _, layer in ipairs(model.layers) do
    local wanted = is_layer(layer) and layer.arguments.name
    if not is_layer(layer) or layer.failed and wanted == nil then
      goto continue                  -- reported already
    end
    if wanted then
      if not is_identifier(wanted) then
        report(layer.line, format("%s: the name %s is not made of letters, digits and _, starting with a letter",
                                  layer.definition.name, internal.shown(wanted)))
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
    ::continue::
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

-- Calls a function of a definition; mistakes in what it returns are its own.
local function call_inside(layer, part, x)
  internal.inside(layer.definition.name, layer.line)
  return internal.call_named(layer.definition[part], layer.arguments, x)
end

-- Of a recurrent layer, in the order of its states: what the definition says, {units} where it says nothing.
function internal.state_shapes(layer)
  local def, said, list = layer.definition, {}, {}
  if def.state_shapes then
    said = call_inside(layer, "state_shapes", seen_by(def, layer.input))
    if not internal.is_plain(said) then
      error(format("state_shapes must return a table of shapes, not %s", internal.shown(said)), 0)
    end
  end
  for position, name in ipairs(def.state) do
    local shape, why = internal.types.shape(said[name] or { layer.arguments.units })
    if not shape then error(format("state_shapes: the shape of %s %s", name, why), 0) end
    list[position], said[name] = shape, nil
  end
  for _, name in ipairs(keys(said)) do error(format("state_shapes: %s is no state", internal.shown(name)), 0) end
  return list
end

local function recurrent_output(layer, timesteps)
  local shape = internal.state_shapes(layer)[1]
  if #shape ~= 1 then
    error(format("the first state is the output, a vector: %s has the shape %s", layer.definition.state[1],
                 shape_text(shape)), 0)
  end
  return layer.arguments.return_sequences and { timesteps, shape[1] } or shape
end

local function output_shape(layer, shape)
  local def = layer.definition
  if def.step then return recurrent_output(layer, shape[1]) end
  local x = seen_by(def, shape)
  local own = x.shape
  if def.shape then
    own = call_inside(layer, "shape", x)
    local checked, why = internal.types.shape(own)
    if not checked then error(format("shape must return the sizes of the output: it %s", why), 0) end
    if def.over ~= "sample" and #own ~= 1 then
      error("shape must return one size, { features }: time is added to it", 0)
    end
    own = checked
  end
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
  report(layer.line, format("%s: needs %s, but %s gives %s%s", def.name, EXPECTED_WORDS[wants], before.name,
                            shape_text(shape), hint))
  return false
end

-- Follows the shape through the layers. Behind a layer that cannot take it, the shape is known again where a cell
-- returns its last state.
local function infer_shapes(model, first_shape)
  local shape, before, good = first_shape, model.layers[1], true
  for position, layer in ipairs(model.layers) do
    if not is_layer(layer) or layer.failed then return false end
    layer.index = position - 1
    if position == 1 then
      layer.input, layer.output = shape, shape
    else
      if not check_input(layer, before, shape, position == 2 and model.input_is_tokens) then
        good = false
        if not layer.definition.step or layer.arguments.return_sequences then return false end
        shape = { 1, 1 }
      end
      layer.input = shape
      shape = output_shape(layer, shape)
      internal.inside()
      layer.output = shape
      if elements(shape) > ELEMENTS_MAX then
        report(layer.line, format("%s: its output %s is larger than 2 GB", layer.definition.name, shape_text(shape)))
        return false
      end
    end
    before = layer
  end
  return good
end

local function make_weights(model)
  local trainable, frozen, total = {}, {}, 0.0
  for _, layer in ipairs(model.layers) do
    local def, a = layer.definition, layer.arguments
    layer.weights = {}
    local made = {}
    if def.weights then made = call_inside(layer, "weights", seen_by(def, layer.input)) end
    if type(made) ~= "table" then
      error(format("weights must return a table of weights, not %s", internal.shown(made)), 0)
    end
    for _, name in ipairs(keys(made)) do
      local weight = made[name]
      if weight then
        if not is_identifier(name) then
          error(format('weights: the name "%s" is not made of letters, digits and _', name), 0)
        end
        if type(weight) ~= "table" or weight.object ~= "weight" then
          error(format("weights: %s must be made by weight(...), not %s", name, internal.shown(weight)), 0)
        end
        for _, state in ipairs(def.state or {}) do
          if state == name then error(format('weights: "%s" is the name of a state already', name), 0) end
        end
        if weight.layer_name then
          error(format("weights: %s is the same weight as %s: make a second one", name, weight.name), 0)
        end
        weight.short_name, weight.name, weight.layer_name = name, layer.name .. "/" .. name, layer.name
        weight.trainable = a.trainable ~= false
        layer.weights[#layer.weights + 1] = weight
        total = total + elements(weight.shape)
        if total > ELEMENTS_MAX then
          report(layer.line, format("%s: weight %s %s makes the model larger than 2 GB", def.name, name,
                                    shape_text(weight.shape)))
          return
        end
      end
    end
    for key in pairs(made) do
      if type(key) ~= "string" then error("weights: every weight needs a name: return { kernel = weight(...) }", 0) end
    end
    internal.inside()
    sort(layer.weights, function(x, y) return x.order < y.order end)
    for _, weight in ipairs(layer.weights) do
      local list = weight.trainable and trainable or frozen
      list[#list + 1] = weight
    end
  end
  model.weights = trainable
  for _, weight in ipairs(frozen) do model.weights[#model.weights + 1] = weight end
end

-- Loss, optimizer, metrics ----------------------------------------------------------------------------------

local function find_object(model, option, registry, line)
  local v = model.options[option]
  if v == nil or is_unknown(v) then return nil end
  if type(v) == "table" and rawget(v, "object") == option then return not v.failed and v or nil end
  local article, like = option == "loss" and "a" or "an", option == "loss" and "Huber()" or "Adam()"
  if type(v) ~= "string" then
    report(line, type(v) == "function" and format("Sequential: %s is a function: call it, like %s", option, like)
                 or format('Sequential: "%s" must be the name of %s %s, not %s', option, article, option,
                           internal.shown(v)))
    return nil
  end
  local def = internal[registry][v]
  if not def then
    report(line, "Sequential: " .. internal.unknown_name(option, v, internal[registry]))
    return nil
  end
  local values, plain = internal.read_arguments(def.class, def.arguments or {}, {}, line)
  return { object = option, definition = def, arguments = values, plain = plain, line = line }
end

-- What can be said of loss and optimizer without the shapes.
local function settle_objects(model)
  local options, lines = model.options, model.option_lines
  if options.optimizer == nil then options.optimizer, lines.optimizer = "adam", model.line end
  model.loss = find_object(model, "loss", "losses", lines.loss)
  model.optimizer = find_object(model, "optimizer", "optimizers", lines.optimizer)
  local clips = {}
  for _, clip in ipairs{ "clipnorm", "clipvalue", "global_clipnorm" } do
    if model.optimizer and model.optimizer.arguments[clip] then clips[#clips + 1] = clip end
  end
  if #clips > 1 then
    report(model.optimizer.line, format("%s: %s cannot be set together: choose one", model.optimizer.definition.class,
                                        concat(clips, " and ")))
  end
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
  if resolved == "sequence_accuracy" then return resolved end
  if resolved == "sparse_categorical_accuracy" and not model.target_is_class then
    report(line, format('Sequential: metric "%s" needs integer classes, as sparse_categorical_crossentropy has ' ..
                        '(did you mean "categorical_accuracy"?)', name))
  elseif resolved ~= "sparse_categorical_accuracy" and model.target_is_class then
    report(line, format('Sequential: metric "%s" does not go with integer classes ' ..
                        '(did you mean "sparse_categorical_accuracy"?)', name))
  end
  return resolved
end

local function settle_loss(model)
  model.output_shape = model.layers[#model.layers].output
  model.target_shape, model.target_is_class = model.output_shape, false
  if not model.loss then return end
  local def, last = model.loss.definition, model.output_shape[#model.output_shape]
  if def.classes and last < 2 then
    report(model.option_lines.loss, format('Sequential: %s needs at least two classes, but %s gives one number ' ..
                                           '(did you mean "binary_crossentropy"?)',
                                           def.name, model.layers[#model.layers].name))
    return
  end
  if def.target == "class" then
    model.target_is_class = true
    model.target_shape = { table.unpack(model.output_shape, 1, #model.output_shape - 1) }
  end
end

local function settle_options(model, default_name)
  for _, entry in ipairs(internal.options) do
    local name, kind, default = entry[1], entry[2], entry[3]
    local v = model.options[name]
    if v == nil or is_unknown(v) then v = default end
    if v == false and default == false then
      model[name] = nil
    else
      local checked, why, whole = internal.types[kind](v)
      if checked == nil then
        report(model.option_lines[name],
               whole and format("Sequential: %s", why) or format('Sequential: "%s" %s', name, why))
      end
      model[name] = checked
    end
  end
  if model.name and not is_identifier(model.name) then
    report(model.option_lines.name,
           format("Sequential: the name %s is not made of letters, digits and _, starting with a letter",
                  internal.shown(model.name)))
  end
  model.name = model.name or default_name
  local data = model.options.data
  if is_unknown(data) then data = nil end
  if data ~= nil and (type(data) ~= "table" or data.object ~= "data") then
    report(model.option_lines.data,
           format('Sequential: "data" must be npy{...}, csv{...}, characters{...}, lines{...}, wav{...} ' ..
                  'or samples(...), not %s', internal.shown(data)))
    data = nil
  end
  model.data = data
end

local function first_shape(model)
  local first = model.stack[1]
  if not is_layer(first) then return nil end
  local def, a = first.definition, first.arguments
  if def.is_input then
    return not first.failed and a.shape or nil
  end
  local shape = a.input_shape or a.input_length and { a.input_length }
  if not shape and first.failed then return nil end
  if not shape then
    local sizes = def.input == "tokens" and "timesteps"
                  or (def.step or def.input == "sequence") and "timesteps, features" or "features"
    report(first.line, format("%s: the first layer needs the shape of the input (write Input{%s} before it)",
                              def.name, sizes))
    return nil
  end
  local input = internal.constructors.Input(shape)
  input.line = first.line
  model.layers = { input, table.unpack(model.stack) }
  return shape
end

-- How the shape, and the time of it, is called again for other lengths of time: streaming (1 step) and shortened
-- checks.
function internal.reshape(model, timesteps)
  if not model.timesteps then return nil end
  local shape = { table.unpack(model.layers[1].output) }
  shape[1] = timesteps
  return shape
end

-- Reports inputs that are not in front; true if there are none.
local function check_places(model)
  local good = true
  for position, layer in ipairs(model.layers) do
    if position > 1 and is_layer(layer) and layer.definition.is_input then
      report(layer.line, format("%s: must be the first layer, and the only one of its kind", layer.definition.name))
      good = false
    end
  end
  return good
end

-- Settles the shape of the input: `first` as described, with `timesteps_max` time steps at most. nil after a mistake.
local function settle_input(model, first, timesteps_max)
  if elements(first) > ELEMENTS_MAX then
    report(model.layers[1].line, format("Input: the shape %s is larger than 2 GB", shape_text(first)))
    return nil
  end
  local second = is_layer(model.layers[2]) and model.layers[2] or nil
  model.input_is_tokens = second and second.definition.input == "tokens"
  model.timesteps = (#first == 2 or model.input_is_tokens) and first[1] or nil
  if timesteps_max and model.timesteps and model.timesteps > timesteps_max then
    first = { table.unpack(first) }
    first[1] = timesteps_max
    model.timesteps = timesteps_max
  end
  model.vocabulary = model.input_is_tokens and not second.failed and second.arguments.input_dim or 0
  return first
end

-- The layers that the command line freezes: as if they had trainable = false.
local function freeze_layers(model, names)
  local known = {}
  for _, layer in ipairs(model.layers) do
    if is_layer(layer) and layer.name then known[layer.name] = layer end
  end
  for name in gmatch(names, "[^,]+") do
    local layer = known[name]
    if layer then layer.arguments.trainable, layer.plain.trainable = false, false
    else report(0, format('--freeze: there is no layer "%s"%s', name, suggestion(name, keys(known)))) end
  end
end

-- build(result of the description, default name, timesteps at most, layers to freeze): a built model; nil if there were
-- mistakes.
function internal.build(result, default_name, timesteps_max, frozen)
  local model = internal.open(result)
  if is_unknown(model) then return nil end
  if type(model) ~= "table" or rawget(model, "object") ~= "model" then
    report(0, format("the description must return a Sequential model, not %s", internal.shown(model)))
    return nil
  end
  settle_options(model, default_name)
  settle_objects(model)
  model.layers = model.stack
  local first = model.stack[1]
  if first == nil or #model.stack == 1 and is_layer(first) and first.definition.is_input then
    if not model.broken then
      report(model.line, format("Sequential: the model is empty: add a layer%s", first and " after Input" or ""))
    end
    return nil
  end
  local shape = first_shape(model)
  local placed = check_places(model)
  give_names(model)
  if frozen then freeze_layers(model, frozen) end
  shape = shape and placed and settle_input(model, shape, timesteps_max)
  if not shape or not infer_shapes(model, shape) or model.broken then return nil end
  make_weights(model)
  settle_loss(model)
  model.metric_names = {}
  for _, name in ipairs(model.loss and model.metrics or {}) do
    model.metric_names[#model.metric_names + 1] = check_metric(model, name, model.option_lines.metrics)
  end
  internal.settle_training(model, function(name) return resolve_metric(model, name) end)
  return model
end
