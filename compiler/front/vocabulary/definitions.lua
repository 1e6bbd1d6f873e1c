-- definitions.lua: layers, recurrent ones too, and their weights. A definition is one file of mathematics under
-- compiler/; a description may define its own layers with the same words. What stands around layers: objects.lua.
local internal = ...
local vocabulary = internal.vocabulary
local error, rawget = error, rawget
local ipairs, pairs, type, tostring, next = ipairs, pairs, type, tostring, next
local format, byte, concat, math_type = string.format, string.byte, table.concat, math.type
local report, caller_line = internal.report, internal.caller_line
local is_unknown, is_plain, items = internal.is_unknown, internal.is_plain, internal.items
local types, keys = internal.types, internal.keys
local shown, suggestion = internal.shown, internal.suggestion

-- Definers --------------------------------------------------------------------------------------------------

local COMMON = { { "trainable", "boolean", true }, { "name", "text", false }, { "input_shape", "shape", false },
                 { "batch_input_shape", "batch_shape", false }, { "ignore_mask", "boolean", false } }

local function extended(arguments, more)
  local list = {}
  for _, entry in ipairs(arguments or {}) do list[#list + 1] = entry end
  for _, entry in ipairs(more) do list[#list + 1] = entry end
  return list
end

-- What every layer has, as far as it is not among its own arguments.
local function common(def)
  local list, known = {}, {}
  for _, entry in ipairs(def.arguments or {}) do known[entry[1]] = true end
  for _, entry in ipairs(COMMON) do list[#list + 1] = entry end
  if not known.activity_regularizer and not def.activity then
    list[#list + 1] = { "activity_regularizer", "regularizer", false }
  end
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

-- What is wrong with a definition's own list of arguments; nil if nothing is. `common`: those that are there anyway;
-- without it the definition is a layer's.
local function wrong_arguments(arguments, common)
  local known = common and internal.argument_types or internal.layer_types
  if not is_plain(arguments) then return format("arguments must be a list, not %s", shown(arguments)) end
  local count, why = items(arguments)
  if not count then return "arguments " .. why end
  local seen = {}
  for _, entry in ipairs(common or COMMON) do seen[entry[1]] = true end
  for position, entry in ipairs(arguments) do
    if not is_plain(entry) or not is_identifier(entry[1]) or not items(entry) or #entry > 3 then
      return format('argument %d must be { "name", "type", default }, not %s', position, shown(entry))
    end
    local kind = entry[2]
    if not (known[kind] or kind == "later" or kind == "without_effect" or internal.is_choice(kind)) then
      local hint = type(entry[2]) == "string" and suggestion(entry[2], keys(known)) or ""
      return format('argument "%s" has the unknown type %s%s; there are: %s', entry[1], shown(entry[2]), hint,
                    concat(keys(known), ", "))
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

internal.definition = { wrong_arguments = wrong_arguments, refuse = refuse }

-- What a definition may say beside its mathematics.
local PARTS = { layer = { "arguments", "layers", "weights", "shape", "call", "over", "input", "mask" },
                recurrent = { "arguments", "layers", "weights", "state", "state_shapes", "initial", "step" } }
local MASKS = { pass = true, merge = true, ["end"] = true }
-- Of several outputs x is a list.
local MANY = { several = true, sequences = true }
local CHOICES = { over = { "sample", "step" },
                  input = { "sequence", "vector", "tokens", "samples", "image", "images", "any", "several",
                            "sequences" } }

-- What the definition says that it cannot say; nil if there is nothing. `once`: what descriptions once had to say.
function internal.definition.unknown_part(def, parts, once)
  local known = {}
  for _, part in ipairs(parts) do known[part] = true end
  for key in pairs(def) do
    if not known[key] and key ~= once then
      return format("%s has no place in it%s", shown(key), type(key) == "string" and suggestion(key, parts) or "")
    end
  end
end

-- What is wrong with the parts of a definition; nil if nothing is.
local function wrong_parts(what, def)
  local wrong = internal.definition.unknown_part(def, PARTS[what], what == "layer" and "streams")
  if wrong then return wrong end
  for _, part in ipairs{ "layers", "weights", "shape", "state_shapes", "initial" } do
    if def[part] ~= nil and type(def[part]) ~= "function" then
      return format("%s must be a function(%s), not %s", part, part == "initial" and "a, w, x" or "a, x",
                    shown(def[part]))
    end
  end
  for part, choices in pairs(CHOICES) do
    if def[part] ~= nil then
      local found, why = internal.choice(choices)(def[part])
      if found == nil then return format("%s %s", part, why) end
    end
  end
  local mask = def.mask
  if mask ~= nil and type(mask) ~= "function" and not MASKS[mask] then
    return format('mask must be "pass", "merge", "end" or a function(a, w, x), not %s', shown(mask))
  end
  if mask == "merge" and not MANY[def.input] then
    return 'mask = "merge" needs input = "several": one mask is handed on by "pass"'
  end
  if mask ~= nil and not def.over then
    return 'mask needs over = "sample": a layer that sees single features passes masks on'
  end
  if MANY[def.input] and def.over ~= "sample" then
    return format('input = "%s" needs over = "sample": x is a list of whole samples', def.input)
  end
end

local OWNED = { layer = true, layers = true, recurrent = true, cells = true }      -- types of arguments that are layers

-- Reshape{16, -1}, Permute{2, 1}: where the only argument is a list of numbers, these may stand for themselves.
local NUMBERS = { target_shape = true, axes = true }

local function gather_numbers(def, given)
  local list = def.positional == 1 and NUMBERS[def.arguments[1][2]]
  if not list or not is_plain(given) or type(given[1]) ~= "number" then return given end
  local numbers, rest = {}, {}
  for key, v in pairs(given) do
    if math_type(key) == "integer" then numbers[key] = v else rest[key] = v end
  end
  rest[1] = numbers
  return rest
end

local function define_layer(what, name, def, arguments)
  if not is_identifier(name) then
    return refuse(what, name, "a name is letters, digits and _, and starts with a letter")
  end
  local wrong = wrong_arguments(arguments) or not internal.loading_built_in and wrong_parts(what, def)
  if wrong then return refuse(what, name, "%s", wrong) end
  def.name = name
  def.positional = #arguments
  def.arguments = extended(arguments, common{ arguments = arguments, activity = def.activity })
  def.custom = not internal.loading_built_in
  def.line = caller_line()
  if def.streams ~= nil and def.custom then
    internal.note(def.line, format("%s: streams changes nothing here: " ..
                                   "the mathematics shows whether there is a streaming step", name))
  end
  internal.layers[name] = def
  def.owns, def.many = def.layers ~= nil, MANY[def.input] or false
  for _, entry in ipairs(arguments) do def.owns = def.owns or OWNED[entry[2]] end
  def.make = function(given, line)
    given = gather_numbers(def, given)
    local values, plain = internal.read_arguments(name, def.arguments, given, line, def.positional)
    if def.custom then internal.share(values) end
    local layer = internal.new_layer(def, values, plain, line)
    layer.given = given
    if def.owns then internal.claim_given(layer) end
    return layer
  end
  local constructor = internal.new_constructor(name, def.make)
  if def.custom then
    internal.user_globals[name] = internal.close(constructor)
  elseif def.hidden then
    def.inner = true
  else
    def.inner = internal.constructors[name] ~= nil     -- to a description that name is something else
    internal.constructors[name] = internal.constructors[name] or constructor
    for _, alias in ipairs(def.aliases or {}) do internal.constructors[alias] = constructor end
  end
  return constructor
end

-- layer "Dense" { arguments = , weights = function(a, x), shape = function(a, x), call = function(a, w, x) }
-- x has the features of one position; batch and all leading axes are implied. With over = "sample", x is the whole
-- sample; with over = "step", one step of a sequence of samples.
function vocabulary.layer(name)
  return function(def)
    if is_unknown(def) then return internal.unknown end
    if not is_plain(def) or type(def.call) ~= "function" then
      return refuse("layer", name, "needs call = function(a, w, x)")
    end
    return define_layer("layer", name, def, def.arguments or {})
  end
end

-- What every recurrent layer has, after its own arguments, in Keras's order.
local RECURRENT = {
  { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
  { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "regularizer", false },
  { "kernel_constraint", "constraint", false }, { "recurrent_constraint", "constraint", false },
  { "bias_constraint", "constraint", false },
  { "dropout", "later", 0 }, { "recurrent_dropout", "later", 0 }, { "seed", "later", false },
  { "return_sequences", "boolean", false }, { "return_state", "boolean", false },
  { "go_backwards", "boolean", false }, { "stateful", "boolean", false }, { "unroll", "without_effect", false },
  { "zero_output_for_mask", "boolean", false }, { "initial_state", "initial_state", "zeros" },
  { "truncate", "size", false },
}

-- What the loop around a cell has, and not the cell.
local OF_LOOP = { return_sequences = true, return_state = true, go_backwards = true, stateful = true, unroll = true,
                  zero_output_for_mask = true, initial_state = true, truncate = true,
                  activity_regularizer = true }

-- The cell of a recurrent layer, LSTMCell of LSTM, for loops around cells. There is none of a loop around cells, nor of
-- one whose states begin with what it makes of the whole sequence, nor of one over images, nor where the name is taken.
local function define_cell(name, parts, own)
  local cell_name, arguments, loop = name .. "Cell", {}, internal.layers[name]
  for _, entry in ipairs(own) do
    if entry[2] == "cells" then return end
    if not OF_LOOP[entry[1]] then arguments[#arguments + 1] = entry end
  end
  if parts.input then return end
  local taken = internal.constructors[cell_name] or loop.custom and rawget(internal.user_globals, cell_name) ~= nil
  if parts.initial or taken or not is_identifier(cell_name) then return end
  define_layer("recurrent", cell_name, parts, arguments)
  parts.is_cell, parts.line, loop.cell = true, loop.line, cell_name
end

-- recurrent "LSTM" { arguments = , state = { "h", "c" }, weights = function(a, x), step = function(a, w, x, s) }
-- x: this step's input, s: the state before it; step returns the state after it. The first state is the output.
-- A state has the shape {units}, or what state_shapes = function(a, x) says: { h = {a.projection} }. It begins with
-- zeros, or with what initial = function(a, w, x) makes of the weights or of the whole sequence: { h = w.first_h }.
-- Its step alone, for loops around cells, is LSTMCell. A loop around cells, arguments of type "cells", needs no states
-- of its own: s holds those of each cell, s[cell.name], and x, after[cell.name] = cell(x, s[cell.name]) is its step.
function vocabulary.recurrent(name)
  return function(def)
    if is_unknown(def) then return internal.unknown end
    if not is_plain(def) or type(def.step) ~= "function" then
      return refuse("recurrent", name, "needs step = function(a, w, x, s)")
    end
    local wrong, known, states, loops = wrong_arguments(def.arguments or {}), {}, {}, false
    for _, entry in ipairs(not wrong and def.arguments or {}) do
      known[entry[1]] = entry[2]
      loops = loops or entry[2] == "cells"
    end
    local named = is_plain(def.state) and items(def.state) and def.state[1] ~= nil
    if not named and not (loops and def.state == nil) then
      return refuse("recurrent", name, 'needs state = {"h"}, the names of its states')
    end
    for _, state in ipairs(def.state or {}) do
      if not is_identifier(state) or states[state] then
        return refuse("recurrent", name, "%s cannot be the name of a state", shown(state))
      end
      states[state] = true
    end
    if wrong then return refuse("recurrent", name, "%s", wrong) end
    if def.state and known.units ~= "size" and not def.state_shapes then
      return refuse("recurrent", name, 'needs an argument { "units", "size" }, or state_shapes = function(a, x)')
    end
    local own = {}
    for _, entry in ipairs(def.arguments or {}) do own[#own + 1] = entry end
    for _, entry in ipairs(RECURRENT) do
      if not known[entry[1]] and (not loops or OF_LOOP[entry[1]]) then own[#own + 1] = entry end
    end
    local parts = {}
    for part, v in pairs(def) do parts[part] = v end
    local constructor = define_layer("recurrent", name, def, own)
    if not is_unknown(constructor) then define_cell(name, parts, own) end
    return constructor
  end
end

-- The constraint of a weight of this shape: its axes as the bits of a number.
local function settled_constraint(c, shape)
  local bits = 0
  for _, axis in ipairs(c.axes) do
    local from_0 = axis < 0 and #shape + axis or axis
    if from_0 < 0 or from_0 >= #shape then
      error(format("%s: axis %d is none of a weight of shape {%s}", c.kind, axis, concat(shape, ", ")), 0)
    end
    bits = bits | 1 << from_0
  end
  return { kind = c.kind, min_value = c.min_value, max_value = c.max_value, rate = c.rate, axes = bits }
end

-- The numbers of a list, or of lists in lists, as a weight of this shape has them; a single one is that of all.
local function spread_values(given, shape, first)
  local list, count = {}, 1
  local function add(v)
    for _, item in ipairs(v) do
      if is_plain(item) then add(item) else list[#list + 1] = item end
    end
  end
  add(given)
  for _, extent in ipairs(shape) do count = count * extent end
  if #list == 1 then
    for i = 2, count do list[i] = list[1] end
  end
  if #list ~= count then
    error(format("there are %d numbers for a weight of shape {%s}", #list, concat(shape, ", ")), 0)
  end
  for i = (first.ones_begin or 0) + 1, first.ones_end or 0 do list[i] = 1 end
  return list
end

-- weight({rows, columns}, initializer, regularizer, constraint): a trained array of a layer. The initializer is an
-- argument of the layer, a name or an object like Ones(); without one, glorot_uniform for a matrix and zeros for a
-- vector.
local weight_count = 0
local function make_weight(shape, initializer, regularizer, constraint)
  local rank = is_plain(shape) and items(shape)
  if not rank or rank < 1 or rank > 4 then
    error("weight takes a shape of one to four extents: weight({rows, columns}, ...)", 0)
  end
  for d = 1, #shape do
    local extent, why = types.size(shape[d])
    if not extent then error(format("weight: extent %d %s", d, why), 0) end
  end
  local function value_of(what, v)
    local found, why = types[what](v)
    if not found then error("weight: " .. why, 0) end
    return found.value
  end
  if initializer == nil then initializer = #shape > 1 and "glorot_uniform" or "zeros" end
  local numbers = is_plain(initializer) and initializer[1] ~= nil and initializer or nil
  local first = value_of("initializer", numbers and "zeros" or initializer)
  numbers = numbers or is_plain(first.values) and first.values
  local values = numbers and spread_values(numbers, shape, first)
  weight_count = weight_count + 1
  return { object = "weight", order = weight_count, shape = shape, initializer = first, values = values or nil,
           regularizer = regularizer and value_of("regularizer", regularizer),
           constraint = constraint and settled_constraint(value_of("constraint", constraint), shape) }
end
vocabulary.weight = make_weight

-- statistic(shape, initializer): a weight that no gradient changes, but update does, once a batch: a moving mean.
function vocabulary.statistic(shape, initializer)
  local made = make_weight(shape, initializer or "zeros")
  made.statistic = true
  return made
end

-- adapted(shape, "mean") or "variance": a statistic that lstmc train sets: of each feature of the samples that train,
-- in the input that the layer reads.
function vocabulary.adapted(shape, what)
  local found, why = internal.choice{ "mean", "variance" }(what)
  if found == nil then error("adapted: what it is made of " .. why, 0) end
  local made = vocabulary.statistic(shape, what == "mean" and "zeros" or "ones")
  made.adapted = what
  return made
end

-- pretrained(weight, vectors): what lstmc train reads from a file, npy{...} or glove{...}, in place of what the
-- initializer draws; false: nothing.
function vocabulary.pretrained(made, vectors)
  if vectors then made.vectors = vectors end
  return made
end

-- with_ones(initializer, first, last): the same, with elements first <= i < last set to one.
function vocabulary.with_ones(initializer, first, last)
  local found, why = types.initializer(initializer)
  if not found then error("with_ones: " .. why, 0) end
  for _, bound in ipairs{ first, last } do
    if math_type(bound) ~= "integer" or bound < 0 then
      error(format("with_ones: an element is a whole number from 0, not %s", shown(bound)), 0)
    end
  end
  local v = found.value
  return { object = "initializer",
           value = { kind = v.kind, a = v.a, b = v.b, fan = v.fan, values = v.values, ones_begin = first,
                     ones_end = last } }
end

-- input "Input" { arguments = }: its sizes may stand for themselves: Input{32, 8}.
function vocabulary.input(name)
  return function(def)
    def.name, def.is_input, def.over, def.arguments = name, true, "sample", extended(def.arguments, COMMON)
    internal.layers[name] = def
    internal.constructor(name, function(given, line)
      local named, sizes = {}, {}
      if is_unknown(given) then return internal.new_layer(def, { failed = true }, {}, line) end
      for key, v in pairs(given) do
        if math_type(key) == "integer" then sizes[key] = v else named[key] = v end
      end
      for _, v in pairs(sizes) do
        if is_unknown(v) then sizes = { v } break end
      end
      if type(sizes[1]) == "table" and not is_unknown(sizes[1]) then sizes = sizes[1] end
      if next(sizes) ~= nil then
        if named.shape ~= nil then
          report(line, format('%s: argument "shape" is given twice, by position and by name', name))
        end
        named.shape = is_unknown(sizes[1]) and sizes[1] or sizes
      end
      local whole = named.batch_shape or named.batch_input_shape
      if named.shape == nil then
        named.shape = named.input_shape or is_plain(whole) and { table.unpack(whole, 2) } or nil
      end
      local values, plain = internal.read_arguments(name, def.arguments, named, line, 0)
      return internal.new_layer(def, values, plain, line)
    end)
    for _, alias in ipairs(def.aliases or {}) do internal.constructors[alias] = internal.constructors[name] end
  end
end
