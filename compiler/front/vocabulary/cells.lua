-- cells.lua: cells, what recurrent layers do in one step: as arguments of a layer that is the loop around them, and
-- called in its step.  in: layers, their cells.  out: the states of all of them, in a row, and a value for each call.
local internal = ...
local is, Value = internal.is, internal.Value
local vocabulary, types, items = internal.vocabulary, internal.types, internal.items
local shown, is_plain, layer_of = internal.shown, internal.is_plain, internal.layer_of
local rawget, ipairs, pairs, type, error = rawget, ipairs, pairs, type, error
local format, concat = string.format, table.concat
local call_named = internal.call_named

local function mistake(...) error(format(...), 0) end

-- As arguments ----------------------------------------------------------------------------------------------

-- What is wrong with a cell; nil if nothing is.
local function wrong_cell(v)
  local layer = layer_of(v)
  if layer and layer.definition.is_cell then return nil end
  local hint = ""
  if type(v) == "function" then hint = ": call it, like LSTMCell{8}"
  elseif layer and layer.definition.cell then hint = format(": write %s", layer.definition.cell) end
  return format("must be a cell, like LSTMCell{8}, or a list of them, not %s%s", shown(v), hint)
end

-- A cell, a list of them, or what StackedRNNCells makes of them.
function types.cells(v)
  if type(v) == "table" and rawget(v, "object") == "cells" then return v.list, nil end
  local list = is_plain(v) and v or { v }
  local count, why = items(list)
  if not count then return nil, why end
  if count == 0 then return nil, wrong_cell(v) end
  local cells = {}
  for position, item in ipairs(list) do
    why = wrong_cell(item)
    if why then return nil, list == v and format("item %d %s", position, why) or why end
    cells[position] = internal.sublayer_of(layer_of(item))
  end
  return cells, nil
end
internal.layer_types.cells = types.cells

-- StackedRNNCells{ {LSTMCell{8}, GRUCell{5}} }: Keras's word for such a list.
internal.constructor("StackedRNNCells", function(given, line)
  local values = internal.read_arguments("StackedRNNCells", { { "cells", "cells" } }, given, line)
  return values.failed and internal.unknown or { object = "cells", list = values.cells }
end)

-- States ----------------------------------------------------------------------------------------------------

