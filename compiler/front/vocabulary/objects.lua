-- objects.lua: what stands around layers under names: activations, losses, metrics, optimizers, initializers,
-- regularizers, constraints. A definition is one file of mathematics under compiler/mathematics; a description may
-- define activations, losses, metrics and initializers of its own with the same words.
local internal = ...
local vocabulary, is, Value = internal.vocabulary, internal.is, internal.Value
local error, rawget, rawset, ipairs, pairs, type = error, rawget, rawset, ipairs, pairs, type
local format, concat, math_type = string.format, table.concat, math.type
local report, caller_line = internal.report, internal.caller_line
local call_named, shown = internal.call_named, internal.shown
local is_unknown, is_plain, is_identifier = internal.is_unknown, internal.is_plain, internal.is_identifier
local types, definition = internal.types, internal.definition

local function mistake(...) error(format(...), 0) end

-- What a description's own definition may say, and which of it must be a function of what.
local PARTS = {
  activation  = { "call" },
  loss        = { "class", "arguments", "call", "over", "target", "target_shape" },
  metric      = { "call", "over" },
  initializer = { "class", "arguments", "value" },
}
local FUNCTIONS = {
  activation = { call = "x" }, loss = { call = "a, y, p", target_shape = "a, shape" }, metric = { call = "y, p" },
  initializer = { value = "a" },
}
local REQUIRED = { activation = "call", loss = "call", metric = "call", initializer = "value" }
local CHOICES = { over = { "sample" }, target = { "class" } }

local function wrong_class(class)
  if class == nil then return nil end
  if not is_identifier(class) then
    return format("class must be letters, digits and _, and start with a letter, not %s", shown(class))
  end
  if internal.constructors[class] or rawget(internal.user_globals, class) ~= nil then
    return format('class "%s" is there already', class)
  end
end

-- What is wrong with a definition that a description makes; nil if nothing is.
local function wrong_definition(what, name, def, registry)
  if not is_identifier(name) then return "a name is letters, digits and _, and starts with a letter" end
  local required = REQUIRED[what]
  if not is_plain(def) or type(def[required]) ~= "function" then
    return format("needs %s = function(%s)", required, FUNCTIONS[what][required])
  end
  if internal[registry][name] then return "there is one of that name already" end
  local wrong = definition.unknown_part(def, PARTS[what]) or wrong_class(def.class) or
                def.arguments ~= nil and definition.wrong_arguments(def.arguments, {}) or nil
  if wrong then return wrong end
  for part, parameters in pairs(FUNCTIONS[what]) do
    if def[part] ~= nil and type(def[part]) ~= "function" then
      return format("%s must be a function(%s), not %s", part, parameters, shown(def[part]))
    end
  end
  for part, choices in pairs(CHOICES) do
    local found, why = true, nil
    if def[part] ~= nil then found, why = internal.choice(choices)(def[part]) end
    if found == nil then return format("%s %s", part, why) end
  end
end

-- word "name" { ... }: make(name, def) for what is good; what a mistake would have made takes every use in silence.
local function word(what, registry, make)
  return function(name)
    return function(def)
      if is_unknown(def) then return internal.unknown end
      local own = not internal.loading_built_in
      local wrong = own and wrong_definition(what, name, def, registry)
      if wrong then
        if type(name) == "string" then internal.misdefined[registry .. "." .. name] = true end
        return definition.refuse(what, name, "%s", wrong)
      end
      def.what, def.name, def.custom, def.line = what, name, own, caller_line()
      def.arguments = def.arguments or {}
      return make(name, def)
    end
  end
end

-- Names whose definition was refused: nothing more is said of them.
internal.misdefined = {}
function internal.is_misdefined(registry, name)
  return type(name) == "string" and not internal[registry][name] and internal.misdefined[registry .. "." .. name]
end

-- The constructor of a definition's class: for descriptions one more global, if they define it.
local function constructor_of(def, make)
  local constructor = internal.new_constructor(def.class or def.name, make)
  if not def.custom then internal.constructors[def.class] = constructor
  elseif def.class then internal.user_globals[def.class] = internal.close(constructor) end
  return constructor
end

local function enter(registry, def, what)
  internal[registry][def.name] = what
  for _, alias in ipairs(def.aliases or {}) do internal[registry][alias] = what end
end

