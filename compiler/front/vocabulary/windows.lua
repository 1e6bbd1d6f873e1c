-- windows.lua: words for what slides over a sequence or a picture and for what only moves numbers: how many windows
-- there are, what stands around the numbers, which steps came before, where an element of one shape is in another.
-- in: sizes as Keras says them.  out: counts, and values with a border.
local internal = ...
local vocabulary, is, Value = internal.vocabulary, internal.is, internal.Value
local value, leaf = internal.value, internal.leaf
local new_axis, affine_of = internal.new_axis, internal.affine_of
local affine_add, affine_multiply = internal.affine_add, internal.affine_multiply
local types, is_identifier, shown = internal.types, internal.is_identifier, internal.shown
local error, ipairs, type, rawset, table = error, ipairs, type, rawset, table
local format, math_type = string.format, math.type

local p, s = internal.program, internal.statements
local add_tensor, batched_tensor, add_statement, unique_name = p.add_tensor, p.batched_tensor, p.add_statement,
                                                               p.unique_name
local constant, load, place = p.constant, p.load, p.place
local element_at, joined, fresh_axes = s.element_at, s.joined, s.fresh_axes

local function mistake(...) error(format(...), 0) end

-- axis("k", n): one axis of n elements: where no index says how many, as in x[{ 2 * t + k, c }].
function vocabulary.axis(name, extent)
  if not is_identifier(name) then
    mistake("an axis is named by letters, digits and _, not %s", shown(name))
  end
  local checked, why = types.size(extent)
  if not checked then mistake("axis %s: its extent %s", name, why) end
  return new_axis(name, checked)
end

