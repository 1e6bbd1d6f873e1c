-- arguments.lua: the arguments of a call: how they may be written, their types, their mistakes.
local internal = ...
local is_unknown, is_plain, items = internal.is_unknown, internal.is_plain, internal.items
local shown, suggestion, keys = internal.shown, internal.suggestion, internal.keys
local rawget, ipairs, pairs, next, type, select = rawget, ipairs, pairs, next, type, select
local format, find, concat = string.format, string.find, table.concat
local math_type, floor = math.type, math.floor
local report, caller_line = internal.report, internal.caller_line

internal.layers, internal.activations, internal.losses = {}, {}, {}
internal.optimizers, internal.initializers, internal.regularizers, internal.constraints = {}, {}, {}, {}
internal.constructors = {}      -- what a description can call: LSTM, Adam, csv, ...; sandbox.lua gives each a door

-- The ways to write a call: LSTM{50, return_sequences = true}, LSTM(50, {return_sequences = true}), LSTM(50) ---------

local function has_names(v)
  for key in pairs(v) do
    if type(key) == "string" then return true end
  end
  return false
end

-- The call as it should have been written; "..." stands for what cannot be written out.
local function corrected(owner, values, names)
  local parts = {}
  local function said(v)
    if type(v) == "function" or type(v) == "table" and not is_plain(v) then return "..." end
    if not is_plain(v) then return shown(v) end
    local inner = {}
    for _, item in ipairs(v) do inner[#inner + 1] = said(item) end
    return "{" .. concat(inner, ", ") .. "}"
  end
  for i = 1, values.count do parts[i] = values[i] == nil and "nil" or said(values[i]) end
  for _, name in ipairs(keys(names)) do parts[#parts + 1] = name .. " = " .. said(names[name]) end
  return owner .. "{" .. concat(parts, ", ") .. "}"
end

-- What a call was given, as the table that braces would have made of it: values by position, names from a last table.
function internal.gather(owner, line, ...)
  local count, given = select("#", ...), { ... }
  local last = given[count]
  if count == 1 and (is_plain(last) or is_unknown(last)) then return last end
  local values, names, wrong = { count = 0 }, {}, false
  local function add(v)
    values.count = values.count + 1
    values[values.count] = v
  end
  for i = 1, count do
    local v = given[i]
    if is_plain(v) and (has_names(v) or i > 1 and i == count and next(v) == nil) then
      wrong = wrong or i < count or v[1] ~= nil
      for key, item in pairs(v) do
        if type(key) == "string" then names[key] = item else add(item) end
      end
    else
      add(v)
    end
  end
  if wrong then
    report(line, format("%s: names stand in one table, behind the values: write %s", owner,
                        corrected(owner, values, names)))
    return internal.unknown
  end
  values.count = nil
  for name, v in pairs(names) do values[name] = v end
  return values
end

-- The function that a description calls by the name of a class.
function internal.new_constructor(class, make)
  return function(...)
    local line = caller_line()
    return make(internal.gather(class, line, ...), line)
  end
end

-- internal.constructor("LSTM", function(given, line) ... end): a description has it under that name.
function internal.constructor(class, make)
  internal.constructors[class] = internal.new_constructor(class, make)
end

-- Argument types: check(value) -> value for the mathematics, value as plain data; or nil, what is wrong --------------

local SIZE_MAX = 16777216
local COUNT_MAX = 1000000000
local SEED_MAX = 1 << 53        -- larger ones are not all doubles

local types = {}
internal.types = types

local function whole_number(low, high, words)
  return function(v)
    if type(v) ~= "number" then return nil, format("must be a whole number, not %s", shown(v)) end
    if v ~= v or v ~= floor(v) or v < low or v > high then
      return nil, format("must be a whole number %s, not %s", words, shown(v))
    end
    return floor(v), floor(v)
  end
end

types.size = whole_number(1, SIZE_MAX, format("between 1 and %d", SIZE_MAX))
-- One size, by itself or in a list as Keras has it.
types.size_1d = function(v)
  if is_plain(v) and items(v) == 1 then v = v[1] end
  return types.size(v)
end
types.count = whole_number(0, COUNT_MAX, format("from 0 to %d", COUNT_MAX))
types.axis = whole_number(-8, 8, "from -8 to 8")
-- Numbers: one, or a list; as plain data they are a text.
types.numbers_1d = function(v)
  local list = type(v) == "number" and { v } or v
  local count, why
  if is_plain(list) then count, why = items(list) end
  if not count or count < 1 then
    return nil, why or format("must be a number or a list of numbers, not %s", shown(v))
  end
  for k = 1, count do
    if type(list[k]) ~= "number" or not (list[k] > -1e30 and list[k] < 1e30) then
      return nil, format("must be finite numbers; %s is none", shown(list[k]))
    end
  end
  return list, concat(list, " ")
end
types.seed = whole_number(0, SEED_MAX, "from 0 to 2^53")

-- Lists of whole numbers; as plain data they are a text, "2 1".
local function list_of(v, check, most)
  if not is_plain(v) then return nil, format("must be a list of whole numbers, not %s", shown(v)) end
  local length, why = items(v)
  if not length then return nil, why end
  if length < 1 or length > most then return nil, format("must have 1 to %d items, not %d", most, length) end
  local list = {}
  for i = 1, length do
    list[i], why = check(v[i])
    if not list[i] then return nil, format("item %d %s", i, why) end
  end
  return list, concat(list, " ")
end

-- Places in front and behind: 2, or {1, 2}.
types.border_1d = function(v)
  if type(v) == "number" then v = { v, v } end
  local border, plain = list_of(v, types.count, 2)
  if border and #border ~= 2 then return nil, "must be a whole number, or two: in front and behind" end
  return border, plain
end

-- Along the rows and along the columns of an image: sizes, 3 or {3, 2}; borders, 1, {1, 2} or {{1, 2}, {0, 3}}, where
-- two places in a list of their own are those in front and behind.
local function of_both(v, check)
  if type(v) == "number" then v = { v, v } end
  if not is_plain(v) or items(v) ~= 2 then
    return nil, format("must be a whole number, or two: along rows and columns, not %s", shown(v))
  end
  local both, plain = {}, {}
  for d = 1, 2 do
    local rest
    both[d], rest = check(v[d])
    if not both[d] then return nil, format("item %d %s", d, rest) end
    plain[d] = rest
  end
  return both, concat(plain, " ")
end

types.size_2d = function(v) return of_both(v, types.size) end
types.border_2d = function(v) return of_both(v, types.border_1d) end

-- Axes of a sample, from 1.
types.axes = function(v) return list_of(v, whole_number(1, 4, "from 1 to 4"), 4) end
-- One of each of two flows, or the same of both; from 1, or -1 for the last.
types.axes_of_two = function(v)
  return list_of(type(v) == "number" and { v, v } or v, whole_number(-4, 4, "from -4 to 4"), 2)
end

-- Sizes, one of which may be -1: what is left for it.
types.target_shape = function(v)
  local open = 0
  return list_of(v, function(size)
    open = open + (size == -1 and 1 or 0)
    if open > 1 then return nil, "is a second -1" end
    if size == -1 then return -1 end
    return types.size(size)
  end, 4)
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
types.fraction = function(v)
  local checked, why = types.rate(v)
  if checked == 1 then return nil, "must be less than 1" end
  return checked, checked and checked or why
end

types.decay = types.fraction

function types.boolean(v)
  if type(v) ~= "boolean" then return nil, format("must be true or false, not %s", shown(v)) end
  return v, v
end

function types.text(v)
  if type(v) ~= "string" then return nil, format("must be a string, not %s", shown(v)) end
  if find(v, "\0", 1, true) then return nil, "must be a text without zero bytes" end
  return v, v
end

local EXTENTS_MAX = 4

function types.shape(v)
  if not is_plain(v) then return nil, format("must be a table of sizes, not %s", shown(v)) end
  local rank, why = items(v)
  if not rank and v[1] == nil then
    return nil, why .. ": every extent is known, so write how many time steps a sample has"
  end
  if not rank then return nil, why end
  if rank < 1 or rank > EXTENTS_MAX then
    return nil, format("must have one to four extents, {features}, {timesteps, features} or up to {timesteps, " ..
                       "height, width, channels}, not %d", rank)
  end
  local shape = {}
  for d = 1, rank do
    shape[d], why = types.size(v[d])
    if not shape[d] then return nil, format("extent %d %s", d, why) end
  end
  return shape, nil
end

-- Keras's batch_input_shape: how many samples, and the shape of one.
function types.batch_shape(v)
  if not is_plain(v) then return nil, format("must be a table of sizes, not %s", shown(v)) end
  local batch, why = types.size(v[1])
  if not batch then return nil, "begins with the size of a batch, which " .. why end
  local shape
  shape, why = types.shape({ table.unpack(v, 2) })
  return shape and { batch = batch, shape = shape }, why
end

local AN = { activation = true, initializer = true, optimizer = true }

-- 'unknown loss "msee" (did you mean "mse"?)', or that this version has not what Keras calls so.
function internal.unknown_name(what, name, known)
  local foreign = internal.not_supported(what, name)
  return foreign and format('%s "%s"%s', what, name, foreign)
         or format('unknown %s "%s"%s', what, name, suggestion(name, keys(known)))
end

-- A name from a table of definitions, or an object made by one of its constructors.
local function named(what, registry)
  return function(v)
    if type(v) == "table" and rawget(v, "object") == what then return v, v.text end
    if type(v) ~= "string" then
      return nil, format("must be the name of %s %s, not %s", AN[what] and "an" or "a", what, shown(v))
    end
    local found = internal[registry][v]
    if not found then return nil, internal.unknown_name(what, v, internal[registry]), true end
    return found, v
  end
end

local activation_by_name = named("activation", "activations")
types.activation = function(v)
  local own = type(v) == "function" and internal.activation_functions[v]
  if own then return own.apply, own.name end
  return activation_by_name(v)
end

local function drawn_from(what, registry)        -- a name stands for the object with its default arguments
  local find = named(what, registry)
  return function(v)
    local found, text, unknown = find(v)
    if not found then return nil, text, unknown end
    return type(found) == "function" and found{} or found, nil
  end
end
types.initializer = drawn_from("initializer", "initializers")
types.regularizer = drawn_from("regularizer", "regularizers")
types.constraint = drawn_from("constraint", "constraints")

local function choice(list)
  return function(v)
    for _, name in ipairs(list) do
      if v == name then return v, v end
    end
    return nil, format('must be "%s", not %s', concat(list, '", "'), shown(v))
  end
end
internal.choice = choice

-- The type of an argument that is one of a few texts: their list.
local function is_choice(kind)
  if not is_plain(kind) or not items(kind) or kind[1] == nil then return false end
  for _, name in ipairs(kind) do
    if type(name) ~= "string" then return false end
  end
  return true
end
internal.is_choice = is_choice
types.fan_mode = choice{ "fan_in", "fan_out", "fan_avg" }
types.distribution = choice{ "truncated_normal", "untruncated_normal", "uniform" }

-- An argument of which nothing more is said: an unknown name, or that of a definition that was refused.
local REGISTRIES = { activation = "activations", initializer = "initializers" }
local function is_reported(kind, v)
  return is_unknown(v) or REGISTRIES[kind] and internal.is_misdefined(REGISTRIES[kind], v)
end

-- What the arguments of a definition can be, and what those of a layer can be besides (sublayers.lua); the types below,
-- and those of other files, are for what stands around layers.
internal.argument_types, internal.layer_types = {}, {}
for name, check in pairs(types) do internal.argument_types[name], internal.layer_types[name] = check, check end

-- An argument that its owner does not know: Keras's or nobody's. False if it is accepted, as it changes nothing.
function internal.refuse_argument(owner, key, known, line)
  if internal.without_effect(key, line) then return false end
  local foreign = internal.not_supported("argument", key)
  report(line, foreign and format('%s: "%s"%s', owner, key, foreign)
         or format('%s: unknown argument "%s"%s', owner, key, suggestion(key, keys(known))))
  return true
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
    if not known[key] and internal.refuse_argument(owner, key, known, line) then good = false end
  end
  if surplus > 0 then
    local most = positional_max == 0 and "none" or format("at most %d", positional_max)
    report(line, format("%s: %d argument%s too many: it takes %s by position", owner, surplus,
                        surplus == 1 and "" or "s", most))
  end
  return good and surplus == 0
end

-- Reads the arguments of a call, `given`, by the list of a definition (a type is a name or a check of its own):
-- positional in Keras's order or named. Returns the checked values and the plain ones; reports every mistake.
function internal.read_arguments(owner, list, given, line, positional_max)
  local values, plain, known = {}, {}, {}
  if is_unknown(given) then return { failed = true }, {} end
  for position, entry in ipairs(list) do
    local name, kind, default = entry[1], entry[2], entry[3]
    known[name] = true
    local v = given[name]
    local by_position = given[position] ~= nil and (not positional_max or position <= positional_max)
    if v == nil and by_position then v = given[position]
    elseif v ~= nil and by_position then
      report(line, format('%s: argument "%s" is given twice, by position and by name', owner, name))
    end
    if is_reported(kind, v) then
      values.failed = true
    elseif kind == "later" then
      if v ~= nil and v ~= default then
        local answer = internal.not_supported("argument", name) or " is not supported by this version"
        report(line, format('%s: "%s"%s', owner, name, answer))
      end
    elseif kind == "without_effect" then
      if v ~= nil and v ~= default then internal.note_without_effect(name, line) end
    elseif v == nil and default == nil then
      report(line, format('%s: missing argument "%s"', owner, name))
      values.failed = true
    else
      if v == nil then v = default end
      if v == false and default == false then
        values[name], plain[name] = false, false
      else
        local check = types[kind] or is_choice(kind) and choice(kind) or kind
        local checked, rest, whole = check(v)
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
