-- final_states.lua: return_state and initial_state of calls, as in Keras: y, h, c = LSTM{8, return_state = true}(x),
-- and LSTM{8}{z, initial_state = {h, c}}. A state is one more flow of the graph, of a layer that reads the recurrent
-- one.
local internal = ...
local report, shown, is_plain = internal.report, internal.shown, internal.is_plain
local ipairs, type, table = ipairs, type, table
local format, concat = string.format, table.concat
local tail = internal.program.tail

-- The layer that has the states: itself, or what Bidirectional owns twice.
local function loop_of(layer)
  local def = layer.definition
  if def.both_ways then return internal.given_layers(layer)[1].layer end
  return def.step and not def.is_cell and layer or nil
end

local function is_custom(loop)
  local custom = loop.definition.custom
  for _, given in ipairs(internal.given_layers(loop)) do custom = custom or given.layer.definition.custom end
  return custom
end

function internal.returns_states(layer)
  local loop = loop_of(layer)
  return loop and loop.arguments.return_state or false
end

-- Names and shapes are those of states_of, but in Keras's order: the first cell's states first. `of`: { keys, ... }.
local function in_order(states)
  local groups, list = {}, {}
  for _, state in ipairs(states) do
    local last = groups[#groups]
    if last and #state.keys > 1 and last[1].keys[1] == state.keys[1] then last[#last + 1] = state
    else groups[#groups + 1] = { state } end
  end
  local cells = states[1] and #states[1].keys > 1
  for k = 1, #groups do
    for _, state in ipairs(groups[cells and #groups + 1 - k or k]) do list[#list + 1] = state end
  end
  return list
end
internal.states_in_order = in_order

-- What they are called: h, c; cells say theirs in front: lstm_cell_h; Bidirectional forward_h, backward_h.
local function names_of(layer)
  local loop, names = loop_of(layer), {}
  for _, given in ipairs(internal.given_layers(loop)) do
    for _, state in ipairs(given.layer.definition.is_cell and given.layer.definition.state or {}) do
      names[#names + 1] = state
    end
  end
  for _, state in ipairs(loop.definition.state or {}) do names[#names + 1] = state end
  if loop == layer then return names end
  local both = {}
  for _, way in ipairs{ "forward_", "backward_" } do
    for _, name in ipairs(names) do both[#both + 1] = way .. name end
  end
  return both
end

-- The shapes of the states of a layer of the model that reads this shape.
local function shapes_of(layer, shape)
  local loop, shapes = loop_of(layer), {}
  for _, state in ipairs(in_order(internal.states_of(loop, tail(shape, 2)))) do shapes[#shapes + 1] = state.shape end
  if loop == layer then return shapes end
  local count = #shapes
  for k = 1, count do shapes[count + k] = shapes[k] end
  return shapes
end

-- Calls ------------------------------------------------------------------------------------------------------

-- What a call gives beside the output: the flows of the states, if the layer returns them.
function internal.final_flows(node, line, new_node)
  if not internal.returns_states(node) then return {} end
  if is_custom(loop_of(node)) then
    report(line, format("%s: return_state goes with the layers of Keras, not with cells of a description",
                        node.definition.name))
    return {}
  end
  local flows = {}
  node.states_seen = true
  for k, name in ipairs(names_of(node)) do
    local state = internal.layers.FinalState.make({ k - 1 }, line)
    state.state_name = name
    flows[k] = new_node(state, { node })
  end
  return flows
end

-- The states among what a call was given, { x, initial_state = {h, c} }: a list; {} if there are none.
function internal.initial_flows(layer, line, given)
  for _, key in ipairs(internal.keys(given)) do
    if key ~= "initial_state" or not loop_of(layer) then
      report(line, format("%s: a call takes what it reads%s, not %s", layer.definition.name,
                          loop_of(layer) and " and initial_state" or "", key))
      return nil
    end
  end
  local states = given.initial_state
  if states == nil then return {} end
  if is_custom(loop_of(layer)) then
    report(line, format("%s: initial_state in a call goes with the layers of Keras: a definition says by `initial` " ..
                        "where its states begin", layer.definition.name))
    return nil
  end
  local said = loop_of(layer).arguments.initial_state
  if said and (said.by_name or said.all and (said.all.learned or said.all[1])) then
    report(line, format("%s: its states begin as its argument initial_state says, or as its call does, not both",
                        layer.definition.name))
    return nil
  end
  local list = is_plain(states) and states or { states }
  local count = #names_of(layer)
  if #list ~= count then
    report(line, format("%s: initial_state has %d states, and the layer %d: %s", layer.definition.name, #list, count,
                        concat(names_of(layer), ", ")))
    return nil
  end
  return list
end

-- Shapes -----------------------------------------------------------------------------------------------------

-- Of a state's layer: what it puts out.
function internal.final_shape(layer)
  local from = layer.from[1]
  return shapes_of(from, from.inputs[1])[layer.arguments.number + 1]
end

-- Whether the states that a layer is given have its shapes.
function internal.check_initial_flows(layer)
  local shapes = #layer.from > 1 and loop_of(layer) and shapes_of(layer, layer.inputs[1]) or {}
  layer.given_states = #shapes
  for k, shape in ipairs(shapes) do
    local got = layer.inputs[k + 1]
    if concat(got, ", ") ~= concat(shape, ", ") then
      report(layer.line, format("%s: the initial_state of %s has the shape {%s}, not {%s}", layer.definition.name,
                                names_of(layer)[k], concat(shape, ", "), concat(got, ", ")))
      return false
    end
  end
  return true
end

-- Where nobody could read the states that a layer returns.
function internal.check_returned_states(layers)
  for _, layer in ipairs(layers) do
    local sound = internal.shapes.is_layer(layer) and not layer.failed
    if sound and not layer.states_seen and internal.returns_states(layer) then
      report(layer.line, format("%s: return_state: the states are further outputs, for which a Sequential has no " ..
                                "place: call the layer in a graph, y, h = %s{...}(x)", layer.definition.name,
                                layer.definition.name))
    end
  end
end

-- Its name, where that is free.
function internal.name_of_state(layer, used)
  local base, n = layer.from[1].name .. "_" .. layer.state_name, 0
  local name = base
  while used[name] do
    n = n + 1
    name = base .. "_" .. n
  end
  return name
end
