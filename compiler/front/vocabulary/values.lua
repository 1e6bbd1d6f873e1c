-- values.lua: the notation in which layers are written.
--
-- A *value* is a whole array seen by the mathematics of a layer (x, a weight, a gate); batch and, where implied, time
-- do not show. Arithmetic on values is elementwise. An *element* is a value at an index, x[{t, k}]; y[{t, f}] = ...
-- defines a value by its elements, with Einstein's convention: in each term, an axis that does not stand on the left is
-- summed over.
-- Nothing is computed here: values form a graph that lowering.lua turns into statements of the IR.
local internal = ...

local Value, Element, Axis = { kind = "value" }, { kind = "element" }, { kind = "axis" }
internal.Value, internal.Element, internal.Axis = Value, Element, Axis

local getmetatable, setmetatable, type, error, math_type = getmetatable, setmetatable, type, error, math.type
local rawget, rawset, ipairs = rawget, rawset, ipairs
local format, gmatch, concat = string.format, string.gmatch, table.concat
local floor = math.floor

local function is(object, metatable)
  return type(object) == "table" and getmetatable(object) == metatable.kind and rawget(object, "_class") == metatable
end
internal.is = is

-- A mistake inside the mathematics: reported at the line of the description or layer file that made it.
local function mistake(...)
  error(format(...), 3)
end

-- Axes and affine indices -----------------------------------------------------------------------------------

local function make(class, fields)
  fields._class = class
  return setmetatable(fields, class)
end

local function affine_of(object)      -- number, axis or affine -> { constant, terms = { { axis, coefficient }, ... } }
  if type(object) == "number" then
    local whole = math_type(object) == "integer" and object or floor(object)
    if whole ~= object then mistake("an index must be a whole number, not %s", object) end
    return make(Axis, { constant = whole, terms = {} })
  end
  return object
end

