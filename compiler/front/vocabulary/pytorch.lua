-- pytorch.lua: the option defaults = "pytorch": what the description does not say is as PyTorch has it. What differs
-- from Keras stands in the definitions: pytorch_defaults = { epsilon = 1e-5 }, or a function(a, x) that returns that.
local internal = ...
local vocabulary, types, keys, is_plain = internal.vocabulary, internal.types, internal.keys, internal.is_plain
local ipairs, type = ipairs, type
local format, concat = string.format, table.concat

types.defaults = internal.choice{ "keras", "pytorch" }

-- drawn("uniform", -0.5, 0.5): an initializer; for the tables of the definitions.
function vocabulary.drawn(kind, a, b)
  return { object = "initializer", value = { kind = kind, a = a, b = b } }
end

-- Sets what was not said, by name or by position; the names of that, "" if there are none.
local function settle(list, given, values, plain, defaults)
  local names = {}
  for position, entry in ipairs(list) do
    local name, kind = entry[1], entry[2]
    local said = is_plain(given) and (given[name] ~= nil or given[position] ~= nil)
    if defaults[name] ~= nil and not said then
      values[name], plain[name] = types[kind](defaults[name])
      names[#names + 1] = name
    end
  end
  return concat(names, ", ")
end

-- Of a layer, before its weights are made; x: what it reads.
function internal.settle_layer_defaults(layer, x)
  local def = layer.definition
  if internal.defaults ~= "pytorch" or not def.pytorch_defaults or layer.has_defaults then return end
  layer.has_defaults = true
  local own = def.pytorch_defaults
  if type(own) == "function" then own = own(layer.arguments, x) end
  local names = settle(def.arguments, layer.given, layer.arguments, layer.plain, own)
  if names ~= "" then internal.changed[#internal.changed + 1] = format("%s: %s", layer.path or layer.name, names) end
end

function internal.settle_optimizer_defaults(model)
  local optimizer = model.optimizer
  if internal.defaults ~= "pytorch" or not optimizer then return end
  local def = optimizer.definition
  if not def.pytorch_defaults then
    internal.note(optimizer.line, format('defaults = "pytorch" changes nothing of %s: it is as in Keras', def.class))
    return
  end
  local names = settle(def.arguments, optimizer.given, optimizer.arguments, optimizer.plain or {}, def.pytorch_defaults)
  optimizer.arguments.pytorch = true
  internal.changed[#internal.changed + 1] = format("%s: PyTorch's formulas%s", def.class,
                                                   names ~= "" and "; " .. names or "")
end
