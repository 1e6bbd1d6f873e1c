-- sequential.lua: Sequential in both forms, its options and its methods.
-- in: what a description calls.  out: a model as it was described.
local internal = ...
local report, caller_line, shown = internal.report, internal.caller_line, internal.shown
local rawget, ipairs, pairs, type, select, error = rawget, ipairs, pairs, type, select, error
local format = string.format
local is_unknown, keys = internal.is_unknown, internal.keys
local math_type = math.type

local LAYERS_MAX = 2000

function internal.new_layer(def, values, plain, line)
  return { object = "layer", definition = def, arguments = values, plain = plain, line = line, failed = values.failed }
end

-- Sequential ------------------------------------------------------------------------------------------------

internal.types.mask_semantics = internal.choice{ "keras-3.15", "keras-3.16" }

internal.options = {
  { "name", "text", false }, { "metrics", "metrics", false }, { "weighted_metrics", "metrics", false },
  { "batch_size", "size", 32 }, { "shards", "size", false },
  { "epochs", "size", 1 }, { "seed", "seed", 1 }, { "shuffle", "boolean", true },
  { "buckets", "size", 1 }, { "validation_split", "decay", 0 },
  { "learning_rate", "positive", false }, { "callbacks", "callbacks", false },
  { "class_weight", "class_weight", false },
  { "truncate", "size", false }, { "sample_weight_mode", "sample_weight_mode", false },
  { "begin_token", "count", false }, { "end_token", "count", false },
  { "defaults", "defaults", "keras" }, { "mask_semantics", "mask_semantics", "keras-3.15" },
}
local OPTION_NAMES = { loss = true, optimizer = true, data = true, loss_weights = true }
for _, entry in ipairs(internal.options) do OPTION_NAMES[entry[1]] = true end
internal.model_options = { inputs = true, outputs = true, decoder = true }
for name in pairs(OPTION_NAMES) do internal.model_options[name] = true end

local Model = {}            -- the methods of a model
internal.methods.model = Model

local WITHOUT_NAMES = { Model = "inputs and outputs alone are given by position",
                        Sequential = "layers go into Sequential or model:add", fit = internal.arrays,
                        compile = "optimizer and loss alone are given by position" }

local function set_options(model, given, owner, line, allowed)
  if is_unknown(given) then return end
  for key, v in pairs(given) do
    if type(key) ~= "string" then
      report(line, format("%s: %s has no name: %s", owner, shown(v), WITHOUT_NAMES[owner]))
      break
    end
  end
  for _, key in ipairs(keys(given)) do
    local v = given[key]
    if not OPTION_NAMES[key] or allowed and not allowed[key] then
      internal.refuse_argument(owner, key, allowed or OPTION_NAMES, line)
    elseif model.options[key] ~= nil and model.options[key] ~= v then
      report(line, format('%s: "%s" is set twice, first in line %d', owner, key, model.option_lines[key]))
    else
      model.options[key], model.option_lines[key] = v, line
    end
  end
end

internal.set_options = set_options

local function add_layer(model, layer, line, position)
  if position == LAYERS_MAX + 1 then
    error(format("Sequential: more than %d layers", LAYERS_MAX), 0)
  elseif is_unknown(layer) then
    model.broken = true
  elseif type(layer) == "table" and layer.object == "layer" then
    if layer.owner then
      report(line, format("%s: the same layer object is added twice: make a second one", layer.definition.name))
      model.broken = true
    end
    layer.owner = model
  elseif type(layer) == "function" then
    report(line, format("Sequential: item %d is a function: call it, like LSTM{100}", position))
    model.broken = true
  else
    report(line, format("Sequential: item %d is %s, not a layer", position, shown(layer)))
    model.broken = true
  end
  model.stack[position] = layer == nil and false or layer
end

-- model.add(layer) gives the method no model; what else it may be given is its own matter.
local function is_model(model, method, line)
  local good = type(model) == "table" and rawget(model, "object") == "model"
  local call = method == "add" and "add(...)" or method .. "{...}"
  if not good then report(line, format("%s: write model:%s, with a colon", method, call)) end
  return good
end

function Model.add(model, ...)
  local line, layer = caller_line(), ...
  if not is_model(model, "add", line) then return end
  if model.graph then report(line, "add belongs to Sequential: a Model has the layers that its outputs depend on") end
  if select("#", ...) > 1 then report(line, "add takes one layer: write model:add(LSTM{8})") end
  add_layer(model, layer, line, #model.stack + 1)
end

-- compile and fit: the same options as in Sequential{...}, by name or in Keras's order; fit takes those of the training
-- alone.
local COMPILE = { "optimizer", "loss" }
local FIT = { data = true, epochs = true, batch_size = true, validation_split = true, shuffle = true, seed = true,
              buckets = true, shards = true, callbacks = true, truncate = true, class_weight = true }

function Model.compile(model, ...)
  local line = caller_line()
  if not is_model(model, "compile", line) then return end
  local given = internal.gather("compile", line, ...)
  if is_unknown(given) then return end
  for position, name in ipairs(COMPILE) do
    if given[position] ~= nil and given[name] ~= nil then
      report(line, format('compile: argument "%s" is given twice, by position and by name', name))
    elseif given[position] ~= nil then
      given[name] = given[position]
    end
    given[position] = nil
  end
  set_options(model, given, "compile", line)
end

function Model.fit(model, ...)
  local line = caller_line()
  if not is_model(model, "fit", line) then return end
  set_options(model, internal.gather("fit", line, ...), "fit", line, FIT)
end

internal.constructor("Sequential", function(given, line)
  local model = { object = "model", class = "Sequential", stack = {}, options = {}, option_lines = {}, line = line }
  if is_unknown(given) then
    model.broken = true
    return model
  end
  local last = 0
  for key in pairs(given) do
    if math_type(key) == "integer" and key > last and key <= LAYERS_MAX + 1 then last = key end
  end
  for position = 1, last do
    add_layer(model, given[position], line, position)
    given[position] = nil
  end
  set_options(model, given, "Sequential", line)
  return model
end)
