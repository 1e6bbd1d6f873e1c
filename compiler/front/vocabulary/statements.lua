-- statements.lua: in: the graph of values that a layer's mathematics returns.
-- out: tensors and the statements that fill them.
-- What is stored, that is, becomes a tensor: products, transcendental functions, whatever a local variable names,
-- whatever is used twice. The rest is written out where it is used.
local internal = ...
local Value, Element, Axis = internal.Value, internal.Element, internal.Axis
local is = internal.is
local new_axis, affine_of, lone_axis = internal.new_axis, internal.affine_of, internal.lone_axis
local affine_add, affine_multiply = internal.affine_add, internal.affine_multiply
local rawget, rawset, ipairs, pairs, error, type = rawget, rawset, ipairs, pairs, error, type
local format, sort, concat = string.format, table.sort, table.concat

local function mistake(...) error(format(...), 0) end

local p = internal.program
local add_tensor, batched_tensor, unique_name = p.add_tensor, p.batched_tensor, p.unique_name
local add_statement, constant, load = p.add_statement, p.constant, p.load
local place, axes_in, head, tail = p.place, p.axes_in, p.head, p.tail

local function sum_of(a, b) return a and { op = "add", a = a, b = b } or b end

-- From the graph of values to elements ----------------------------------------------------------------------

local function substitute(index, map)
  local moved = {}
  for d, position in ipairs(index) do
    if is(position, Axis) then
      local sum = affine_of(position.constant)
      for _, term in ipairs(position.terms) do
        local by = map[term.axis] or internal.axis_index(term.axis)
        sum = affine_add(sum, affine_multiply(by, term.coefficient), 1)
      end
      moved[d] = sum
    else
      moved[d] = position
    end
  end
  return moved
end

function internal.axis_index(axis)
  local index = new_axis(axis.name)
  index.terms[1].axis = axis
  return index
end

local element_at

