-- definitions.lua: what can be named: layers, activations, losses, optimizers, initializers, regularizers, and the types of their arguments.
-- A definition is one file of mathematics under compiler/; a description may define its own with the same words.
local internal = ...
local vocabulary, is, Value = internal.vocabulary, internal.is, internal.Value
local error = error
local rawget, rawset, ipairs, pairs, type, tostring = rawget, rawset, ipairs, pairs, type, tostring
local format, byte, sort, concat = string.format, string.byte, table.sort, table.concat
local math_type, floor, huge = math.type, math.floor, math.huge
local report, caller_line, call_named, visible = internal.report, internal.caller_line, internal.call_named, internal.visible

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

-- A name from a table of definitions, or an object made by one of its constructors.
local function named(what, registry)
  return function(v)
    if type(v) == "table" and rawget(v, "object") == what then return v.value, v.text end
    if type(v) ~= "string" then return nil, format("must be the name of %s %s, not %s", (byte(what) == 97 or byte(what) == 105 or byte(what) == 111) and "an" or "a", what, shown(v)) end
    local found = internal[registry][v]
    if not found then return nil, format('unknown %s "%s"%s', what, v, suggestion(v, keys(internal[registry]))), true end
    return found, v
  end
end

types.activation = named("activation", "activations")

function types.initializer(v)
  local find = named("initializer", "initializers")
  local found, text, unknown = find(v)
  if not found then return nil, text, unknown end
  if type(found) == "function" then found = found{}.value end
  return found, nil
end

function types.regularizer(v)
  local find = named("regularizer", "regularizers")
  local found, text, unknown = find(v)
  if not found then return nil, text, unknown end
  if type(found) == "function" then found = found{}.value end
  return found, nil
end

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

-- Reads the arguments of a call, `given`, by the list of a definition: positional in Keras's order or named.
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
        local checked, rest, whole = types[kind](v)
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

-- Definers ------------------------------------------------------------------------------------------------------------------------

local COMMON = { { "trainable", "boolean", true }, { "name", "text", false }, { "input_shape", "shape", false } }