-- axes_of(v): a list, an axis for each extent of v; row_major(index, shape): where an element stands if all lie in one
-- row, the last axis first.
function vocabulary.axes_of(v)
  if not is(v, Value) then mistake("axes_of takes a value, not %s", shown(v)) end
  local list = {}
  for d, extent in ipairs(v.shape) do
    list[d] = new_axis(d == #v.shape and "n" or p.LEADING_AXES[d], extent)
  end
  return list
end

function vocabulary.row_major(index, shape)
  local place = affine_of(0)
  for d, extent in ipairs(shape) do place = affine_add(affine_multiply(place, extent), index[d], 1) end
  return place
end

local function along_one_axis(extent, size, strides, dilation, padding)
  local reach = (size - 1) * dilation + 1
  if padding == "valid" then
    local program = internal.scope and internal.scope.program
    if extent == 1 and program and program.streaming then return 1, 0, 0 end      -- slide: the rest came before
    if reach > extent then
      mistake("a window of %d places does not fit into %d", reach, extent)
    end
    return (extent - reach) // strides + 1, 0, 0
  end
  local count = (extent - 1) // strides + 1
  if padding == "causal" then return count, reach - 1, 0 end
  local total = (count - 1) * strides + reach - extent
  if total < 0 then total = 0 end
  return count, total // 2, total - total // 2
end

-- window(extent, size, strides, dilation, padding): how many windows of `size` places, `dilation` apart, there are, if
-- the first one begins at the first place and each begins `strides` behind the one before; and how many places have to
-- stand before the first and behind the last one. padding: "valid", none; "same", as many windows as places to begin
-- at; "causal", a window ends where it stands. Of lists, an item for each axis, the three are lists.
function vocabulary.window(extent, size, strides, dilation, padding)
  if type(size) ~= "table" then return along_one_axis(extent, size, strides, dilation, padding) end
  local counts, before, after = {}, {}, {}
  for d = 1, #size do
    counts[d], before[d], after[d] = along_one_axis(extent[d], size[d], strides[d], dilation[d], padding)
  end
  return counts, before, after
end

-- A value of that shape, all of whose elements are one number.
local function filled(shape, number)
  return leaf(shape, function() return constant(number) end, true)
end

-- pad(x, axis, before, after, number): x with so many places in front and behind along an axis, counted from 1; all of
-- them are `number`, 0 without it. Lists of places are those of this axis and of the ones behind it.
function vocabulary.pad(x, axis, before, after, number)
  if not is(x, Value) or #x.shape == 0 then mistake("pad takes a value, not %s", shown(x)) end
  before, after = type(before) == "table" and before or { before }, type(after) == "table" and after or { after }
  local most = #x.shape - #before + 1
  if math_type(axis) ~= "integer" or axis < 1 or axis > most then
    mistake("pad: the axis is between 1 and %d, not %s", most, shown(axis))
  end
  -- At first x alone, in its place; axis by axis a strip in front of what is there and one behind it.
  local parts, places, shape, corner = { x }, { {} }, { table.unpack(x.shape) }, {}
  local function add_strip(position, d, count, from)
    local checked, why = types.count(count)
    if not checked then mistake("pad: the places %s", why) end
    if checked == 0 then return end
    local strip, at = { table.unpack(shape) }, { table.unpack(corner) }
    strip[d], at[d] = checked, from
    table.insert(parts, position, filled(strip, number or 0))
    table.insert(places, position, at)
  end
  for d = 1, #shape do corner[d] = before[d - axis + 1] or 0 end
  places[1] = { table.unpack(corner) }
  for k = 1, #before do
    local d = axis + k - 1
    add_strip(1, d, before[k], 0)
    add_strip(#parts + 1, d, after[k], corner[d] + shape[d])
    shape[d], corner[d] = before[k] + shape[d] + after[k], 0
  end
  if #parts == 1 then return x end
  return value{ op = "concatenate", parts = parts, places = places, shape = shape }
end

-- crop(x, axis, before, after): x without so many places in front and behind along an axis, counted from 1; of lists,
-- along this axis and the ones behind it.
function vocabulary.crop(x, axis, before, after)
  if not is(x, Value) or #x.shape == 0 then mistake("crop takes a value, not %s", shown(x)) end
  before, after = type(before) == "table" and before or { before }, type(after) == "table" and after or { after }
  local shape, most = { table.unpack(x.shape) }, #x.shape - #before + 1
  if math_type(axis) ~= "integer" or axis < 1 or axis > most then
    mistake("crop: the axis is between 1 and %d, not %s", most, shown(axis))
  end
  for k = 1, #before do
    local d = axis + k - 1
    for _, count in ipairs{ before[k], after[k] } do
      local checked, why = types.count(count)
      if not checked then mistake("crop: the places %s", why) end
    end
    shape[d] = shape[d] - before[k] - after[k]
    if shape[d] < 1 then mistake("of %d places nothing is left", x.shape[d]) end
  end
  return value{ op = "view", base = x, shape = shape, map = function(index)
    local moved = { table.unpack(index) }
    for k = 1, #before do moved[axis + k - 1] = affine_add(moved[axis + k - 1], before[k], 1) end
    return moved
  end }
end

-- History ---------------------------------------------------------------------------------------------------

-- A state with `rows` rows more than the sequence has steps: these come in, the steps follow. A prediction begins with
-- zeros; a stream goes on with the last rows.
local function store_rows(scope, node, x, rows)
  local program, steps = scope.program, x.shape[1]
  local tensor = batched_tensor(program, { layer = scope.layer_name, name = unique_name(scope, "history"),
    role = "state", incoming = rows }, true, node.shape)
  local function at(row, n) return place(program, true, joined({ row }, n)) end
  rawset(node, "stored", function(index, implied) return load(tensor, place(program, true, joined(implied, index))) end)
  local rest = { table.unpack(node.shape, 2) }
  local r, n = new_axis("r", rows), fresh_axes(rest)
  add_statement(scope, "reset", "set", tensor, at(r, n), constant(0))
  local t, m = new_axis("t", steps), fresh_axes(rest)
  add_statement(scope, "forward", "set", tensor, at(affine_add(t, rows, 1), m),
                element_at(scope, x, joined({ t }, m), scope.frame.implied))
  if program.streaming then         -- row by row: those that come may be those that go
    local turn, k = new_axis("r", rows), fresh_axes(rest)
    turn.terms[1].axis.kind = "time"
    add_statement(scope, "carry", "set", tensor, at(turn, k), load(tensor, at(affine_add(turn, steps, 1), k)),
                  { axis = turn.terms[1].axis })
  end
end

-- A stream that does not go on at each step: from here on its statements are those of the next pace. It waits so many
-- steps for the first one, and goes on with every `every`th one after that.
local function begin_pace(scope, every, waits)
  local program = scope.program
  local tensor = add_tensor(program, { layer = scope.layer_name, name = unique_name(scope, "waits"), role = "state",
                                       extents = { 1 } })
  add_statement(scope, "reset", "set", tensor, { affine_of(0) }, constant(waits))
  program.paces[#program.paces + 1] = { every = every, tensor = tensor }
end

local function store_history(scope, node, x, rows, pace)
  if rows > 0 then
    store_rows(scope, node, x, rows)
  else
    rawset(node, "stored", function(index, implied) return element_at(scope, x, index, implied) end)
  end
  if pace then begin_pace(scope, pace.every, pace.waits) end
end

local function new_history(scope, x, rows, pace)
  local shape = { table.unpack(x.shape) }
  shape[1] = shape[1] + rows
  local node = value{ op = "history", base = x, shape = shape, static = false }
  rawset(node, "finish", function() store_history(scope, node, x, rows, pace) end)
  return node
end

-- Nothing is carried from one call to the next.
local function has_no_history(scope)
  return scope.program.training or internal.scan or #scope.frame.implied > 0
end

-- history(x, rows): the sequence x with so many steps in front of it: those that came before, zeros at the beginning. A
-- model that reads step by step remembers them.
function vocabulary.history(x, rows)
  local scope = internal.scope
  if not scope then mistake("history belongs into the call of a layer") end
  if not is(x, Value) or #x.shape < 2 then mistake("history takes a sequence, not %s", shown(x)) end
  local checked, why = types.count(rows)
  if not checked then mistake("history: the steps %s", why) end
  if checked == 0 then return x end
  if has_no_history(scope) then return vocabulary.pad(x, 1, checked, 0) end
  return new_history(scope, x, checked)
end

-- slide(x, size, strides, dilation, padding, number): how many windows over a sequence there are, as `window` counts
-- them, and what they are taken of: x with what stands around it, where window j begins at place strides j. A model
-- that reads step by step keeps the steps that its windows still need, and goes on when one of them is complete. Once
-- in a layer.
function vocabulary.slide(x, size, strides, dilation, padding, number)
  local scope = internal.scope
  if not scope then mistake("slide belongs into the call of a layer") end
  if not is(x, Value) or #x.shape < 2 then mistake("slide takes a sequence, not %s", shown(x)) end
  local count, before, after = vocabulary.window(x.shape[1], size, strides, dilation, padding)
  local reach, causal = (size - 1) * dilation + 1, padding == "causal"
  if padding ~= "same" and not has_no_history(scope) then
    local pace = { every = strides, waits = causal and 0 or reach - 1 }
    if scope.pace then mistake("slide stands once in a layer") end
    scope.pace = (strides > 1 or pace.waits > 0) and pace or nil
    if scope.program.streaming then return 1, new_history(scope, x, reach - 1, scope.pace) end
  end
  return count, causal and vocabulary.history(x, before) or vocabulary.pad(x, 1, before, after, number)
end