-- activation "sigmoid" { call = function(x), logit_form = }
-- The shape of x is its own; along the last axis where that matters.
internal.activation_functions = {}          -- what a description holds of its own ones -> the same with names
internal.own_activations = {}               -- those, in order
internal.activation_definitions = {}        -- the others, by name
vocabulary.activation = word("activation", "activations", function(name, def)
  local function apply(x)
    local scope = def.custom and internal.scope or {}
    local layer = scope.layer
    scope.layer = nil                       -- noise belongs to layers
    local y = call_named(def.call, x)
    scope.layer = layer
    if is(y, Value) and y ~= x then
      rawset(y, "activation", def)
      rawset(y, "pre", x)
    end
    if def.custom and is(x, Value) and not (is(y, Value) and concat(y.shape, ", ") == concat(x.shape, ", ")) then
      mistake('activation "%s": call must return a value of the shape of x, {%s}, not %s', name, concat(x.shape, ", "),
              is(y, Value) and format("of shape {%s}", concat(y.shape, ", ")) or shown(y))
    end
    return y
  end
  enter("activations", def, apply)
  if not def.custom then
    internal.activation_definitions[name] = def
    return apply
  end
  local door = internal.visible(apply, name)
  local own = { apply = apply, name = name, line = def.line }
  internal.activation_functions[door] = own
  internal.own_activations[#internal.own_activations + 1] = { name = name, line = def.line }
  return door
end)

-- activate(x, "softmax"): by its name; of a value of any shape, along its last axis.
function vocabulary.activate(x, name)
  local apply, why = types.activation(name)
  if not apply then mistake("activate: %s", why) end
  return apply(x)
end

local function object_definer(what, registry)
  return word(what, registry, function(name, def)
    enter(registry, def, def)
    return constructor_of(def, function(given, line)
      local values, plain = internal.read_arguments(def.class or name, def.arguments, given, line)
      if def.custom then internal.share(values) end
      return { object = what, definition = def, arguments = values, plain = plain, line = line, given = given,
               failed = values.failed }
    end)
  end)
end

-- loss "mse" { class = "MeanSquaredError", arguments = , call = function(a, y, p), call_logits = , logits = ,
--              positive = true, target = "class", over = "sample", target_shape = function(a, shape) }
-- y and p: target and prediction of one step; with over = "sample", of the whole sample, and the mask, if the output
-- has one, is a fourth argument. The target has the shape of the output, or what target_shape makes of that; with
-- target = "class" it is whole numbers, one for each step.
vocabulary.loss = object_definer("loss", "losses")
-- optimizer "adam" { class = "Adam", arguments = }: the update itself is the runtime's (runtime/train/optimizer.c).
vocabulary.optimizer = object_definer("optimizer", "optimizers")

-- metric "name" { call = function(y, p), over = "sample" }: the mean of it is shown; nothing is derived from it. Steps
-- that a mask leaves out do not count; what is over the whole sample is given the mask: call = function(y, p, mask).
vocabulary.metric = word("metric", "metrics", function(_, def)
  def.of_values = true                      -- called without arguments of its own
  enter("metrics", def, def)
end)

-- What a description's own initializer returns: another one, by name or made by a constructor. nil after a mistake.
local function own_value(def, values)
  if def.running then
    report(def.line, format('initializer "%s": its value is made of itself', def.name))
    return nil
  end
  def.running = true
  local made = call_named(def.value, values)
  local found, why, whole
  if not is_unknown(made) and not internal.is_misdefined("initializers", made) then
    found, why, whole = types.initializer(made)
    if not found then
      report(def.line, format('initializer "%s": %s', def.name, whole and why
                              or format("value must return an initializer, or the name of one, not %s", shown(made))))
    end
  end
  def.running = nil
  return found and found.value
end

-- initializer "glorot_uniform" { class = "GlorotUniform", arguments = , value = function(a) }: the drawing is
-- runtime/train/init.c's.
local function plain_object(what, registry)
  return word(what, registry, function(name, def)
    local constructor = constructor_of(def, function(given, line)
      local values = internal.read_arguments(def.class or name, def.arguments, given, line)
      if not def.custom then return { object = what, value = def.value(values.failed and {} or values) } end
      local value = not values.failed and own_value(def, values)
      return value and { object = what, value = value } or internal.unknown
    end)
    enter(registry, def, constructor)
    return constructor
  end)
end
vocabulary.initializer = plain_object("initializer", "initializers")
vocabulary.regularizer = plain_object("regularizer", "regularizers")

-- A class that does not count; often none of those that the output has, -1.
function types.ignored_class(v)
  if math_type(v) == "integer" and v > -(1 << 31) and v < 1 << 31 then return v, v end
  return nil, format("must be a whole number, not %s", shown(v))
end

-- The class that stands for no label: the first one, as in Keras, or the last one of the output.
function types.blank(v)
  if v == 0 or v == "last" then return v, v end
  return nil, format('must be 0 or "last", the last class of the output, not %s', shown(v))
end

-- A number, or those of a whole weight in lists, row by row.
local function is_numbers(v)
  if type(v) == "number" then return v > -1e30 and v < 1e30 end
  if not is_plain(v) or not internal.items(v) then return false end
  for _, item in ipairs(v) do
    if not is_numbers(item) then return false end
  end
  return v[1] ~= nil
end
function types.constant(v)
  if not is_plain(v) then return types.number(v) end
  if is_numbers(v) then return v, nil end
  return nil, "must be a number, or lists of finite numbers, row by row as the weight has them"
end

-- Axes of a weight, along which norms are taken: one, or a list; from 0, or from the last one, -1.
function types.norm_axes(v)
  local list = type(v) == "number" and { v } or v
  local count, why
  if is_plain(list) then count, why = internal.items(list) end
  if not count or count < 1 or count > 4 then
    return nil, why or format("must be an axis of the weight, or a list of them, not %s", shown(v))
  end
  local axes = {}
  for k = 1, count do
    axes[k], why = types.axis(list[k])
    if not axes[k] then return nil, why end
  end
  return axes, nil
end
vocabulary.constraint = plain_object("constraint", "constraints")