-- Of a layer or a cell without its cells, in the order of its states: what the definition says, {units} where it says
-- nothing.
local function own_states(layer, shape)
  local def, said, list = layer.definition, {}, {}
  if def.state_shapes then
    said = internal.call_inside(layer, "state_shapes", { shape = shape, rank = #shape, features = shape[#shape] })
    if not is_plain(said) then mistake("state_shapes must return a table of shapes, not %s", shown(said)) end
  end
  for position, name in ipairs(def.state or {}) do
    local own, why = types.shape(said[name] or { layer.arguments.units })
    if not own then mistake("state_shapes: the shape of %s %s", name, why) end
    list[position], said[name] = { name = name, keys = { name }, shape = own }, nil
  end
  for _, name in ipairs(internal.keys(said)) do mistake("state_shapes: %s is no state", shown(name)) end
  return list
end

-- Of what reads steps of that shape: a list of { name, keys, shape }, keys: where it stands in the table that `step`
-- sees; the first state is the output. Behind its own states come those of its cells, the last cell first, whose output
-- is that of all.
function internal.states_of(layer, shape)
  local own, list, rank = own_states(layer, shape), {}, #shape
  for _, given in ipairs(internal.given_layers(layer)) do
    local cell = given.layer
    if cell.definition.is_cell then
      local inner = {}
      for _, state in ipairs(internal.states_of(cell, shape)) do
        inner[#inner + 1] = { name = cell.name .. "_" .. state.name, keys = { cell.name, table.unpack(state.keys) },
                              shape = state.shape }
      end
      shape = inner[1].shape
      for _, state in ipairs(list) do inner[#inner + 1] = state end
      list = inner
    end
  end
  for _, state in ipairs(list) do own[#own + 1] = state end
  if #own[1].shape ~= rank then
    mistake("the first state is the output, %s: %s has the shape {%s}", rank == 1 and "a vector" or "an image",
            own[1].name, concat(own[1].shape, ", "))
  end
  return own
end

-- The table that `step` sees, { h = v }, or { lstm_cell = { h = v, c = v } }, from one by names.
function internal.nested_states(states, values)
  local nested = {}
  for _, state in ipairs(states) do
    local at = nested
    for k = 1, #state.keys - 1 do
      at[state.keys[k]] = at[state.keys[k]] or {}
      at = at[state.keys[k]]
    end
    at[state.keys[#state.keys]] = values[state.name]
  end
  return nested
end

-- And back; what is no state stays, to be reported.
function internal.flat_states(states, nested)
  if not is_plain(nested) then return nested end
  local flat = {}
  for key, v in pairs(nested) do flat[key] = v end
  for _, state in ipairs(states) do
    if #state.keys > 1 then
      local v = nested
      for _, key in ipairs(state.keys) do v = is_plain(v) and v[key] or nil end
      flat[state.keys[1]], flat[state.name] = nil, v
    end
  end
  return flat
end

-- Truncated back-propagation through time --------------------------------------------------------------------

-- truncate of the whole model: that of each loop over time that says nothing itself.
function internal.truncate_layer(layer)
  local block, def = internal.truncate, layer.definition
  if block and def.step and not def.is_cell and layer.arguments.truncate == false then
    layer.arguments.truncate, layer.plain.truncate, layer.given.truncate = block, block, block
  end
end

-- Calls -----------------------------------------------------------------------------------------------------

-- What the values of a cell are called by: its own name in C; the same in all calls in one step.
local function names_of(scope, cell)
  scope.cells = scope.cells or {}
  if not scope.cells[cell] then
    local calls, names = scope.program.calls, {}
    local number = (calls[cell] or 0) + 1
    calls[cell] = number
    for _, weight in ipairs(cell.weights) do names[weight.short_name] = true end
    scope.cells[cell] = { layer_name = cell.c_name .. (number > 1 and "_call_" .. number or ""), names = names }
  end
  return scope.cells[cell]
end

-- Gives a cell the shape of what it reads, and its weights, at its first call.
local function settle(owner, cell, shape)
  if cell.inputs then return internal.check_weights(cell, { shape }) end
  cell.inputs, cell.input = { shape }, shape
  if cell.definition.owns then internal.own_layers(cell, internal.seen_by(cell, cell.inputs)) end
  internal.make_weights_of(cell)
  cell.output = internal.states_of(cell, shape)[1].shape
  owner.sublayers[#owner.sublayers + 1] = cell
end

-- The step of the cell in the scope of what owns it, where its values, its noise and the layers that it calls are its
-- own.
local function call_step(scope, cell, x, states)
  local layer, layer_name, names, x_shape = scope.layer, scope.layer_name, scope.names, scope.x_shape
  local outer, own = internal.cell, names_of(scope, cell)
  scope.layer, scope.layer_name, scope.names, scope.x_shape = cell, own.layer_name, own.names, x.shape
  internal.cell = own
  internal.inside(cell.definition.name, cell.line)
  local weights = internal.lowering.weight_leaves(scope.program, cell)
  local after = call_named(cell.definition.step, cell.arguments, weights, x, states)
  internal.inside(layer.definition.name, layer.line)
  internal.cell = outer
  scope.layer, scope.layer_name, scope.names, scope.x_shape = layer, layer_name, names, x_shape
  return after
end

-- cell(x, s) in the step of its owner: what it puts out, and its states after the step.
function internal.call_cell(held, x, states)
  local cell, scope = rawget(held, "layer"), internal.scope
  local def, owner = cell.definition, scope and scope.layer
  if not owner or cell.owned_by ~= (owner.shares or owner) then
    mistake("%s is called outside of the mathematics that owns it", def.name)
  end
  if internal.activity_of(cell) then
    mistake("%s: activity_regularizer adds to the loss what a layer puts out, not a cell: write it outside", def.name)
  end
  if not internal.scan then mistake("%s is a cell: it is called in the step of a loop over time", def.name) end
  if not is(x, Value) or #x.shape ~= 1 then mistake("%s reads a value of rank 1, not %s", def.name, shown(x)) end
  if not is_plain(states) then
    mistake("%s is called with what it reads and its states, cell(x, s[cell.name]), not %s", def.name, shown(states))
  end
  settle(owner, cell, x.shape)
  local first = internal.states_of(cell, x.shape)[1]
  local after = call_step(scope, cell, x, states)
  if def.owns then internal.check_called(cell) end
  local y = is_plain(after) and internal.flat_states({ first }, after)[first.name]
  if not is(y, Value) then mistake("step must return a table with the next state, { %s = ... }", first.name) end
  return y, after
end
