-- arguments.lua: the arguments of a call: their types, their mistakes, and what may have been meant.
local internal = ...
local is, Value = internal.is, internal.Value
local rawget, ipairs, pairs, type, tostring = rawget, ipairs, pairs, type, tostring
local format, byte, sort, concat = string.format, string.byte, table.sort, table.concat
local math_type, floor, huge = math.type, math.floor, math.huge
local report = internal.report

internal.layers, internal.activations, internal.losses = {}, {}, {}
internal.optimizers, internal.initializers, internal.regularizers = {}, {}, {}
internal.constructors = {}            -- what a description can call: LSTM, Adam, csv, ...

-- What an unknown name stands for (sandbox.lua): it is reported once; whatever is done with it says nothing more.
internal.unknown = {}
local function is_unknown(v) return v == internal.unknown end
internal.is_unknown = is_unknown

-- Suggestions -------------------------------------------------------------------------------------------------------------------

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
local OLD_NAMES = { lr = "learning_rate", nb_epoch = "epochs", input_size = "input_dim", output_size = "units" }

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

-- Argument types: check(value) -> value for the mathematics, value as plain data; or nil, what is wrong ------------------------

local function shown(object)
  if type(object) == "string" then return #object <= 60 and format('"%s"', object) or format('"%s..."', string.sub(object, 1, 60)) end
  if object == nil then return "nothing" end
  if is_unknown(object) then return "an unknown name's value" end        -- such a message is dropped: the name was reported
  if object ~= object then return "NaN" end
  if object == huge or object == -huge then return object > 0 and "infinity" or "-infinity" end
  if type(object) == "number" and math_type(object) == "float" and object == floor(object) and object > -1e15 and object < 1e15 then
    return format("%d", object)
  end
  if type(object) == "table" then
    local kind = rawget(object, "object")
    local def = rawget(object, "definition")
    if kind == "layer" then return "the layer " .. def.name end
    if (kind == "loss" or kind == "optimizer") and def then return format("the %s %s", kind, def.class) end
    if kind == "initializer" or kind == "regularizer" then return (kind == "initializer" and "an " or "a ") .. kind end
    if kind == "model" then return "a Sequential model" end
    return "a table"
  end
  if type(object) == "function" then return "a function" end
  return tostring(object)
end
internal.shown = shown

local SIZE_MAX = 16777216

local types = {}
internal.types = types

function types.size(v)
  if type(v) ~= "number" then return nil, format("must be a whole number, not %s", shown(v)) end
  if v ~= v or v ~= floor(v) or v < 1 or v > SIZE_MAX then
    return nil, format("must be a whole number between 1 and %d, not %s", SIZE_MAX, shown(v))
  end
  return floor(v), floor(v)
end

local function number_in(low, high, words)
  return function(v)
    if type(v) ~= "number" then return nil, format("must be a number, not %s", shown(v)) end
    if v ~= v or v < low or v > high then return nil, format("must be %s, not %s", words, shown(v)) end
    return v, v
  end
end

types.number = number_in(-1e30, 1e30, "a finite number")
types.positive = function(v)
  local checked, why = types.number(v)
  if checked and checked <= 0 then return nil, format("must be greater than zero, not %s", shown(v)) end
  return checked, checked and checked or why
end
types.not_negative = number_in(0, 1e30, "zero or more")
types.rate = number_in(0, 1, "between 0 and 1")
types.decay = function(v)
  local checked, why = types.rate(v)
  if checked == 1 then return nil, "must be less than 1" end
  return checked, checked and checked or why
end

function types.boolean(v)
  if type(v) ~= "boolean" then return nil, format("must be true or false, not %s", shown(v)) end
  return v, v
end

function types.text(v)
  if type(v) ~= "string" then return nil, format("must be a string, not %s", shown(v)) end
  return v, v
end

function types.shape(v)
  if type(v) ~= "table" then return nil, format("must be a table of sizes, not %s", shown(v)) end
  local shape = {}
  if #v < 1 or #v > 2 then return nil, format("must have one or two extents, {features} or {timesteps, features}, not %d", #v) end
  for d = 1, #v do
    local extent, why = types.size(v[d])
    if not extent then return nil, format("extent %d %s", d, why) end
    shape[d] = extent
  end
  return shape, nil
end

local AN = { activation = true, initializer = true, optimizer = true }

-- A name from a table of definitions, or an object made by one of its constructors.
local function named(what, registry)
  return function(v)
    if type(v) == "table" and rawget(v, "object") == what then return v.value, v.text end
    if type(v) ~= "string" then return nil, format("must be the name of %s %s, not %s", AN[what] and "an" or "a", what, shown(v)) end
    local found = internal[registry][v]
    if not found then return nil, format('unknown %s "%s"%s', what, v, suggestion(v, keys(internal[registry]))), true end
    return found, v
  end