-- The element of an operand of `node`, where `node` is read at that index: an extent of 1 counts for all.
local function operand_at(scope, node, operand, index, implied)
  local at = index
  for d, extent in ipairs(is(operand, Value) and operand.shape or {}) do
    if extent ~= node.shape[d] then
      at = at == index and table.move(index, 1, #index, 1, {}) or at
      at[d] = affine_of(0)
    end
  end
  return element_at(scope, operand, at, implied)
end

-- A *frame* is where values stand: which axes stand in front of every index of theirs unsaid (`implied`: time of a
-- layer that sees single features, turns of a scan), and the loop that their statements are in. One scan is one frame.

local is_static, is_shared

-- The implied axes of `node`, seen from where `implied` holds: a scan sees what is outside of it, nobody sees into one.
local function implied_of(node, implied)
  local scan = rawget(node, "scan")
  if scan == implied.scan then return implied end
  if not scan then return implied.outer end
  if is_static(node) then return implied end
  mistake("a value of one turn is used outside of its scan: return it as a state")
end

-- An element as written by the layer -> loads of tensors. `map`: what stands for the axes of the definition.
local function resolve(scope, e, map, implied)
  if e.op == "constant" then return e end
  if e.op == "position" then return { op = "position", index = substitute({ e.index }, map)[1] } end
  if e.op == "load" then
    local index = substitute(e.index, map)
    for d, position in ipairs(index) do
      if is(position, Element) then
        index[d] = resolve(scope, position, map, implied)
        if index[d].op ~= "load" or not index[d].tensor.integer then
          mistake("an index is a sum of axes and whole numbers, or an integer id")
        end
      end
    end
    return element_at(scope, e.value, index, implied)
  end
  return { op = e.op, a = resolve(scope, e.a, map, implied), b = e.b and resolve(scope, e.b, map, implied) }
end

function is_static(node)           -- made of weights alone
  if type(node) == "number" then return true end
  local known = rawget(node, "static")
  if known == nil then
    known = node.op ~= "batch_sum"
    for _, child in ipairs(internal.children(node)) do known = known and is_static(child) end
    rawset(node, "static", known)
  end
  return known
end

-- The same for all rows of a batch: made of weights and of sums over the batch (batch.lua).
function is_shared(node)
  if is_static(node) or node.op == "batch_sum" then return true end
  local known = rawget(node, "shared")
  if known == nil then
    known = node.op ~= "leaf" and not rawget(node, "scan")
    for _, child in ipairs(internal.children(node)) do known = known and is_shared(child) end
    rawset(node, "shared", known)
  end
  return known
end

-- Of what is the same for all rows: whether it is so at each step for itself, where another layer calls at each step.
function internal.differs_by_step(node)
  if node.op == "batch_sum" then return node.each_step end
  if node.op == "steps_sum" or node.op == "leaf" then return false end
  local known = rawget(node, "by_step")
  if known == nil then
    known = false
    for _, child in ipairs(internal.children(node)) do known = known or internal.differs_by_step(child) end
    rawset(node, "by_step", known)
  end
  return known
end

local function joined(implied, index)
  local full = {}
  for d = 1, #implied do full[d] = implied[d] end
  for d = 1, #index do full[#full + 1] = index[d] end
  return full
end

local function scan_axis(node)
  local scan = rawget(node, "scan")
  return scan and scan.axis
end

-- A definition that only renames elements is not stored: y[{t, f}] = x[{f}].
local function is_rename(node)
  if node.op ~= "indexed" or rawget(node, "blocks") or node.right.op ~= "load" then return false end
  local seen = { [scan_axis(node) or node] = true }
  for _, position in ipairs(node.left) do
    local axis = lone_axis(position)
    if not axis or seen[axis] then return false end
    seen[axis] = true
  end
  for _, position in ipairs(node.right.index) do
    if not is(position, Axis) then return false end
    for _, term in ipairs(position.terms) do
      if not seen[term.axis] then return false end
    end
  end
  return true
end

local function map_left(node, index)
  local map = {}
  for d, position in ipairs(node.left) do
    local axis = lone_axis(position)
    if not axis then return nil end
    map[axis] = index[d]
  end
  return map
end

function element_at(scope, node, index, implied)
  if type(node) == "number" then return constant(node) end
  if #node.shape == 0 then index = {} end
  implied = implied_of(node, implied)
  local stored = rawget(node, "stored")
  if stored then
    if rawget(node, "blocks") then mistake("a value that is cut into gates cannot be read as a whole") end
    return stored(index, implied)
  end
  if node.op == "leaf" then return node.at(node.static and index or joined(implied, index)) end
  if node.op == "view" then return element_at(scope, node.base, node.map(index), implied) end
  if node.op == "gate" then return rawget(node.base, "stored")({ affine_of(node.gate), index[1] }, implied) end
  if node.op == "mask" then return rawget(node.base, "flow").mask(joined(implied, index)) end
  if node.op == "indexed" then
    local map = map_left(node, index)
    if not (map and is_rename(node)) then mistake("a value is used before it is defined") end
    return resolve(scope, node.right, map, implied)
  end
  return { op = node.op, a = operand_at(scope, node, node.a, index, implied),
           b = node.b and operand_at(scope, node, node.b, index, implied) }
end

-- Which values are stored -----------------------------------------------------------------------------------

local function loads_in(e, list)
  if e.op == "load" then
    list[#list + 1] = e.value
    for _, position in ipairs(e.index) do
      if is(position, Element) then loads_in(position, list) end
    end
  elseif e.op ~= "constant" and e.op ~= "position" then
    loads_in(e.a, list)
    if e.b then loads_in(e.b, list) end
  end
  return list
end

function internal.children(node)
  if node.op == "leaf" then return {} end
  if node.op == "view" or node.op == "gate" or node.op == "history" then return { node.base } end
  if node.op == "indexed" then
    if not rawget(node, "right") then mistake("a tensor{...} is used but never defined") end
    return loads_in(node.right, {})
  end
  if node.op == "concatenate" then return node.parts end
  if node.op == "batch_sum" then return is(node.of, Value) and { node.of } or {} end
  if node.op == "steps_sum" then return { node.of, node.decay } end
  if node.op == "mask" then return { node.base } end
  if node.op == "call" then return joined(node.parts, node.masks_there) end
  local list = {}
  if is(node.a, Value) then list[1] = node.a end
  if is(node.b, Value) then list[#list + 1] = node.b end
  return list
end

local function reach(node, list, uses)
  uses[node] = (uses[node] or 0) + 1
  if uses[node] > 1 then return end
  list[#list + 1] = node
  for _, child in ipairs(internal.children(node)) do reach(child, list, uses) end
end

-- The additive terms of a definition's right side: { element, sign }.
local function split_terms(e, sign, list)
  if e.op == "add" or e.op == "subtract" then
    split_terms(e.a, sign, list)
    split_terms(e.b, e.op == "add" and sign or -sign, list)
  elseif e.op == "negate" then
    split_terms(e.a, -sign, list)
  else
    list[#list + 1] = { right = e, sign = sign }
  end
  return list
end

local function free_axes(e)
  local list, seen = {}, {}
  local function walk(x)
    if x.op == "load" then
      axes_in(x.index, list, seen)
      for _, position in ipairs(x.index) do
        if is(position, Element) then walk(position) end
      end
    elseif x.op == "position" then
      axes_in({ x.index }, list, seen)
    elseif x.op ~= "constant" then
      walk(x.a)
      if x.b then walk(x.b) end
    end
  end
  walk(e)
  return list
end

local function has_summed_axes(node)
  local left, seen = {}, { [scan_axis(node) or node] = true }
  axes_in(node.left, left, seen)
  for _, axis in ipairs(free_axes(node.right)) do
    if not seen[axis] then return true end
  end
  return false
end

-- Whether it may become terms of the sum that uses it, instead of a tensor of its own.
local function can_join_sum(node, uses, parent)
  if not is(node, Value) or uses[node] ~= 1 or rawget(node, "scan") ~= rawget(parent, "scan") then return false end
  if rawget(node, "local_name") or rawget(node, "blocks") or #node.shape == 0 then return false end
  if concat(node.shape, ",") ~= concat(parent.shape, ",") then return false end
  if node.op == "indexed" then
    return node.right.op ~= "largest" and has_summed_axes(node) and map_left(node, node.left) ~= nil
  end
  return (node.op == "add" or node.op == "subtract") and internal.is_sum(node, uses)
end

function internal.is_sum(node, uses)
  local known = rawget(node, "sum")
  if known == nil then
    known = can_join_sum(node.a, uses, node) or can_join_sum(node.b, uses, node)
    rawset(node, "sum", known)
  end
  return known
end

local STORED = { concatenate = true, batch_sum = true, steps_sum = true, call = true, history = true }
local PART_OF_ANOTHER = { leaf = true, view = true, gate = true, mask = true }

local function must_store(node, uses, returned)
  if PART_OF_ANOTHER[node.op] then
    if rawget(node, "updates") then mistake("update takes what is computed, not a weight or a part of one") end
    return false
  end
  if rawget(node, "joined") then return false end
  if rawget(node, "blocks") or STORED[node.op] then return true end
  if node.op == "indexed" then return not is_rename(node) end
  if (node.op == "add" or node.op == "subtract") and internal.is_sum(node, uses) then return true end
  return rawget(node, "root") or rawget(node, "local_name") or uses[node] > 1 or returned[node]
end

-- Storing ---------------------------------------------------------------------------------------------------

local function collect_terms(scope, frame, node, index, sign, top, list)
  local additive = node.op == "add" or node.op == "subtract"
  if (top or rawget(node, "joined")) and additive and internal.is_sum(node, scope.uses) then
    for which, child in ipairs{ node.a, node.b } do
      local child_sign = (which == 2 and node.op == "subtract") and -sign or sign
      if is(child, Value) and rawget(child, "joined") then
        collect_terms(scope, frame, child, index, child_sign, false, list)
      else
        local element = operand_at(scope, node, child, index, frame.implied)
        list[#list + 1] = { element = element, sign = child_sign, summed = false }
      end
    end
    return list
  end
  if node.op == "indexed" then
    local map = top and not map_left(node, index) and {} or map_left(node, index)
    local left, seen = {}, { [scan_axis(node) or node] = true }
    axes_in(node.left, left, seen)
    for _, term in ipairs(split_terms(node.right, sign, {})) do
      local summed = {}
      for _, axis in ipairs(free_axes(term.right)) do
        if not seen[axis] then summed[#summed + 1] = axis end
      end
      local largest = term.right.op == "largest"
      local right = resolve(scope, largest and term.right.a or term.right, map, frame.implied)
      local times = largest and 1 or p.times_of_vanished(right, summed)
      if times > 1 then right = { op = "multiply", a = right, b = constant(times) } end
      list[#list + 1] = { element = right, sign = term.sign, summed = #summed > 0 and not largest, largest = largest }
    end
    return list
  end
  local a = operand_at(scope, node, node.a, index, frame.implied)
  local b = node.b and operand_at(scope, node, node.b, index, frame.implied)
  list[1] = { element = { op = node.op, a = a, b = b }, sign = sign, summed = false }
  return list
end

local DEFAULT_AXES = { { "n" }, { "m", "n" }, { "l", "m", "n" }, { "k", "l", "m", "n" } }

local function fresh_axes(shape)
  local list, names = {}, DEFAULT_AXES[#shape] or {}
  for d, extent in ipairs(shape) do list[d] = new_axis(names[d] or "n" .. d, extent) end
  return list
end

local function default_name(node)
  if node.op == "add" or node.op == "subtract" or node.op == "indexed" then
    return rawget(node, "product") and "z" or "sum"
  end
  local operand = rawget(node, "a")
  local of = is(operand, Value) and rawget(operand, "tensor_name")
  return of and node.op .. "_" .. of or node.op
end

local function emit_terms(scope, tensor, out, terms, loop)
  local plain
  for _, term in ipairs(terms) do
    if term.largest then
      if #terms > 1 or term.sign < 0 then mistake("largest(...) stands alone on the right side") end
      add_statement(scope, "forward", "set", tensor, out, constant(-math.huge), loop)
      add_statement(scope, "forward", "max", tensor, out, term.element, loop)
      return
    end
    if not term.summed then
      local signed = term.sign < 0 and { op = "negate", a = term.element } or term.element
      plain = sum_of(plain, signed)
    end
  end
  add_statement(scope, "forward", "set", tensor, out, plain or constant(0), loop)
  for _, term in ipairs(terms) do
    if term.summed then
      local signed = term.sign < 0 and { op = "negate", a = term.element } or term.element
      add_statement(scope, "forward", "add", tensor, out, signed, loop, term.over)
    end
  end
end

-- What fills a value, piece by piece: { index of the value, index of its tensor, terms }; and the shape of the tensor.
local function pieces_of(scope, frame, node)
  local shape = node.shape
  if node.op == "concatenate" then
    local pieces = {}
    for position, part in ipairs(node.parts) do
      local index = fresh_axes(part.shape)
      local out = joined({}, index)
      for axis, from in pairs(node.places[position]) do out[axis] = affine_add(out[axis], from, 1) end
      local term = { element = element_at(scope, part, index, frame.implied), sign = 1 }
      pieces[position] = { out = out, terms = { term } }
    end
    return pieces, shape
  end
  if node.op == "batch_sum" then
    if not scope.program.training then
      mistake("batch_sum: a prediction has no batch: say what it takes instead, by in_training(a, b)")
    end
    local index = fresh_axes(shape)
    local element = element_at(scope, node.of, index, frame.implied)
    if scope.valid then element = { op = "keep", a = scope.valid(frame.implied), b = element } end
    local over = joined({ scope.program.batch_axis }, tail(frame.implied, scope.steps + 1))
    return { { out = index, terms = { { element = element, sign = 1, summed = true, over = over } } } }, shape
  end
  if node.op == "steps_sum" then
    local index, steps = fresh_axes(shape), head(frame.implied, scope.steps)
    local step = internal.vocabulary.row_major(steps, head(frame.implied_shape, scope.steps))
    local decay = element_at(scope, node.decay, { step }, frame.implied)
    local element = { op = "multiply", a = decay, b = element_at(scope, node.of, index, frame.implied) }
    return { { out = index, terms = { { element = element, sign = 1, summed = true, over = steps } } } }, shape
  end
  local index, out
  if rawget(node, "blocks") then
    local width = shape[1] // node.blocks
    local g, n = new_axis("g", node.blocks), new_axis("n", width)
    shape, index, out = { node.blocks, width }, { affine_add(affine_multiply(g, width), n, 1) }, { g, n }
  elseif node.op == "indexed" and not rawget(node, "joined") then
    index, out = node.left, node.left
  else
    index = fresh_axes(shape)
    out = index
  end
  return { { out = out, terms = collect_terms(scope, frame, node, index, 1, true, {}) } }, shape
end

-- The tensor of a value that is no state: in the storage order of its frame.
local function add_value(scope, frame, node, shape)
  local program, timed = scope.program, rawget(node, "timed") or frame.timed(shape)
  local owner = rawget(node, "cell") or scope
  local name = unique_name(owner, rawget(node, "local_name") or default_name(node))
  rawset(node, "tensor_name", name)
  local fields = { layer = owner.layer_name, name = name, role = "value", reduced = node.op == "batch_sum" }
  local updates = rawget(node, "updates")
  if updates then
    if not is_shared(node) then
      mistake("update: what %s becomes is not the same for all samples", updates.short_name)
    end
    fields.kept, fields.updates = true, updates.place
  end
  if is_shared(node) then
    local n = not is_static(node) and internal.differs_by_step(node) and scope.steps or 0
    fields.extents = joined(head(frame.implied_shape, n), shape)
    local tensor = add_tensor(program, fields)
    if updates then
      local before = program.updated[updates]         -- of a call before: the last one says what the statistic is
      if before then before.tensor.updates, before.tensor.kept = nil, nil end
      program.updated[updates] = { node = node, tensor = tensor }
    end
    rawset(node, "stored", function(at, implied) return load(tensor, joined(head(implied, n), at)) end)
    return tensor, function(out) return joined(head(frame.implied, n), out) end
  end
  local tensor = batched_tensor(program, fields, timed, joined(frame.implied_shape, shape))
  rawset(node, "stored", function(at, implied) return load(tensor, place(program, timed, joined(implied, at))) end)
  return tensor, function(out) return place(program, timed, joined(frame.implied, out)) end
end

-- The next row of a state is the value.
local function take_state(scope, frame, node, state)
  local function next_row(implied, index)
    local full = joined(implied, index)
    full[1] = affine_add(full[1], 1, 1)
    return place(scope.program, true, full)
  end
  rawset(node, "tensor_name", state.name)
  rawset(node, "stored", function(at, implied) return load(state, next_row(implied, at)) end)
  return state, function(out) return next_row(frame.implied, out) end
end

-- Gives `node` a tensor and emits the statements that fill it; called layers and histories have their own.
local function store(scope, node)
  if rawget(node, "finish") then return rawget(node, "finish")() end
  local scan = rawget(node, "scan")
  local frame, state = scan or scope.frame, scan and scan.targets[node]
  local pieces, shape = pieces_of(scope, frame, node)
  local tensor, placed
  if state then
    tensor, placed = take_state(scope, frame, node, state)
  else
    tensor, placed = add_value(scope, frame, node, shape)
  end
  local loop = not is_static(node) and frame.loop or nil
  for _, piece in ipairs(pieces) do emit_terms(scope, tensor, placed(piece.out), piece.terms, loop) end
end

-- What is to be emitted, in the order in which the mathematics says it: values, and where scans begin and end.
local function in_order(list, scans)
  local places = {}
  for _, node in ipairs(list) do places[#places + 1] = { number = node.number, node = node } end
  for _, scan in ipairs(scans) do
    places[#places + 1] = { number = scan.first, emit = scan.begin }
    places[#places + 1] = { number = scan.last, emit = scan.finish }
  end
  sort(places, function(a, b) return a.number < b.number end)
  return places
end

-- Of all values the places at which they are emitted, and which of them are terms of a sum.
local function arrange(scope, roots)
  local list, uses, returned = {}, {}, {}
  local function want(root)
    returned[root] = true
    reach(root, list, uses)
  end
  for _, scan in ipairs(scope.scans) do
    for _, initial in ipairs(scan.initial) do reach(initial, list, uses) end
    for _, node in ipairs(scan.after) do want(node) end
  end
  for _, root in ipairs(roots) do
    if not is(root, Value) then
      mistake("the mathematics returned %s where a value was expected", internal.shown(root))
    end
    want(root)
  end
  for _, node in ipairs(list) do          -- what a called layer reads is stored: it reads it often
    for _, part in ipairs(node.op == "call" and node.parts or {}) do returned[part] = true end
  end
  scope.uses = uses
  local places = in_order(list, scope.scans)
  for _, at in ipairs(places) do
    local node = at.node
    if node and (node.op == "add" or node.op == "subtract") then
      for _, child in ipairs{ node.a, node.b } do
        if not returned[child] and can_join_sum(child, uses, node) then rawset(child, "joined", true) end
      end
    end
  end
  return places, function(node) return must_store(node, uses, returned) end
end

-- Emits what the returned values need and weights alone decide, outside of all loops: of called layers too. The
-- function that it returns emits the rest, and the scope's scans.
local function begin_graph(scope, roots)
  local places, is_stored = arrange(scope, roots)
  for _, at in ipairs(places) do
    local node = at.node
    if node and node.op == "call" then internal.begin_call(scope, node)
    elseif node and is_stored(node) and is_static(node) then store(scope, node) end
  end
  return function()
    for _, at in ipairs(places) do
      local node = at.node
      if node and is_stored(node) and not is_static(node) then store(scope, node) end
      if at.emit then at.emit() end
    end
  end
end

local function emit_graph(scope, roots) begin_graph(scope, roots)() end

-- For scan.lua and lowering.lua.
internal.statements = {
  element_at = element_at, is_static = is_static, joined = joined, is_rename = is_rename, fresh_axes = fresh_axes,
  begin_graph = begin_graph, emit_graph = emit_graph,
}
