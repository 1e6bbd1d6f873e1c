-- scan.lua: loops over time: in: what one step does with the states.  out: states as tensors with a row more than there
-- are turns, and the statements of the loop. A recurrent layer is one scan (lowering.lua); any call may run others.
local internal = ...
local vocabulary, is, Value, value = internal.vocabulary, internal.is, internal.Value, internal.value
local new_axis, affine_of, affine_add = internal.new_axis, internal.affine_of, internal.affine_add
local affine_multiply = internal.affine_multiply
local ipairs, error, type, next, rawget, rawset = ipairs, error, type, next, rawget, rawset
local format, concat = string.format, table.concat
local call_named, shown, is_plain, keys = internal.call_named, internal.shown, internal.is_plain, internal.keys

local p, s = internal.program, internal.statements
local batched_tensor, add_statement, unique_name = p.batched_tensor, p.add_statement, p.unique_name
local constant, load, place, tail = p.constant, p.load, p.place, p.tail
local element_at, joined, fresh_axes = s.element_at, s.joined, s.fresh_axes
local is_static, is_rename = s.is_static, s.is_rename

local function mistake(...) error(format(...), 0) end

local function same_shape(a, b) return concat(a, ", ") == concat(b, ", ") end

-- The loop's axis stands first, in front of what the layer implies.
local function new_frame(scope, turns)
  local outer, t = scope.frame, new_axis("t", turns)
  local axis = t.terms[1].axis
  axis.kind = "time"
  local scan = { first = internal.next_number(), axis = axis, turn = t, loop = { axis = axis },
                 implied = joined({ t }, outer.implied), implied_shape = joined({ turns }, outer.implied_shape),
                 timed = function() return true end, states = {}, after = {}, initial = {}, targets = {} }
  scan.implied.scan, scan.implied.outer = scan, outer.implied
  return scan
end

-- Row r of a state, at the place `full` = { implied of the layer, index }.
local function row_of(program, r, full) return place(program, true, joined({ r }, full)) end