end

types.activation = named("activation", "activations")

local function drawn_from(what, registry)        -- a name stands for the object with its default arguments
  local find = named(what, registry)
  return function(v)
    local found, text, unknown = find(v)
    if not found then return nil, text, unknown end
    return type(found) == "function" and found{}.value or found, nil
  end
end
types.initializer = drawn_from("initializer", "initializers")
types.regularizer = drawn_from("regularizer", "regularizers")

local function choice(list)
  return function(v)
    for _, name in ipairs(list) do
      if v == name then return v, v end
    end
    return nil, format('must be "%s", not %s', concat(list, '", "'), shown(v))
  end
end
internal.choice = choice
types.fan_mode = choice{ "fan_in", "fan_out", "fan_avg" }
types.distribution = choice{ "truncated_normal", "untruncated_normal", "uniform" }

-- What a layer's own arguments can be; the types below, and those of other files, are for what stands around layers.
internal.layer_types = {}
for name, check in pairs(types) do internal.layer_types[name] = check end

function types.metrics(v)
  if type(v) == "string" then v = { v } end
  if type(v) ~= "table" then return nil, format("must be a list of names, not %s", shown(v)) end
  for key in pairs(v) do
    if math_type(key) ~= "integer" then return nil, format('must be a list of names, like {"accuracy"}; "%s" has no place in it', tostring(key)) end
  end
  for _, name in ipairs(v) do
    if type(name) ~= "string" then return nil, format("must be a list of names; %s is not one", shown(name)) end
    if not internal.metrics[name] then
      return nil, format('unknown metric "%s"%s', name, suggestion(name, keys(internal.metrics))), true
    end
  end
  if #v > 8 then return nil, "must be at most 8 names" end
  return v, nil
end

-- False if there are any: what they were meant to say is not known.
local function report_unknown_keys(owner, given, known, line, positional_max)
  local surplus, good = 0, true
  for key in pairs(given) do
    if math_type(key) == "integer" and key > positional_max then surplus = surplus + 1
    elseif type(key) ~= "string" and (math_type(key) ~= "integer" or key < 1) then
      report(line, format("%s: %s cannot be the name of an argument", owner, shown(key)))
      good = false
    end
  end
  for _, key in ipairs(keys(given)) do
    if not known[key] then
      report(line, format('%s: unknown argument "%s"%s', owner, key, suggestion(key, keys(known))))
      good = false
    end
  end
  if surplus > 0 then
    report(line, format("%s: %d argument%s too many: it takes %s by position", owner, surplus, surplus == 1 and "" or "s",
           positional_max == 0 and "none" or format("at most %d", positional_max)))
  end
  return good and surplus == 0
end

-- Reads the arguments of a call, `given`, by the list of a definition (a type is a name or a check of its own): positional in Keras's order or named.
-- Returns the checked values and the plain ones; reports every mistake.
function internal.read_arguments(owner, list, given, line, positional_max)
  local values, plain, known = {}, {}, {}
  if is_unknown(given) then return { failed = true }, {} end
  if type(given) ~= "table" or is(given, Value) or rawget(given, "object") then given = { given } end
  for position, entry in ipairs(list) do
    local name, kind, default = entry[1], entry[2], entry[3]
    known[name] = true
    local v = given[name]
    if v == nil and given[position] ~= nil and (not positional_max or position <= positional_max) then v = given[position]
    elseif v ~= nil and given[position] ~= nil and (not positional_max or position <= positional_max) then
      report(line, format('%s: argument "%s" is given twice, by position and by name', owner, name))
    end
    if is_unknown(v) then
      values.failed = true
    elseif kind == "later" then
      if v ~= nil and v ~= default then report(line, format('%s: "%s" is not supported by this version', owner, name)) end
    elseif v == nil and default == nil then
      report(line, format('%s: missing argument "%s"', owner, name))
      values.failed = true
    else
      if v == nil then v = default end
      if v == false and default == false then
        values[name], plain[name] = false, false
      else
        local checked, rest, whole = (types[kind] or kind)(v)
        if checked == nil then
          report(line, whole and format("%s: %s", owner, rest) or format('%s: "%s" %s', owner, name, rest))
          values.failed = true
        else
          values[name], plain[name] = checked, rest
        end
      end
    end
  end
  if not report_unknown_keys(owner, given, known, line, positional_max or #list) then values.failed = true end
  return values, plain
end
