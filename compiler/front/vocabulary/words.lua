-- words.lua: how names and values are said in messages, and what may have been meant.
local internal = ...
local is, Value, Element, Axis = internal.is, internal.Value, internal.Element, internal.Axis
local rawget, ipairs, pairs, type, tostring = rawget, ipairs, pairs, type, tostring
local format, byte, sort, concat = string.format, string.byte, table.sort, table.concat
local math_type, floor, huge = math.type, math.floor, math.huge

-- internal.unknown (lua_doors.c) stands for an unknown name (sandbox.lua): it is reported once, and whatever is done
-- with it says nothing more.
local function is_unknown(v) return v == internal.unknown end
internal.is_unknown = is_unknown

-- Suggestions -----------------------------------------------------------------------------------------------

local function lower(c) return c >= 65 and c <= 90 and c + 32 or c end

local function distance(a, b)             -- Damerau-Levenshtein, letters compared without case
  local before, previous = {}, {}
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local x, y = lower(byte(a, i)), lower(byte(b, j))
      row[j] = math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x == y and 0 or 1))
      if i > 1 and j > 1 and x == lower(byte(b, j - 1)) and lower(byte(a, i - 1)) == y then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, previous = previous, row
  end
  return previous[#b]
end

local function keys(...)
  local list = {}
  for _, names in ipairs{ ... } do
    for name in pairs(names) do
      if type(name) == "string" then list[#list + 1] = name end
    end
  end
  sort(list)
  return list
end
internal.keys = keys

local function begins_with(name, word)
  return #name > #word and string.sub(name, 1, #word) == word
end

-- ' (did you mean "units"?)', or nothing where nothing is near: a few letters wrong, the beginning of a name, or
-- what older libraries call it.
local OLD_NAMES = { lr = "learning_rate", nb_epoch = "epochs", input_size = "input_dim", output_size = "units",
                    proj_size = "projection", num_proj = "projection", hidden_size = "units" }

local function suggestion(word, candidates)
  if #word > 40 or #word < 2 then return "" end
  for _, candidate in ipairs(candidates) do
    if candidate == OLD_NAMES[word] then return format(' (did you mean "%s"?)', candidate) end
  end
  local best, least = nil, #word <= 4 and 1 or #word <= 8 and 2 or 3
  for _, candidate in ipairs(candidates) do
    if #candidate <= #word + 3 then
      local d = distance(word, candidate)
      if d < least or d == least and not best then best, least = candidate, d end
    end
  end
  if best then return format(' (did you mean "%s"?)', best) end
  local longer = {}
  for _, candidate in ipairs(candidates) do
    if #word >= 4 and #longer < 3 and begins_with(candidate, word) then longer[#longer + 1] = candidate end
  end
  return #longer > 0 and format(' (did you mean "%s"?)', concat(longer, '" or "')) or ""
end
internal.suggestion = suggestion

-- How values are said ---------------------------------------------------------------------------------------

local function shown_object(object)
  local kind, def = rawget(object, "object"), rawget(object, "definition")
  if is(object, Value) then return "a value" end
  if is(object, Element) then return "an element" end
  if is(object, Axis) then return "an axis" end
  if kind == "layer" then return "the layer " .. def.name end
  if kind == "sublayer" then return "the layer " .. rawget(object, "layer").definition.name end
  if (kind == "loss" or kind == "optimizer") and def then return format("the %s %s", kind, def.class) end
  if kind == "initializer" then return "an initializer" end
  if kind == "cells" then return "what StackedRNNCells makes" end
  if kind == "model" then return "a " .. object.class .. (object.graph and "" or " model") end
  if kind == "flow" then return "the output of " .. object.layer.definition.name end
  if kind == "data" then return format("the data %s{...}", object.kind) end
  if kind == "schedule" or kind == "callback" then return format("the %s %s", kind, object.class) end
  return kind and "a " .. kind or "a table"
end

local function shown(object)
  if type(object) == "string" and #object <= 60 then return format('"%s"', object) end
  if type(object) == "string" then return format('"%s..."', string.sub(object, 1, 60)) end
  if object == nil then return "nothing" end
  -- a message about it is dropped: the name was reported
  if is_unknown(object) then return "an unknown name's value" end
  if object ~= object then return "NaN" end
  if object == huge or object == -huge then return object > 0 and "infinity" or "-infinity" end
  local whole = type(object) == "number" and math_type(object) == "float" and object == floor(object)
  if whole and object > -1e15 and object < 1e15 then
    return format("%d", object)
  end
  if type(object) == "table" then return shown_object(object) end
  if type(object) == "function" then return "a function" end
  return tostring(object)
end
internal.shown = shown

-- Lists -----------------------------------------------------------------------------------------------------

-- A table of a description without objects: a list, or arguments with names.
local function is_plain(v)
  return type(v) == "table" and not is_unknown(v) and not rawget(v, "object") and not rawget(v, "_class")
end
internal.is_plain = is_plain

-- How many items a list has. nil, and what is wrong, if one of them is nothing (`condition and item or nil` makes
-- that: Lua's own length may end in front of it) or the table has other keys too.
local function items(list)
  local last, other = 0, nil
  for key in pairs(list) do
    if math_type(key) ~= "integer" or key < 1 then other = other or key
    elseif key > last then last = key end
  end
  if other ~= nil then return nil, format("must be a list; %s has no place in it", shown(other)) end
  for i = 1, last do
    if list[i] == nil then return nil, format("must be a list; its item %d is nothing", i) end
  end
  return last
end
internal.items = items