local function extended(arguments, more)
  local list = {}
  for _, entry in ipairs(arguments or {}) do list[#list + 1] = entry end
  for _, entry in ipairs(more) do list[#list + 1] = entry end
  return list
end

local function is_identifier(name)
  if type(name) ~= "string" or #name == 0 or #name > 60 then return false end
  for i = 1, #name do
    local c = byte(name, i)
    local letter = c >= 65 and c <= 90 or c >= 97 and c <= 122
    if not (letter or i > 1 and (c == 95 or c >= 48 and c <= 57)) then return false end
  end
  return true
end
internal.is_identifier = is_identifier

-- What is wrong with a layer's own list of arguments; nil if nothing is.
local function wrong_arguments(arguments)
  if type(arguments) ~= "table" then return format("arguments must be a list, not %s", shown(arguments)) end
  local seen = {}
  for _, entry in ipairs(COMMON) do seen[entry[1]] = true end
  for position, entry in ipairs(arguments) do
    if type(entry) ~= "table" or not is_identifier(entry[1]) then
      return format('argument %d must be { "name", "type", default }, not %s', position, shown(entry))
    end
    if not (types[entry[2]] or entry[2] == "later") then
      return format('argument "%s" has the unknown type %s%s; there are: %s', entry[1], shown(entry[2]),
                    type(entry[2]) == "string" and suggestion(entry[2], keys(types)) or "", concat(keys(types), ", "))
    end
    if seen[entry[1]] then return format('argument "%s" is there already', entry[1]) end
    seen[entry[1]] = true
  end
end

-- A mistake in a definition: what it would have made takes every use in silence.
local function refuse(what, name, ...)
  report(caller_line(), format('%s "%s": %s', what, tostring(name), format(...)))
  return internal.unknown
end

local function define_layer(what, name, def, arguments)
  if not is_identifier(name) then return refuse(what, name, "a name is letters, digits and _, and starts with a letter") end
  local wrong = wrong_arguments(arguments)
  if wrong then return refuse(what, name, "%s", wrong) end
  for _, part in ipairs{ "weights", "shape" } do
    if def[part] ~= nil and type(def[part]) ~= "function" then
      return refuse(what, name, "%s must be a function(a, x), not %s", part, shown(def[part]))
    end
  end
  def.name = name
  def.positional = #arguments
  def.arguments = extended(arguments, COMMON)
  def.custom = not internal.loading_built_in
  def.line = caller_line()
  internal.layers[name] = def
  local constructor = visible(function(given)
    local line = caller_line()
    local values, plain = internal.read_arguments(name, def.arguments, given, line, def.positional)
    return internal.new_layer(def, values, plain, line)
  end)
  if def.custom then internal.user_globals[name] = constructor else internal.constructors[name] = constructor end
  return constructor
end

-- layer "Dense" { arguments = , weights = function(a, x), shape = function(a, x), call = function(a, w, x) }
-- x has the features of one position; batch and all leading axes are implied. With over = "sample", x is the whole sample.
function vocabulary.layer(name)
  return function(def)
    if is_unknown(def) then return internal.unknown end
    if type(def) ~= "table" or type(def.call) ~= "function" then return refuse("layer", name, "needs call = function(a, w, x)") end
    return define_layer("layer", name, def, def.arguments or {})
  end
end

-- What every recurrent layer has, after its own arguments, in Keras's order.
local RECURRENT = {
  { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false }, { "bias_regularizer", "regularizer", false },
  { "activity_regularizer", "later", false },
  { "kernel_constraint", "later", false }, { "recurrent_constraint", "later", false }, { "bias_constraint", "later", false },
  { "dropout", "later", 0 }, { "recurrent_dropout", "later", 0 }, { "seed", "later", false },
  { "return_sequences", "boolean", false }, { "return_state", "later", false },
  { "go_backwards", "boolean", false }, { "stateful", "later", false }, { "unroll", "later", false },
}

-- recurrent "LSTM" { arguments = , state = { "h", "c" }, weights = function(a, x), step = function(a, w, x, s) }
-- x: this step's input, s: the state before it; step returns the state after it. The first state is the output.
function vocabulary.recurrent(name)
  return function(def)
    if is_unknown(def) then return internal.unknown end
    if type(def) ~= "table" or type(def.step) ~= "function" then return refuse("recurrent", name, "needs step = function(a, w, x, s)") end
    if type(def.state) ~= "table" or not def.state[1] then return refuse("recurrent", name, 'needs state = {"h"}, the names of its states') end
    for _, state in ipairs(def.state) do
      if not is_identifier(state) then return refuse("recurrent", name, "%s cannot be the name of a state", shown(state)) end
    end
    local wrong, known = wrong_arguments(def.arguments or {}), {}
    if wrong then return refuse("recurrent", name, "%s", wrong) end
    for _, entry in ipairs(def.arguments or {}) do known[entry[1]] = entry[2] end
    if known.units ~= "size" then return refuse("recurrent", name, 'needs an argument { "units", "size" }') end
    local own = {}
    for _, entry in ipairs(def.arguments) do own[#own + 1] = entry end
    for _, entry in ipairs(RECURRENT) do
      if not known[entry[1]] then own[#own + 1] = entry end
    end
    return define_layer("recurrent", name, def, own)
  end
end

-- activation "sigmoid" { call = function(x), logit_form = }
function vocabulary.activation(name)
  return function(def)
    local function apply(x)
      local y = call_named(def.call, x)
      if is(y, Value) and y ~= x then
        rawset(y, "activation", def)
        rawset(y, "pre", x)
      end
      return y
    end
    def.name = name
    internal.activations[name] = apply
    for _, alias in ipairs(def.aliases or {}) do internal.activations[alias] = apply end
    return apply
  end
end

local function definer(registry, class_of)
  return function(name)
    return function(def)
      def.name = name
      internal[registry][name] = def
      for _, alias in ipairs(def.aliases or {}) do internal[registry][alias] = def end
      internal.constructors[def.class] = visible(function(given)
        local line = caller_line()
        local values, plain = internal.read_arguments(def.class, def.arguments or {}, given == nil and {} or given, line)
        return { object = class_of, definition = def, arguments = values, plain = plain, line = line, failed = values.failed }
      end)
    end
  end
end

-- loss "mse" { class = "MeanSquaredError", call = function(a, y, p), call_logits = , logits = , target = "class" }
vocabulary.loss = definer("losses", "loss")
-- optimizer "adam" { class = "Adam", arguments = }: the update itself is the runtime's (runtime/optimizer.c).
vocabulary.optimizer = definer("optimizers", "optimizer")

-- initializer "glorot_uniform" { class = "GlorotUniform", arguments = , value = function(a) }: the drawing is runtime/init.c's.
local function plain_object(registry, what)
  return function(name)
    return function(def)
      local constructor = visible(function(given)
        local values = internal.read_arguments(def.class, def.arguments or {}, given == nil and {} or given, caller_line())
        return { object = what, value = values.failed and def.value{} or def.value(values) }
      end)
      internal[registry][name] = constructor
      for _, alias in ipairs(def.aliases or {}) do internal[registry][alias] = constructor end
      internal.constructors[def.class] = constructor
    end
  end
end
vocabulary.initializer = plain_object("initializers", "initializer")
vocabulary.regularizer = plain_object("regularizers", "regularizer")

internal.metrics = { accuracy = true, acc = true, binary_accuracy = true, categorical_accuracy = true, sparse_categorical_accuracy = true,
                     mse = true, mean_squared_error = true, mae = true, mean_absolute_error = true }

-- weight({rows, columns}, initializer, regularizer): a trained array of a layer. The initializer is an argument of the layer, a name or an
-- object like Ones(); without one, glorot_uniform for a matrix and zeros for a vector.
local weight_count = 0
function vocabulary.weight(shape, initializer, regularizer)
  if type(shape) ~= "table" or #shape < 1 or #shape > 3 then error("weight takes a shape of one to three extents: weight({rows, columns}, ...)", 0) end
  for d = 1, #shape do
    local extent, why = types.size(shape[d])
    if not extent then error(format("weight: extent %d %s", d, why), 0) end
  end
  if initializer == nil then initializer = #shape > 1 and "glorot_uniform" or "zeros" end
  if type(initializer) ~= "table" or rawget(initializer, "object") then
    local found, why = types.initializer(initializer)
    if not found then error("weight: " .. why, 0) end
    initializer = found
  end
  if type(regularizer) == "string" or type(regularizer) == "table" and rawget(regularizer, "object") then
    local found, why = types.regularizer(regularizer)
    if not found then error("weight: " .. why, 0) end
    regularizer = found
  end
  weight_count = weight_count + 1
  return { object = "weight", order = weight_count, shape = shape, initializer = initializer, regularizer = regularizer or nil }
end

-- with_ones(initializer, first, last): the same, with elements first <= i < last set to one.
function vocabulary.with_ones(initializer, first, last)
  return { kind = initializer.kind, a = initializer.a, b = initializer.b, fan = initializer.fan, ones_begin = first, ones_end = last }
end

local function choice(list)
  return function(v)
    for _, name in ipairs(list) do
      if v == name then return v, v end
    end
    return nil, format('must be "%s", not %s', concat(list, '", "'), shown(v))
  end
end
types.fan_mode = choice{ "fan_in", "fan_out", "fan_avg" }
types.distribution = choice{ "truncated_normal", "untruncated_normal", "uniform" }

-- input "Input" { arguments = }: its sizes may stand for themselves: Input{32, 8}.
function vocabulary.input(name)
  return function(def)
    def.name, def.is_input, def.over, def.arguments = name, true, "sample", extended(def.arguments, COMMON)
    internal.layers[name] = def
    internal.constructors[name] = visible(function(given)
      local line, named = caller_line(), {}
      if is_unknown(given) then return internal.new_layer(def, { failed = true }, {}, line) end
      if type(given) ~= "table" then given = { given } end
      local sizes = {}
      for key, v in pairs(given) do
        if math_type(key) == "integer" then sizes[key] = v else named[key] = v end
      end
      for _, v in pairs(sizes) do
        if is_unknown(v) then sizes = { v } break end
      end
      if type(sizes[1]) == "table" and not is_unknown(sizes[1]) then sizes = sizes[1] end
      if sizes[1] ~= nil then
        if named.shape ~= nil then report(line, format('%s: argument "shape" is given twice, by position and by name', name)) end
        named.shape = is_unknown(sizes[1]) and sizes[1] or sizes
      end
      local values, plain = internal.read_arguments(name, def.arguments, named, line, 0)
      return internal.new_layer(def, values, plain, line)
    end)
  end
end
