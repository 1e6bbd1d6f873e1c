-- program.lua: the parts of a program as lua_lower.c reads them (lowering.lua has the contract): tensors in their
-- storage order, expressions, statements with their axes, names that are free.
local internal = ...
local is, Axis = internal.is, internal.Axis
local ipairs, error, tonumber = ipairs, error, tonumber
local format = string.format

local function mistake(...) error(format(...), 0) end

local function add_tensor(program, fields)
  program.tensors[#program.tensors + 1] = fields
  return fields
end

local function constant(number) return { op = "constant", value = number } end
local function load(tensor, index) return { op = "load", tensor = tensor, index = index } end

-- "z", "z_1", "z_2" ...: `names` remembers up to which number those of a name are taken.
local function unique_name(scope, wanted)
  local names, name = scope.names, wanted
  local n = tonumber(names[wanted]) or 0
  while names[name] do
    n = n + 1
    name = wanted .. "_" .. n
  end
  names[name], names[wanted] = 0, n
  return name
end

-- Storage order: time, batch, the rest; without time: batch, the rest.
local function place(program, timed, sample)
  local list, first = {}, 1
  if timed then
    list[1], first = sample[1], 2
  end
  if program.batch_axis then list[#list + 1] = program.batch_axis end
  for d = first, #sample do list[#list + 1] = sample[d] end
  return list
end

local function batched_tensor(program, fields, timed, sample_shape)
  local extents, first = {}, 1
  if timed then
    extents[1], first = sample_shape[1], 2
    fields.time_dimension = 0
  end
  if program.batch_axis then
    fields.batch_dimension = #extents
    extents[#extents + 1] = program.batch
  end
  for d = first, #sample_shape do extents[#extents + 1] = sample_shape[d] end
  fields.extents = extents
  return add_tensor(program, fields)
end

-- The first n of a list; what follows from position `from` on.
local function head(list, n)
  local first = {}
  for d = 1, n do first[d] = list[d] end
  return first
end

local function tail(list, from)
  local rest = {}
  for d = from, #list do rest[#rest + 1] = list[d] end
  return rest
end

local function axes_in(index, list, seen)
  for _, position in ipairs(index) do
    if is(position, Axis) then
      for _, term in ipairs(position.terms) do
        if not seen[term.axis] then
          seen[term.axis] = true
          list[#list + 1] = term.axis
        end
      end
    elseif position.op == "load" then
      axes_in(position.index, list, seen)
    end
  end
end

local function axes_of(e, list, seen)
  if e.op == "load" then
    axes_in(e.index, list, seen)
  elseif e.op == "position" then
    axes_in({ e.index }, list, seen)
  elseif e.op ~= "constant" then
    axes_of(e.a, list, seen)
    if e.b then axes_of(e.b, list, seen) end
  end
end

-- What is read of a value that only renames others may not stand at an axis that is summed over: x[{ k }] for each t of
-- y[{ t, k }]. The sum over these axes is so many times the term.
local function times_of_vanished(right, summed)
  local seen, times = {}, 1
  axes_of(right, {}, seen)
  for _, axis in ipairs(summed) do
    if not seen[axis] and not axis.extent then
      mistake("cannot tell the extent of axis %s: it never stands alone as an index", axis.name)
    end
    times = seen[axis] and times or times * axis.extent
  end
  return times
end

-- Adds a statement; its axes are those of `out`, then the summed ones in the order in which they appear; before these
-- the axes of `over`, whether the right side uses them or not.
local function add_statement(scope, section, accumulate, tensor, index, right, loop, over)
  local program, axes, seen = scope.program, {}, {}
  if loop then seen[loop.axis] = true end
  axes_in(index, axes, seen)
  axes_in(over or {}, axes, seen)
  axes_of(right, axes, seen)
  for _, axis in ipairs(axes) do
    if not axis.extent then
      mistake("cannot tell the extent of axis %s: it never stands alone as an index", axis.name)
    end
  end
  program.statements[#program.statements + 1] = {
    section = section, accumulate = accumulate, tensor = tensor, index = index,
    right = right, axes = axes, loop = loop, layer = scope.is_loss and "" or scope.layer_name,
    every = scope.pace and scope.pace.every, waits = scope.pace and scope.pace.waits,
    phase = program.paces and #program.paces,
  }
end

-- Axes in front of what a layer, or a loss, sees: time, then the others.
local LEADING_AXES = { "t", "s", "r" }

internal.program = {
  LEADING_AXES = LEADING_AXES,
  add_tensor = add_tensor, constant = constant, load = load, unique_name = unique_name, place = place,
  batched_tensor = batched_tensor, axes_in = axes_in, times_of_vanished = times_of_vanished,
  add_statement = add_statement, head = head, tail = tail,
}
