-- shapes.lua: in: the layers of a model, in order, each with those that it reads.  out: their names, shapes and
-- weights.
local internal = ...
local report, keys = internal.report, internal.keys
local ipairs, pairs, type, error = ipairs, pairs, type, error
local format, byte, char = string.format, string.byte, string.char
local concat, sort = table.concat, table.sort
local is_identifier = internal.is_identifier

local ELEMENTS_MAX = 536870911         -- floats in 2 GB

-- Names and shapes ------------------------------------------------------------------------------------------

local function is_layer(item)
  return type(item) == "table" and item.object == "layer"
end

local function snake(name)                 -- SimpleRNN -> simple_rnn, LSTM -> lstm, MaxPooling1D -> max_pooling1d
  local out = {}
  for i = 1, #name do
    local c = byte(name, i)
    local upper = c >= 65 and c <= 90
    local before, after = byte(name, i - 1), byte(name, i + 1)
    local starts_word = upper and i > 1 and (before >= 97 or after and after >= 97 and before ~= 95)
    if starts_word then out[#out + 1] = "_" end
    out[#out + 1] = upper and char(c + 32) or char(c)
  end
  return concat(out)
end

-- A layer that is the argument of another one takes its number before that, as it was made before.
local function name_given(layer, free_name)
  for _, given in ipairs(internal.given_layers(layer)) do
    name_given(given.layer, free_name)
    given.layer.name = given.layer.arguments.name or free_name(given.layer)
  end
end

local function give_names(model)
  local used, counts = {}, {}
  local function free_name(layer)
    local base, name = snake(layer.definition.name), nil
    repeat
      local n = counts[base] or 0
      counts[base] = n + 1
      name = n == 0 and base or base .. "_" .. n
    until not used[name]
    return name
  end
  internal.names_in_c = used
  for _, layer in ipairs(model.layers) do
    local wanted = is_layer(layer) and layer.arguments.name
    if not is_layer(layer) or layer.failed and wanted == nil then
      goto continue                  -- reported already
    end
    if not layer.failed and not layer.shares then name_given(layer, free_name) end
    if layer.shares then
      local home = layer.shares
      home.calls = (home.calls or 1) + 1
      layer.name = home.name .. "_call_" .. home.calls
    elseif layer.state_name then
      layer.name = internal.name_of_state(layer, used)
    elseif wanted then
      if not is_identifier(wanted) then
        report(layer.line, format("%s: the name %s is not made of letters, digits and _, starting with a letter",
                                  layer.definition.name, internal.shown(wanted)))
      elseif used[wanted] then
        report(layer.line, format('%s: the name "%s" is taken already', layer.definition.name, wanted))
      end
      layer.name = wanted
    else
      layer.name = free_name(layer)
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

-- several: flows of whatever shape; sequences: one flow or more.
local EXPECTED = {
  several  = function(shape, tokens) return not tokens end,
  sequence = function(shape, tokens) return #shape == 2 and not tokens end,
  sequences = function(shape, tokens) return #shape == 2 and not tokens end,
  vector   = function(shape, tokens) return #shape == 1 and not tokens end,
  tokens   = function(shape, tokens) return #shape == 1 and tokens end,
  samples  = function(shape, tokens) return #shape > 1 and not tokens end,
  image    = function(shape, tokens) return #shape == 3 and not tokens end,
  images   = function(shape, tokens) return #shape == 4 and not tokens end,
  any      = function(shape, tokens) return not tokens end,
}
local EXPECTED_WORDS = { sequence = "a sequence {timesteps, features}", vector = "a vector {features}",
                         sequences = "a sequence {timesteps, features}",
                         tokens = "token ids {timesteps}", any = "numbers", several = "numbers",
                         samples = "a sequence of samples {timesteps, ...}",
                         image = "an image {height, width, channels}",
                         images = "a sequence of images {timesteps, height, width, channels}" }
-- What the sizes of an Input are, as it would have to be written in front.
internal.input_sizes = { sequence = "timesteps, features", sequences = "timesteps, features", tokens = "timesteps",
                         samples = "timesteps, ...", image = "height, width, channels",
                         images = "timesteps, height, width, channels" }

-- What a layer reads: of the kinds above.
local function wanted_input(def) return def.input or def.step and "sequence" or "any" end
internal.wanted_input = wanted_input

local function seen(def, shape)
  local own = shape
  if def.over == "step" then own = { table.unpack(shape, 2) }
  elseif def.step and not def.is_cell then own = { table.unpack(shape, 2) }
  elseif def.over ~= "sample" then own = { shape[#shape] } end
  return { shape = own, rank = #shape, features = own[#own], timesteps = shape[2] and shape[1] or shape[1] }
end

-- x as the shape and weights functions see it; of a layer that reads several flows, a list of them.
function internal.seen_by(layer, shapes)
  local def = layer.definition
  if not def.many then return seen(def, shapes[1]) end
  local list = {}
  for position, shape in ipairs(shapes) do list[position] = seen(def, shape) end
  return list
end

-- Calls a function of a definition; mistakes in what it returns are its own.
local function call_inside(layer, part, x)
  internal.inside(layer.definition.name, layer.line)
  return internal.call_named(layer.definition[part], layer.arguments, x)
end
internal.call_inside = call_inside

local function recurrent_output(layer, shape)
  local output = internal.states_of(layer, { table.unpack(shape, 2) })[1].shape
  return layer.arguments.return_sequences and { shape[1], table.unpack(output) } or output
end

-- What the definition says of the output, given the shapes of what the layer reads; nil where it says nothing: the
-- mathematics of a layer that owns others is asked.
local function declared_shape(layer, shapes)
  local def = layer.definition
  local shape = shapes[1]
  if def.step then return recurrent_output(layer, shape) end
  if layer.owned and not def.shape then return nil end
  local x = internal.seen_by(layer, shapes)
  local own = not def.many and x.shape or x[1].shape
  if def.shape then
    own = call_inside(layer, "shape", x)
    local checked, why = internal.types.shape(own)
    if not checked then error(format("shape must return the sizes of the output: it %s", why), 0) end
    if not def.over and #own ~= 1 then
      error("shape must return one size, { features }: time is added to it", 0)
    end
    own = checked
  end
  if def.over == "sample" then return own end
  local whole = {}
  for d = 1, def.over == "step" and 1 or #shape - 1 do whole[d] = shape[d] end
  for _, extent in ipairs(own) do whole[#whole + 1] = extent end
  return whole
end
internal.declared_shape = declared_shape

function internal.output_shape(layer, shapes)
  return declared_shape(layer, shapes) or internal.measure(layer, shapes)
end

-- Gives a layer the shapes of what it reads: so it has an output, and if it owns others, they too.
function internal.settle_layer(layer, shapes)
  local home = layer.shares
  layer.inputs, layer.input = shapes, shapes[1]
  if home then
    home.calls = (home.calls or 1) + 1
    layer.noise_from = (home.calls - 1) * internal.DRAWS_OF_A_CALL
    layer.weights, layer.owned, layer.sublayers = home.weights, home.owned, home.sublayers
    layer.output = internal.output_shape(layer, shapes)
  elseif layer.definition.owns then
    internal.own_layers(layer, internal.seen_by(layer, shapes))
    internal.make_weights_of(layer)
    layer.output = internal.measure(layer, shapes)
    internal.check_called(layer)
  elseif layer.definition.final_state then
    layer.output = internal.final_shape(layer)
  else
    layer.output = declared_shape(layer, shapes)
    if layer.owned_by then internal.make_weights_of(layer) end
  end
  internal.inside()
end

local function check_input(layer, before, shape, tokens)
  local def = layer.definition
  if def.is_cell then
    report(layer.line, format("%s is a cell, one step of a loop over time: write RNN{%s{...}}", def.name, def.name))
    return false
  end
  local wants = wanted_input(def)
  if EXPECTED[wants](shape, tokens) then return true end
  local hint = ""
  if wants == "sequence" and before.definition.step and #shape == 1 then
    hint = format(" (did you mean return_sequences = true for %s?)", before.name)
  elseif tokens then
    hint = " (an Embedding makes numbers of ids)"
  elseif wants == "sequence" and #shape == 1 then
    hint = " (RepeatVector, or Input{timesteps, features}, makes a sequence)"
  elseif wants == "image" and #shape < 3 then
    hint = " (Reshape, or Input{height, width, channels}, makes one)"
  elseif wants == "image" or wants == "sequence" and #shape > 2 then
    hint = format(" (TimeDistributed{%s{...}} reads each step of it)", def.name)
  elseif wants == "vector" and #shape > 1 then
    hint = " (Flatten, or return_sequences = false, makes a vector)"
  end
  report(layer.line, format("%s: needs %s, but %s gives %s%s", def.name, EXPECTED_WORDS[wants], before.name,
                            shape_text(shape), hint))
  return false
end

-- The same of a call in the mathematics of another layer.
function internal.check_seen(layer, shapes, tokens)
  local def = layer.definition
  if def.is_cell then error(format("%s is a cell, not a layer", def.name), 0) end
  local wants = wanted_input(def)
  for k, shape in ipairs(shapes) do
    if not EXPECTED[wants](shape, tokens[k]) then
      error(format("%s needs %s, not %s%s", def.name, EXPECTED_WORDS[wants], shape_text(shape),
                   tokens[k] and " of ids" or ""), 0)
    end
  end
  layer.tokens = tokens
end

-- A model that is called reads what its inputs were described as.
local function check_meant(layer)
  for k, input in pairs(layer.meant or {}) do
    local shape = input.arguments.shape or (input.arguments.batch_shape or {}).shape
    local got = layer.from[k].output
    if shape and concat(shape, ", ") ~= concat(got, ", ") then
      report(layer.line, format("%s: the model that is called has an %s%s, and reads %s", layer.definition.name,
                                input.definition.name, shape_text(shape), shape_text(got)))
      return false
    end
  end
  return true
end

-- Whether the layer can take what it reads. Behind a layer that cannot, the shape is known again where a cell returns
-- its last state.
local function check_inputs(layer)
  local good = check_meant(layer)
  for k, from in ipairs(layer.from) do
    local is_state = k > 1 and not layer.definition.many
    good = (is_state or check_input(layer, from, from.output, from.is_tokens)) and good
  end
  local units = layer.definition.step and not layer.definition.input
  if not good and units and not layer.arguments.return_sequences then layer.inputs = { { 1, 1 } } end
  return good
end

-- The shapes and the mask of one layer.
local function settle(layer)
  layer.tokens = {}
  for k, other in ipairs(layer.from) do layer.tokens[k] = other.is_tokens end
  internal.settle_mask(layer)
  internal.settle_layer(layer, layer.inputs)
  return internal.check_masks(layer) and internal.check_initial_flows(layer)
end

-- Follows the shapes through the layers, in order; the outputs of Input layers are there already.
local function infer_shapes(model)
  local good = true
  for position, layer in ipairs(model.layers) do
    if not is_layer(layer) or layer.failed then return false end
    layer.index = position - 1
    if layer.definition.is_input then
      layer.inputs, layer.makes_mask = { layer.output }, layer.arguments.lengths
      layer.masked = layer.makes_mask
    else
      layer.inputs = {}
      for k, from in ipairs(layer.from) do
        if not from.output then return false end        -- reported already
        layer.inputs[k] = from.output
      end
      if not check_inputs(layer) then
        good = false
        if layer.inputs[1] == layer.from[1].output then return false end
      end
      good = settle(layer) and good
      if elements(layer.output) > ELEMENTS_MAX then
        report(layer.line, format("%s: its output %s is larger than 2 GB", layer.definition.name,
                                  shape_text(layer.output)))
        return false
      end
    end
    layer.input = layer.inputs[1]
  end
  return good
end

local function check_masked_loss(model)
  local good = true
  for k, output in ipairs(model.outputs) do
    local loss = model.ends[k].loss
    local def = loss and loss.definition
    if output.masked and def and def.over == "sample" and internal.parameters(def.call) < 4 then
      report(output.line, format("%s: its output has a mask, and a loss over whole samples says what becomes of it, " ..
                                 "call = function(a, y, p, mask), or the mask ends in front of it",
                                 output.definition.name))
      good = false
    end
  end
  return good
end

-- Those of a table of weights into `list`, by name; those of a part { query = { kernel = weight(...) } } are called
-- query_kernel, and in files query/kernel.
local function add_said(made, list, part)
  for key in pairs(made) do
    if type(key) ~= "string" then error("weights: every weight needs a name: return { kernel = weight(...) }", 0) end
  end
  for _, name in ipairs(keys(made)) do
    local weight, full = made[name], part and part .. "_" .. name or name
    if weight and not is_identifier(name) then
      error(format('weights: the name "%s" is not made of letters, digits and _', name), 0)
    elseif weight and not part and internal.is_plain(weight) and weight.object == nil then
      add_said(weight, list, name)
    elseif weight and (type(weight) ~= "table" or weight.object ~= "weight") then
      error(format("weights: %s must be made by weight(...), not %s", full, internal.shown(weight)), 0)
    elseif weight and list[full] then
      error(format("weights: two of them are called %s", full), 0)
    elseif weight then
      weight.part, weight.own_name, list[full] = part, name, weight
    end
  end
end

-- What the definition says its weights are, by name, for inputs of these shapes.
local function said_weights(layer, shapes)
  local def, list = layer.definition, {}
  local made = {}
  if def.weights then
    internal.settle_layer_defaults(layer, internal.seen_by(layer, shapes))
    made = call_inside(layer, "weights", internal.seen_by(layer, shapes))
  end
  if def.step and type(made) == "table" then
    internal.add_initial_weights(layer, { table.unpack(shapes[1], 2) }, made)
  end
  if type(made) ~= "table" then
    error(format("weights must return a table of weights, not %s", internal.shown(made)), 0)
  end
  add_said(made, list)
  return list
end

-- Neither the layer is frozen nor what owns it.
function internal.learns(layer) return layer.arguments.trainable ~= false and layer.trains ~= false end

-- The weights of one layer, without those of the layers that it owns.
function internal.make_weights_of(layer)
  local made = said_weights(layer, layer.inputs)
  layer.weights = {}
  for _, name in ipairs(keys(made)) do
    local weight = made[name]
    for _, state in ipairs(weight and layer.definition.state or {}) do
      if state == name then error(format('weights: "%s" is the name of a state already', name), 0) end
    end
    if weight and layer.owned and layer.owned[weight.part or name] then
      error(format('weights: "%s" is the name of a layer already', name), 0)
    elseif weight and weight.layer_name then
      error(format("weights: %s is the same weight as %s: make a second one", name, weight.key), 0)
    end
    if weight then
      local inside = weight.part and weight.part .. "/" .. weight.own_name or name
      weight.short_name, weight.key = name, (layer.path or layer.name) .. "/" .. inside
      weight.layer_name = layer.c_name or layer.name
      weight.trainable = not weight.statistic and internal.learns(layer)
      local from = layer.from and layer.from[1]
      weight.adapted_to = weight.adapted and from
      if weight.adapted and not (from and from.definition.is_input) then
        error("adapts to an Input, and this is none: write mean = {...} and variance = {...}", 0)
      end
      layer.weights[#layer.weights + 1] = weight
    end
  end
  internal.inside()
  sort(layer.weights, function(x, y) return x.order < y.order end)
end

-- A layer is called again, with inputs of these shapes: its weights have to be those for what it reads there.
function internal.check_weights(layer, shapes, called)
  local made = said_weights(called or layer, shapes)
  for _, weight in ipairs(layer.weights) do
    local other = made[weight.short_name]
    if not other or shape_text(other.shape) ~= shape_text(weight.shape) then
      error(format("is called with %s, but its weight %s, made for %s, has the shape %s", shape_text(shapes[1]),
                   weight.short_name, shape_text(layer.inputs[1]), shape_text(weight.shape)), 0)
    end
  end
  internal.inside()
end

-- The weights of the layer and, behind them, of those that it owns, in the order of their first calls.
local function all_weights(layer, list)
  for _, weight in ipairs(layer.weights) do list[#list + 1] = weight end
  for _, owned in ipairs(layer.sublayers or {}) do all_weights(owned, list) end
  return list
end

local function make_weights(model)
  local trainable, frozen, total = {}, {}, 0.0
  for _, layer in ipairs(model.layers) do
    local home = layer.shares
    if home then
      internal.check_weights(home, layer.inputs, layer)
      layer.weights = home.weights
    elseif not layer.weights then
      internal.make_weights_of(layer)
    end
    for _, weight in ipairs(home and {} or all_weights(layer, {})) do
      total = total + elements(weight.shape)
      if total > ELEMENTS_MAX then
        report(layer.line, format("%s: weight %s %s makes the model larger than 2 GB", layer.definition.name,
                                  weight.short_name, shape_text(weight.shape)))
        return
      end
      local list = weight.trainable and trainable or frozen
      list[#list + 1] = weight
    end
  end
  for _, weight in ipairs(frozen) do
    for k, input in ipairs(model.inputs) do
      if input == weight.adapted_to then weight.adapted_input = k - 1 end
    end
  end
  model.weights = trainable
  for _, weight in ipairs(frozen) do model.weights[#model.weights + 1] = weight end
end

internal.shapes = {
  is_layer = is_layer, give_names = give_names, elements = elements, shape_text = shape_text,
  infer_shapes = infer_shapes, check_masked_loss = check_masked_loss, make_weights = make_weights,
  ELEMENTS_MAX = ELEMENTS_MAX,
}
