-- catalogue.lua: what a description can be made of, as plain lists: built-in layers, activations and losses with their
-- arguments, as their definitions have them. For whoever draws models, or writes tables of them (catalogue.c).
local internal = ...
local ipairs, type = ipairs, type
local keys = internal.keys

local function arguments_of(def, positional)
  local list = {}
  for position, entry in ipairs(def.arguments or {}) do
    local choices = {}
    for k, choice in ipairs(internal.is_choice(entry[2]) and entry[2] or {}) do choices[k] = { name = choice } end
    local kind = type(entry[2]) == "string" and entry[2] or choices[1] and "choice" or "other"
    list[position] = { choices = choices,
                       name = entry[1], type = kind, required = entry[3] == nil, own = position <= positional,
                       set = entry[3] == true }
  end
  return list
end

local function layers()
  local list = {}
  for _, name in ipairs(keys(internal.layers)) do
    local def = internal.layers[name]
    if not def.custom and not def.inner and not def.is_input then
      list[#list + 1] = { name = name, input = def.input, recurrent = def.step ~= nil and not def.is_cell,
                          cell = def.is_cell, whole = def.over == "sample",
                          arguments = arguments_of(def, def.positional) }
    end
  end
  return list
end

local function losses()
  local list, seen = {}, {}
  for _, name in ipairs(keys(internal.losses)) do
    local def = internal.losses[name]
    if not def.custom and not seen[def] then
      seen[def] = true
      list[#list + 1] = { name = def.class, undoes = def.logits, positive = def.positive,
                          arguments = arguments_of(def, #(def.arguments or {})) }
    end
  end
  return list
end

local function activations()
  local list = {}
  for _, name in ipairs(keys(internal.activation_definitions)) do
    local def = internal.activation_definitions[name]
    list[#list + 1] = { name = name, undone_by = def.logit_form, positive = def.positive, arguments = {} }
  end
  return list
end

local function input()
  for _, name in ipairs(keys(internal.layers)) do
    if internal.layers[name].is_input then return name end
  end
end

function internal.catalogue()
  return { input = input(), layers = layers(), losses = losses(), activations = activations() }
end