local function add_state(scope, scan, state, tensor_name)
  local program, outer = scope.program, scope.frame
  local turns = scan.implied_shape[1]
  local inner = joined(outer.implied_shape, state.shape)
  local tensor = batched_tensor(program, { layer = scope.layer_name, name = tensor_name, role = "state" }, true,
                                joined({ turns + 1 }, inner))
  scan.states[#scan.states + 1] = { name = state.name, shape = state.shape, tensor = tensor }
  if state.begins then
    scan.initial[#scan.initial + 1] = state.begins.learned
  elseif state.initial == nil then
    local n = joined(outer.implied, fresh_axes(state.shape))
    local last = state.carries and load(tensor, row_of(program, affine_of(turns), n)) or constant(0)
    add_statement(scope, "reset", "set", tensor, row_of(program, affine_of(0), n), constant(0))
    add_statement(scope, "carry", "set", tensor, row_of(program, affine_of(0), n), last)
  elseif type(state.initial) ~= "number" then
    local initial = state.initial
    if not is(initial, Value) or not same_shape(initial.shape, state.shape) then
      mistake("%s starts as a value of shape {%s}, not %s", state.name, concat(state.shape, ", "),
              is(initial, Value) and format("of shape {%s}", concat(initial.shape, ", ")) or shown(initial))
    end
    scan.initial[#scan.initial + 1] = initial
  end
  return tensor
end

-- What is somewhere already cannot be computed into the state.
local HAS_PLACE = { leaf = true, view = true, gate = true, call = true, mask = true }

-- What the step returned, against the states: into which tensor each is computed, and what has to be copied there.
local function take_results(scan, after)
  if type(after) ~= "table" or is(after, Value) then
    mistake("step must return a table with the next state, { %s = ... }, not %s", scan.states[1].name,
            is(after, Value) and "a value" or shown(after))
  end
  local known = {}
  for _, state in ipairs(scan.states) do
    local node = after[state.name]
    known[state.name] = true
    if not is(node, Value) or not same_shape(node.shape, state.shape) then
      mistake("step must return %s as a value of shape {%s}, not %s", state.name, concat(state.shape, ", "),
              is(node, Value) and format("of shape {%s}", concat(node.shape, ", ")) or shown(node))
    end
    scan.after[#scan.after + 1] = node
    local has_place = HAS_PLACE[node.op]
    if scan.targets[node] or node.scan ~= scan or has_place or is_static(node) or is_rename(node) then
      state.copied = node
    else
      scan.targets[node] = state.tensor
    end
  end
  for _, name in ipairs(keys(after)) do
    if not known[name] then mistake("step returned %s, which is no state", shown(name)) end
  end
end

-- A decoder's states begin with what was encoded: before its first step, not in each.
local function emit_initial(scope, scan, state, initial)
  local outer, n = scope.frame, fresh_axes(state.shape)
  local steps = scope.program.streaming
  local right = type(initial) == "number" and constant(initial) or element_at(scope, initial, n, outer.implied)
  add_statement(scope, steps and "reset" or "forward", "set", state.tensor,
                row_of(scope.program, affine_of(0), joined(outer.implied, n)), right)
  if not steps then return end
  add_statement(scope, "carry", "set", state.tensor, row_of(scope.program, affine_of(0), joined(outer.implied, n)),
                load(state.tensor, row_of(scope.program, affine_of(scan.implied_shape[1]), joined(outer.implied, n))))
end

-- Sets row 0 of a state in that section.
local function set_row(scope, state, section, n, right)
  add_statement(scope, section, "set", state.tensor,
                row_of(scope.program, affine_of(0), joined(scope.frame.implied, n)), right)
end

-- Numbers that a state begins with.
local function set_numbers(scope, state, section, pieces)
  for _, piece in ipairs(pieces) do
    local n = fresh_axes(state.shape)
    local axis = new_axis("n", piece.count)
    n[#n] = affine_add(axis, piece.first, 1)
    set_row(scope, state, section, n, constant(piece.number))
  end
end

-- A weight that a state begins with after a reset, and not after a carry. A program that trains reads it in each call,
-- so that it has a gradient: row 0 is what was carried, zeros after a reset, and, if it is fresh, the weight.
local function read_weight(scope, scan, state, weight)
  local program, n = scope.program, fresh_axes(state.shape)
  local function state_of(name, shape)
    return batched_tensor(program, { layer = scope.layer_name, name = unique_name(scope, name), role = "state" },
                          false, shape)
  end
  local carried, here = state_of("carried_" .. state.name, state.shape), place(program, false, n)
  local turns = affine_of(scan.implied_shape[1])
  add_statement(scope, "reset", "set", carried, here, constant(0))
  add_statement(scope, "carry", "set", carried, here, load(state.tensor, row_of(program, turns, n)))
  local one = place(program, false, {})
  if not scan.fresh then
    scan.fresh = state_of("fresh", {})
    add_statement(scope, "reset", "set", scan.fresh, one, constant(1))
    add_statement(scope, "carry", "set", scan.fresh, one, constant(0))
  end
  local if_fresh = { op = "multiply", a = load(scan.fresh, one), b = element_at(scope, weight, n, scope.frame.implied) }
  set_row(scope, state, "forward", n, { op = "add", a = load(carried, here), b = if_fresh })
end

-- Where a state begins that is not computed from the sequence.
local function emit_beginning(scope, scan, state, given)
  local program, outer, begins, n = scope.program, scope.frame, given.begins, fresh_axes(state.shape)
  local weight = begins.learned and element_at(scope, begins.learned, n, outer.implied)
  if weight and program.training then
    if given.carries then read_weight(scope, scan, state, begins.learned)
    else set_row(scope, state, "forward", n, weight) end
    return
  end
  local last = load(state.tensor, row_of(program, affine_of(scan.implied_shape[1]), joined(outer.implied, n)))
  if weight then set_row(scope, state, "reset", n, weight)
  else set_numbers(scope, state, "reset", begins.pieces) end
  if given.carries or weight then set_row(scope, state, "carry", n, given.carries and last or weight)
  else set_numbers(scope, state, "carry", begins.pieces) end
end

local function emit_copy(scope, scan, state)
  local n = fresh_axes(state.shape)
  local full = joined(scan.implied, n)
  full[1] = affine_add(scan.turn, 1, 1)
  add_statement(scope, "forward", "set", state.tensor, place(scope.program, true, full),
                element_at(scope, state.copied, n, scan.implied), scan.loop)
end

-- Truncated back-propagation through time: 1 at each turn, 0 at the first one of each block of `block` turns but the
-- first: there the states are given no gradient.
local function passes_of(turns, block)
  local blocks = (turns + block - 1) // block
  local i, j = new_axis("i", block), new_axis("j", blocks)
  local passes = vocabulary.tensor{ blocks * block }
  passes[{ affine_add(affine_multiply(j, block), i, 1) }] = vocabulary.max(vocabulary.greater(i, 0),
                                                                           vocabulary.equal(j, 0))
  rawset(passes, "local_name", "passes")
  return passes
end

-- What a step reads of a state, with a gradient where `passes` is 1.
local function cut(scan, passes, before, name)
  local pass = value{ op = "view", base = passes, shape = {}, static = false,
                      map = function() return { scan.turn } end }
  local read = vocabulary.keep(pass, before) + vocabulary.stop(vocabulary.keep(1 - pass, before))
  rawset(read, "local_name", name .. "_before")
  return read
end

-- run_scan(scope, { turns, states = { { name, shape, initial, begins, carries } ... }, step = function(t, before) }):
-- calls the step once, for all turns t. carries: the last state may be the first of the next sequence; begins: where it
-- does else (initial_states.lua). truncate: turns of a block; states that `pass` have a gradient all the same.
function internal.run_scan(scope, given)
  if internal.scan or scope.frame.loop then
    mistake("a scan inside the step of a scan: only one of them can be a loop over time")
  end
  local truncated = scope.program.training and given.truncate and given.truncate < given.turns
  local passes = truncated and passes_of(given.turns, given.truncate)
  local scan, before = new_frame(scope, given.turns), {}
  scope.scans[#scope.scans + 1] = scan
  for _, state in ipairs(given.states) do
    local tensor = add_state(scope, scan, state, unique_name(scope, state.name))
    internal.scan = scan
    before[state.name] = value{ op = "leaf", shape = state.shape, static = false, local_name = state.name,
      at = function(full) return load(tensor, place(scope.program, true, full)) end }
    if passes and not state.passes then before[state.name] = cut(scan, passes, before[state.name], state.name) end
    internal.scan = nil
  end
  internal.scan = scan
  take_results(scan, given.step(scan.turn, before))
  internal.scan = nil
  scan.last = internal.next_number()
  function scan.begin()
    for position, state in ipairs(scan.states) do
      local initial = given.states[position].initial
      if initial ~= nil then emit_initial(scope, scan, state, initial) end
      if given.states[position].begins then emit_beginning(scope, scan, state, given.states[position]) end
    end
  end
  function scan.finish()
    for _, state in ipairs(scan.states) do
      if state.copied then emit_copy(scope, scan, state) end
    end
  end
  return scan
end

-- The vocabulary --------------------------------------------------------------------------------------------

local PARTS = { over = true, reversed = true, state = true, initial = true, step = true }

-- The parts of scan{...}; a mistake ends the mathematics.
local function check_parts(given)
  if not is_plain(given) then
    mistake("scan takes a table: scan{ over = x, state = { h = {n} }, step = function(t, s) }")
  end
  for _, part in ipairs(keys(given)) do
    if not PARTS[part] then
      mistake("scan: %s has no place in it%s", shown(part), internal.suggestion(part, keys(PARTS)))
    end
  end
  if type(given.step) ~= "function" then mistake("scan needs step = function(t, s), not %s", shown(given.step)) end
  if given.reversed ~= nil and type(given.reversed) ~= "boolean" then
    mistake("scan: reversed is true or false, not %s", shown(given.reversed))
  end
  if not is_plain(given.state) or next(given.state) == nil then
    mistake("scan needs state = { h = {n} }, the shapes of its states, not %s", shown(given.state))
  end
  if given.initial ~= nil and not is_plain(given.initial) then
    mistake("scan: initial is a table, { h = value }, not %s", shown(given.initial))
  end
end

local function turns_of(over)
  if is(over, Value) then
    if #over.shape < 2 then
      mistake("scan: what it goes over has no time axis: its shape is {%s}", concat(over.shape, ", "))
    end
    return over.shape[1]
  end
  local turns, why = internal.types.size(over)
  if not turns then mistake("scan: over is a sequence or a number of turns, not %s: it %s", shown(over), why) end
  return turns
end

local function states_of(given, carries)
  local list, initial = {}, given.initial or {}
  for position, name in ipairs(keys(given.state)) do
    if not internal.is_identifier(name) then mistake("scan: %s cannot be the name of a state", shown(name)) end
    local shape, why = internal.types.shape(given.state[name])
    if not shape then mistake("scan: the shape of %s %s", name, why) end
    if type(initial[name]) == "number" then internal.to_element(initial[name]) end
    list[position] = { name = name, shape = shape, initial = initial[name], carries = carries }
  end
  for _, name in ipairs(keys(initial)) do
    if given.state[name] == nil then mistake("scan: initial has %s, which is no state", shown(name)) end
  end
  return list
end

-- The rows of a state as values of the layer: one for each turn, where t says, and the last one.
local function results_of(scope, scan, state, reversed)
  local program, implied, turns = scope.program, #scope.frame.implied, scan.implied_shape[1]
  local function at(row, full, from)
    local rest = {}
    for d = 1, #full do
      if d <= implied or d >= from then rest[#rest + 1] = full[d] end
    end
    return load(state.tensor, row_of(program, row, rest))
  end
  local all = value{ op = "leaf", shape = joined({ turns }, state.shape), static = false, at = function(full)
    local t = full[implied + 1]
    return at(reversed and affine_add(affine_of(turns), t, -1) or affine_add(t, 1, 1), full, implied + 2)
  end }
  local last = value{ op = "leaf", shape = state.shape, static = false, at = function(full)
    return at(affine_of(turns), full, implied + 1)
  end }
  return all, last
end

-- scan{ over = , reversed = , state = { h = {n}, M = {n, n} }, initial = { h = value }, step = function(t, s) }: calls
-- step for each position t of `over`, a sequence or a number of turns, from its end if reversed; s: the states before;
-- step returns those after it. Without `initial` a state begins with zeros; over a sequence read forward it goes on
-- where stateful training asks for it. Returns two tables: the states after every position, all.h {turns, n}, all.h[t]
-- the one behind position t, and the last ones, last.h {n}.
function vocabulary.scan(given)
  local scope = internal.scope
  if not scope then mistake("scan belongs into the call of a layer") end
  check_parts(given)
  local turns, reversed = turns_of(given.over), given.reversed
  local scan = internal.run_scan(scope, {
    turns = turns, states = states_of(given, scope.program.all_carry and is(given.over, Value) and not reversed),
    step = function(t, before)
      return call_named(given.step, reversed and affine_add(affine_of(turns - 1), t, -1) or t, before)
    end,
  })
  local all, last = {}, {}
  for _, state in ipairs(scan.states) do
    all[state.name], last[state.name] = results_of(scope, scan, state, reversed)
  end
  return all, last
end

local PLACES = 4096         -- more than a model has layers
internal.DRAWS_OF_A_CALL = 128 * PLACES     -- of the layers that a layer owns, which are the same in each call of it

-- normal: numbers of mean 0 and deviation `rate`, to be added; else those of a dropout.
local function draw(what, frame, rate, shape, normal)
  local scope = internal.scope
  local checked, why = internal.types[normal and "not_negative" or "rate"](rate)
  if checked == nil then mistake("%s: the %s %s", what, normal and "deviation" or "rate", why) end
  if not (scope and scope.layer and frame) then mistake("%s belongs into the call of a layer", what) end
  if shape ~= nil then
    shape, why = internal.types.shape(shape)
    if not shape then mistake("%s: the shape %s", what, why) end
  elseif scope.x_of ~= internal.scan and what ~= "shared_noise" then
    mistake("%s: inside a scan its shape is to be said: %s(rate, {n})", what, what)
  end
  shape = shape or scope.x_shape
  local program = scope.program
  if not program.training then return normal and 0 or 1 end
  local number = program.noises[scope.layer] or 0     -- the first one's place is the layer's own, as interpreted
  local from = scope.layer.owned_by and program.noise_from or 0
  program.noises[scope.layer] = number + 1
  local timed = frame.timed(shape)
  local tensor = batched_tensor(program, { layer = scope.layer_name, name = unique_name(scope, "noise"), role = "noise",
    rate = rate, normal = normal,
    place = scope.layer.index + from + number * PLACES }, timed, joined(frame.implied_shape, shape))
  return value{ op = "leaf", shape = shape, static = false, at = function(full)
    return load(tensor, place(program, timed, full))
  end }
end

-- noise(rate, shape): inverted dropout noise, one number for each element of a value of that shape (without it: of x),
-- in a step new ones at each turn; 1 when the model only predicts.
function vocabulary.noise(rate, shape)
  local scope = internal.scope
  return draw("noise", internal.scan or scope and scope.frame, rate, shape)
end

-- dropped(v, rate, draws): dropout inside of a cell: v times noise, one draw for all turns; v itself where nothing is
-- dropped. With a number of draws v is read several times: {draws, ...}, a row with noise of its own for each.
function vocabulary.dropped(v, rate, draws)
  local program = internal.scope and internal.scope.program
  if not is(v, Value) or #v.shape == 0 then mistake("dropped takes a value that has an axis") end
  if not (program and program.training) then return v end
  local shape, kept = draws and joined({ draws }, v.shape) or v.shape, v
  local function of_any(index) return tail(index, 2) end
  if draws then kept = value{ op = "view", base = v, shape = shape, map = of_any } end
  if rate == 0 then return kept end
  kept = kept * vocabulary.shared_noise(rate, shape)
  rawset(kept, "local_name", "dropped_" .. (rawget(v, "local_name") or "value"))
  return kept
end

-- normal_noise(deviation, shape): normal noise of mean 0, drawn as noise is; 0 when the model only predicts.
function vocabulary.normal_noise(deviation, shape)
  local scope = internal.scope
  return draw("normal_noise", internal.scan or scope and scope.frame, deviation, shape, true)
end

-- shared_noise(rate, shape): the same in a step, but one draw for all turns of a sequence.
function vocabulary.shared_noise(rate, shape)
  local scope, scan = internal.scope, internal.scan
  internal.scan = nil
  local drawn = draw("shared_noise", scope and scope.frame, rate, shape)
  internal.scan = scan
  return drawn
end
