-- handles.lua: what a description can do with a handle (lua_doors.c): arithmetic and indices where it stands for
-- mathematics, methods where it is a model. Everything else about an object is the compiler's.
local internal = ...
local is, Value, Element, Axis = internal.is, internal.Value, internal.Element, internal.Axis
local visible, shown, report, caller_line = internal.visible, internal.shown, internal.report, internal.caller_line
local rawget, type, error = rawget, type, error
local format = string.format
local handle = internal.handle_metatable

internal.methods = {}               -- object -> name -> function

local function is_mathematics(object)
  return is(object, Value) or is(object, Element) or is(object, Axis)
end

local function operation(name, f)
  return visible(function(a, b)
    if not is_mathematics(a) and not is_mathematics(b) then
      error(format("%s of %s and %s", name, shown(a), shown(b)), 0)
    end
    return f(a, b)
  end, name)
end

handle.__add = operation("addition", function(a, b) return a + b end)
handle.__sub = operation("subtraction", function(a, b) return a - b end)
handle.__mul = operation("multiplication", function(a, b) return a * b end)
handle.__div = operation("division", function(a, b) return a / b end)
handle.__unm = operation("negation", function(a) return -a end)

-- Comparing would decide when the description runs, not for each number.
local function comparison(word)
  return function() error(format("values cannot be compared by %s: write greater(a, b), which is 1 or 0", word), 0) end
end
handle.__lt, handle.__le = comparison "<", comparison "<="

local VALUE_FIELDS = { features = true, timesteps = true, shape = true }

handle.__index = visible(function(object, key)
  if is(object, Value) then
    if type(key) == "table" or VALUE_FIELDS[key] then return object[key] end
    error(format("a value has no field %s: there are x.features, x.timesteps and x[{axes}]", shown(key)), 0)
  end
  if rawget(object, "object") == "sublayer" then return object[key] end
  local methods = internal.methods[rawget(object, "object")]
  local method = methods and methods[key]
  if method then return method end
  report(caller_line(), internal.no_method(object, key))
  return internal.unknown
end, "index")

handle.__newindex = visible(function(object, key, v)
  if is(object, Value) then Value.__newindex(object, key, v)
  else report(caller_line(), format("%s cannot be changed: its arguments are set where it is made", shown(object))) end
end, "index")

handle.__tostring = visible(shown, "tostring")
handle.__pairs = visible(function(object)
  error(format("%s is not a table: it has no fields to visit", shown(object)), 0)
end, "pairs")
handle.__name = "object"
handle.__metatable = "object"

-- What to say of a method or field that an object does not have.
function internal.no_method(object, key)
  return format("%s has no field %s: its arguments are set where it is made", shown(object), shown(key))
end