local function affine_add(a, b, sign)
  a, b = affine_of(a), affine_of(b)
  if not (is(a, Axis) and is(b, Axis)) then mistake("an index is a sum of axes, numbers and multiples of axes") end
  local sum = { constant = a.constant + sign * b.constant, terms = {} }
  for _, term in ipairs(a.terms) do sum.terms[#sum.terms + 1] = { axis = term.axis, coefficient = term.coefficient } end
  for _, term in ipairs(b.terms) do
    local found
    for _, mine in ipairs(sum.terms) do
      if mine.axis == term.axis then
        mine.coefficient = mine.coefficient + sign * term.coefficient
        found = true
      end
    end
    if not found then sum.terms[#sum.terms + 1] = { axis = term.axis, coefficient = sign * term.coefficient } end
  end
  local kept = {}
  for _, term in ipairs(sum.terms) do
    if term.coefficient ~= 0 then kept[#kept + 1] = term end
  end
  sum.terms = kept
  return make(Axis, sum)
end

local function affine_multiply(a, b)
  if type(a) == "number" then a, b = b, a end
  if type(b) ~= "number" then mistake("an index is affine: axes cannot be multiplied with each other") end
  b = floor(b)
  local product = make(Axis, { constant = a.constant * b, terms = {} })
  for _, term in ipairs(a.terms) do
    product.terms[#product.terms + 1] = { axis = term.axis, coefficient = term.coefficient * b }
  end
  return product
end

-- A named axis; its extent is found where it is used.
local function new_axis(name, extent)
  local axis = { name = name, extent = extent }
  return make(Axis, { constant = 0, terms = { { axis = axis, coefficient = 1 } } })
end
internal.new_axis, internal.affine_of = new_axis, affine_of
internal.affine_add, internal.affine_multiply = affine_add, affine_multiply

-- The axis itself, if the index is one axis and nothing else.
local function lone_axis(index)
  if is(index, Axis) and index.constant == 0 and #index.terms == 1 and index.terms[1].coefficient == 1 then
    return index.terms[1].axis
  end
end
internal.lone_axis = lone_axis

-- Elements --------------------------------------------------------------------------------------------------

local function element(op, a, b)
  return make(Element, { op = op, a = a, b = b })
end
internal.element = element

-- A constant becomes a float.
local FLOAT_MAX = 0x1.fffffep127
local function finite(number)
  if not (number >= -FLOAT_MAX and number <= FLOAT_MAX) then mistake("%s is beyond the range of float", number) end
  return number
end

local function to_element(object)
  if type(object) == "number" then return make(Element, { op = "constant", value = finite(object) }) end
  if is(object, Element) then return object end
  if is(object, Axis) then return make(Element, { op = "position", index = object }) end
  if is(object, Value) and #object.shape == 0 then return object[{}] end
  mistake("a whole value cannot be mixed with elements: give it an index, like x[{n}]")
end
internal.to_element = to_element

-- Sums and whole multiples of axes are indices; in any other arithmetic an axis is the number of its position.
local function index_or_element(op, affine)
  local function is_index(object)
    return is(object, Axis) or type(object) == "number" and object == floor(object)
  end
  return function(a, b)
    if is_index(a) and is_index(b) then return affine(a, b) end
    return element(op, to_element(a), to_element(b))
  end
end

Axis.__add = index_or_element("add", function(a, b) return affine_add(a, b, 1) end)
Axis.__sub = index_or_element("subtract", function(a, b) return affine_add(a, b, -1) end)
Axis.__mul = index_or_element("multiply", affine_multiply)
Axis.__div = function(a, b) return element("divide", to_element(a), to_element(b)) end
Axis.__unm = function(a) return affine_multiply(a, -1) end
Axis.__metatable = "axis"

-- An axis that stands alone in an index has the extent of that dimension, everywhere.
local function learn_extents(shape, index)
  for d, position in ipairs(index) do
    local axis = lone_axis(position)
    if axis and not axis.extent then axis.extent = shape[d] end
    if axis and axis.extent ~= shape[d] then
      mistake("axis %s has %d elements, but index %d of this value has %d: use two axes", axis.name, axis.extent, d,
              shape[d])
    end
  end
end

local function check_index(value, index)
  if #index ~= #value.shape then
    mistake("%d indices for a value of rank %d", #index, #value.shape)
  end
  local checked = {}
  for d = 1, #index do
    local position = index[d]
    if type(position) == "number" then position = affine_of(position) end
    if is(position, Value) and #position.shape == 0 then position = position[{}] end
    if not (is(position, Axis) or is(position, Element)) then mistake("index %d is not an axis", d) end
    checked[d] = position
  end
  learn_extents(value.shape, checked)
  return checked
end

-- Values ----------------------------------------------------------------------------------------------------

local count = 0
-- Values are emitted in the order of their numbers.
function internal.next_number()
  count = count + 1
  return count
end

-- internal.scan: the scan whose step is being called, or nil (scan.lua); internal.cell: the cell in it (cells.lua).
local function value(fields)
  fields.number, fields.scan, fields.cell = internal.next_number(), internal.scan, internal.cell
  return make(Value, fields)
end
internal.value = value

-- What is there already: at(index) is its element.
function internal.leaf(shape, at, static)
  return value{ op = "leaf", shape = shape, at = at, static = static or false }
end

-- b lies along the last axes of a alone: indices say that, operators do not.
local function advice_for(a, b)
  if #a.shape < #b.shape then a, b = b, a end
  if #a.shape ~= 2 or #b.shape ~= 1 or a.shape[2] ~= b.shape[1] then return "" end
  return ": with indices they do, y[{ t, k }] = u[{ t, k }] + v[{ k }]"
end

-- How the shapes of two operands of an elementwise operation go together: equal, but that an extent of 1 counts for
-- all; or one of them a scalar.
local function common_shape(a, b)
  if type(a) == "number" then return b.shape end
  if type(b) == "number" or #b.shape == 0 then return a.shape end
  if #a.shape == 0 then return b.shape end
  local same, shape = #a.shape == #b.shape, {}
  for d, extent in ipairs(a.shape) do
    shape[d] = extent == 1 and b.shape[d] or extent
    same = same and (b.shape[d] == shape[d] or b.shape[d] == 1)
  end
  if not same then
    mistake("shapes {%s} and {%s} do not go together%s", concat(a.shape, ", "), concat(b.shape, ", "), advice_for(a, b))
  end
  return shape
end

local function binary(op, fold)
  return function(a, b)
    if is(a, Axis) or is(b, Axis) or is(a, Element) or is(b, Element) then
      return element(op, to_element(a), to_element(b))
    end
    if type(a) == "number" and type(b) == "number" then return fold(a, b) end
    if not (is(a, Value) or type(a) == "number") or not (is(b, Value) or type(b) == "number") then
      mistake("arithmetic on a %s", is(a, Value) and type(b) or type(a))
    end
    if type(a) == "number" then finite(a) end
    if type(b) == "number" then finite(b) end
    if op == "multiply" then           -- x * 1 is x itself: dropout at inference leaves no trace
      if a == 1 then return b end
      if b == 1 then return a end
    end
    return value{ op = op, a = a, b = b, shape = common_shape(a, b) }
  end
end

local function unary(op, fold, root)
  return function(a)
    if type(a) == "number" then return fold(a) end
    if is(a, Element) or is(a, Axis) then return element(op, to_element(a)) end
    if not is(a, Value) then mistake("%s of a %s", op, type(a)) end
    return value{ op = op, a = a, shape = a.shape, root = root }
  end
end

local add = binary("add", function(a, b) return a + b end)
local subtract = binary("subtract", function(a, b) return a - b end)
local multiply = binary("multiply", function(a, b) return a * b end)
local divide = binary("divide", function(a, b) return a / b end)
local negate = unary("negate", function(a) return -a end)

for _, class in ipairs{ Value, Element } do
  class.__add, class.__sub, class.__mul, class.__div, class.__unm = add, subtract, multiply, divide, negate
  class.__metatable = class.kind
end

function Value.__index(self, key)
  if type(key) == "table" then
    return make(Element, { op = "load", value = self, index = check_index(self, key) })
  end
  if key == "features" then return self.shape[#self.shape] end
  if key == "timesteps" and #self.shape > 1 then return self.shape[1] end
  return nil
end

-- y[{t, f}] = term + term + ...
function Value.__newindex(self, key, right)
  if type(key) ~= "table" then mistake("values have no field %s to set", internal.shown(key)) end
  if self.op ~= "indexed" then mistake("only a value made by tensor{...} can be defined by its elements") end
  if rawget(self, "right") then mistake("this value is defined already") end
  rawset(self, "number", internal.next_number())
  rawset(self, "scan", internal.scan)
  rawset(self, "left", check_index(self, key))
  rawset(self, "right", to_element(right))
end

-- The vocabulary --------------------------------------------------------------------------------------------

local vocabulary = {}
internal.vocabulary = vocabulary

-- axes "t f k": one axis for each name.
function vocabulary.axes(names)
  if type(names) ~= "string" then mistake("axes takes the names in one string: axes \"t n\"") end
  local list = {}
  for name in gmatch(names, "%S+") do
    if not internal.is_identifier(name) then
      mistake("an axis is named by letters, digits and _, not %s", internal.shown(name))
    end
    list[#list + 1] = new_axis(name)
  end
  if #list == 0 then mistake("axes takes the names in one string: axes \"t n\"") end
  return table.unpack(list)
end

-- tensor{rows, columns}: a value to be defined by its elements.
function vocabulary.tensor(shape)
  if type(shape) ~= "table" then mistake("tensor takes its shape in a table") end
  local rank, why = internal.items(shape)
  if not rank then mistake("tensor: the shape %s", why) end
  local copy = {}
  for d = 1, rank do
    copy[d], why = internal.types.size(shape[d])
    if not copy[d] then mistake("extent %d is not a positive whole number: it %s", d, why) end
  end
  return value{ op = "indexed", shape = copy }
end

-- exp(x), max(a, b), stop(v), ...: a function for each row of ops.h that is written as a call.
for _, row in ipairs(internal.operations) do
  local function of_numbers(...) return internal.evaluate(row.number, ...) end
  vocabulary[row.name] = row.arity == 1 and unary(row.op, of_numbers, row.root) or binary(row.op, of_numbers)
end

-- keep(mask, v): of a mask of one number for each step, and v of more axes, the steps that it keeps.
local keep = vocabulary.keep
function vocabulary.keep(mask, v)
  if is(mask, Value) and is(v, Value) and #mask.shape == 1 and #v.shape > 1 then
    local shape = { mask.shape[1] }
    for d = 2, #v.shape do shape[d] = 1 end
    mask = value{ op = "view", base = mask, shape = shape, map = function(index) return { index[1] } end }
  end
  return keep(mask, v)
end

-- Of a value, over its last axis: of a vector a scalar; of more axes, a value whose last extent is 1.
local function over_last_axis(v, element)
  local index, left, shape = {}, {}, {}
  for d, extent in ipairs(v.shape) do
    index[d] = new_axis(d < #v.shape and "n" .. d or "k")
    if #v.shape > 1 then left[d], shape[d] = d < #v.shape and index[d] or 0, d < #v.shape and extent or 1 end
  end
  local result = value{ op = "indexed", shape = shape }
  result[left] = element(v[index])
  return result
end

-- m[{...}] = largest(element): the maximum over the axes that do not stand on the left. largest(v): over the last axis.
function vocabulary.largest(e)
  local function largest_of(a) return make(Element, { op = "largest", a = a }) end
  if not is(e, Value) then return largest_of(to_element(e)) end
  if #e.shape == 0 then mistake("largest of a scalar") end
  return over_last_axis(e, largest_of)
end

-- sum(v), mean(v): over the last axis.
function vocabulary.sum(v)
  if not is(v, Value) or #v.shape == 0 then mistake("sum takes a value that has an axis") end
  return over_last_axis(v, function(a) return a * 1.0 end)
end

function vocabulary.mean(v)
  if not is(v, Value) or #v.shape == 0 then mistake("mean takes a value that has an axis") end
  return over_last_axis(v, function(a) return a * (1.0 / v.features) end)
end

-- Each row of x meets a block of columns of its own: y {rows, columns / rows}.
local function affine_of_rows(x, kernel, bias)
  local rows, width = x.shape[1], kernel.shape[2] // x.shape[1]
  local g, k, n = new_axis("g"), new_axis("k"), new_axis("n")
  local y = value{ op = "indexed", shape = { rows, width }, product = true }
  local column = affine_add(affine_multiply(g, width), n, 1)
  local right = kernel[{ k, column }] * x[{ g, k }]
  y[{ g, n }] = bias and bias[{ column }] + right or right
  return y
end

-- affine(x, kernel, bias): x kernel + bias, bias may be left out. Of x {blocks, features} each row meets a block of the
-- columns of its own (gates), and y is {blocks, columns of a block}.
function vocabulary.affine(x, kernel, bias)
  if not is(x, Value) or not is(kernel, Value) then mistake("affine takes x, a kernel and perhaps a bias") end
  if #x.shape == 2 and #kernel.shape == 2 and x.shape[2] == kernel.shape[1] and kernel.shape[2] % x.shape[1] == 0 then
    return affine_of_rows(x, kernel, bias)
  end
  if #x.shape ~= 1 or #kernel.shape ~= 2 or x.shape[1] ~= kernel.shape[1] then
    local rows = #x.shape == 2 and #kernel.shape == 2 and x.shape[2] == kernel.shape[1]
    mistake("affine: x {%s} and kernel {%s} do not go together%s", concat(x.shape, ", "), concat(kernel.shape, ", "),
            rows and ": of all steps it is y[{ t, k }] = x[{ t, f }] * kernel[{ f, k }]" or "")
  end
  local k, n = new_axis("k"), new_axis("n")
  local y = value{ op = "indexed", shape = { kernel.shape[2] }, product = true }
  local right = kernel[{ k, n }] * x[{ k }]
  y[{ n }] = bias and bias[{ n }] + right or right
  return y
end

-- concatenate({a, b, ...}, axis): side by side along an axis, counted from 1; without it along the last one. The other
-- extents are equal.
function vocabulary.concatenate(parts, axis)
  local count = type(parts) == "table" and not is(parts, Value) and internal.items(parts)
  if not count or count < 1 then mistake("concatenate takes a list of values: concatenate({a, b})") end
  local shape = {}
  for position, part in ipairs(parts) do
    if not is(part, Value) then mistake("concatenate: item %d is %s, not a value", position, internal.shown(part)) end
    if #part.shape == 0 then mistake("concatenate: item %d is a scalar", position) end
    for d, extent in ipairs(part.shape) do shape[d] = shape[d] or extent end
  end
  axis = axis == nil and #shape or axis
  if math_type(axis) ~= "integer" or axis < 1 or axis > #shape then
    mistake("concatenate: the axis is between 1 and %d, not %s", #shape, internal.shown(axis))
  end
  shape[axis] = 0
  for _, part in ipairs(parts) do
    local same = #part.shape == #shape
    for d, extent in ipairs(part.shape) do same = same and (d == axis or shape[d] == extent) end
    if not same then
      mistake("concatenate: {%s} and {%s} do not go together along axis %d", concat(parts[1].shape, ", "),
              concat(part.shape, ", "), axis)
    end
    shape[axis] = shape[axis] + part.shape[axis]
  end
  if count == 1 then return parts[1] end
  local places, from = {}, 0
  for position, part in ipairs(parts) do
    places[position], from = { [axis] = from }, from + part.shape[axis]
  end
  return value{ op = "concatenate", parts = parts, places = places, shape = shape }
end

-- gates(z, 4): the blocks of columns of z, side by side; of a weight of rank 2, its blocks of columns; of what affine
-- made of as many rows, its rows.
function vocabulary.gates(z, blocks)
  local list = {}
  if is(z, Value) and z.op ~= "leaf" and z.op ~= "call" and #z.shape == 2 and z.shape[1] == blocks then
    for g = 1, blocks do list[g] = vocabulary.row(z, g - 1) end
    return table.unpack(list)
  end
  if not is(z, Value) or z.features % blocks ~= 0 then mistake("gates: cannot cut into %d blocks", blocks) end
  local width = z.features // blocks
  if z.op == "leaf" or z.op == "call" then
    for g = 1, blocks do
      local shape = {}
      for d = 1, #z.shape do shape[d] = z.shape[d] end
      shape[#shape] = width
      list[g] = value{ op = "view", base = z, shape = shape, map = function(index)
        local moved = {}
        for d = 1, #index do moved[d] = index[d] end
        moved[#moved] = affine_add(index[#index], (g - 1) * width, 1)
        return moved
      end }
    end
  else
    if #z.shape ~= 1 or rawget(z, "blocks") and z.blocks ~= blocks then
      mistake("gates of a value of rank %d", #z.shape)
    end
    rawset(z, "blocks", blocks)
    for g = 1, blocks do list[g] = value{ op = "gate", base = z, gate = g - 1, shape = { width } } end
  end
  return table.unpack(list)
end

-- row(bias, 1): the second row of a value of rank 2.
function vocabulary.row(v, r)
  if not is(v, Value) or #v.shape ~= 2 then mistake("row takes a value of rank 2") end
  return value{ op = "view", base = v, shape = { v.shape[2] },
                map = function(index) return { affine_of(r), index[1] } end }
end

-- power(v, 3), power(v, 0.7): a whole exponent up to 8 is a product; others take what is not positive for 1e-30.
function vocabulary.power(v, exponent)
  if math_type(exponent) == nil or exponent < 0 then mistake("power takes an exponent that is a number from 0") end
  if exponent > 8 or exponent ~= floor(exponent) then
    return vocabulary.exp(exponent * vocabulary.log(vocabulary.max(v, 1e-30)))
  end
  local product = 1
  for _ = 1, exponent do product = v * product end
  return product
end
