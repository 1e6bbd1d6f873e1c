-- catalogue.lua: what a description can be made of, as plain lists: built-in layers, losses, activations, metrics and
-- optimizers with their arguments, as their definitions have them. For whoever draws models, or writes tables of them
-- (catalogue.c).
local internal = ...
local ipairs, type = ipairs, type
local format = string.format
local keys = internal.keys

-- As a description would write it; nil: the argument must be given, or there is none to write.
local function default_text(v)
  if type(v) == "string" then return format('"%s"', v) end
  if type(v) == "number" then return format("%.14g", v) end
  return type(v) == "boolean" and (v and "true" or "false") or nil
end

local function arguments_of(def, positional)
  local list = {}
  for position, entry in ipairs(def.arguments or {}) do
    local choices = {}
    for k, choice in ipairs(internal.is_choice(entry[2]) and entry[2] or {}) do choices[k] = { name = choice } end
    local kind = type(entry[2]) == "string" and entry[2] or choices[1] and "choice" or "other"
    list[position] = { choices = choices, default = default_text(entry[3]),
                       name = entry[1], type = kind, required = entry[3] == nil, own = position <= positional,
                       set = entry[3] == true }
  end
  return list
end

-- One entry: `given` and what every definition says of itself: what Keras, PyTorch and ONNX call it.
local function entry_of(def, given)
  given.keras = def.keras ~= false and (def.class or given.name) or nil
  given.pytorch, given.onnx = def.in_pytorch, def.in_onnx
  return given
end

-- What becomes of a mask: "makes", "passes", "merges" or "ends" it, "refuses"; a cell goes over the steps that do not
-- count.
local WORDS = { pass = "passes", merge = "merges", ["end"] = "ends" }
local function mask_of(def)
  if type(def.mask) == "function" then return "makes" end
  if def.mask then return WORDS[def.mask] end
  if def.step then return "goes over" end
  return def.over == "sample" and "refuses" or "passes"
end

local function layers()
  local list = {}
  for _, name in ipairs(keys(internal.layers)) do
    local def = internal.layers[name]
    if not def.custom and not def.inner and not def.is_input then
      list[#list + 1] = entry_of(def, { name = name, input = def.input, cell = def.is_cell, mask = mask_of(def),
                                        recurrent = def.step ~= nil and not def.is_cell,
                                        whole = def.over == "sample",
                                        arguments = arguments_of(def, def.positional) })
    end
  end
  return list
end

-- The definitions of a registry by their names in it, each once.
local function each_once(registry, make)
  local list, seen = {}, {}
  for _, name in ipairs(keys(registry)) do
    local def = registry[name]
    if type(def) == "table" and not def.custom and not seen[def.name] then
      seen[def.name] = true
      list[#list + 1] = entry_of(def, make(def))
    end
  end
  return list
end

local function losses()
  return each_once(internal.losses, function(def)
    return { name = def.class, undoes = def.logits, positive = def.positive, text = def.name,
             arguments = arguments_of(def, #(def.arguments or {})) }
  end)
end

local function metrics()
  return each_once(internal.metrics, function(def)
    return { name = def.class or def.name, text = def.name, arguments = arguments_of(def, #(def.arguments or {})) }
  end)
end

local function optimizers()
  return each_once(internal.optimizers, function(def)
    return { name = def.class, text = def.name, arguments = arguments_of(def, #(def.arguments or {})) }
  end)
end

local function activations()
  local list = {}
  for _, name in ipairs(keys(internal.activation_definitions)) do
    local def = internal.activation_definitions[name]
    list[#list + 1] = entry_of(def, { name = name, undone_by = def.logit_form, positive = def.positive,
                                      arguments = {} })
  end
  return list
end

local function input()
  for _, name in ipairs(keys(internal.layers)) do
    if internal.layers[name].is_input then return name end
  end
end

function internal.catalogue()
  return { input = input(), layers = layers(), losses = losses(), activations = activations(), metrics = metrics(),
           optimizers = optimizers() }
end
