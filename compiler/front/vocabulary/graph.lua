-- graph.lua: layers that are called: in: y = LSTM{8}(x), Model{ inputs = x, outputs = y }.  out: the layers of a model,
-- each with those that it reads, in an order in which they can be computed.
local internal = ...
local report, caller_line, shown, is_plain = internal.report, internal.caller_line, internal.shown, internal.is_plain
local ipairs, pairs, type, select, rawget = ipairs, pairs, type, select, rawget
local format, sort = string.format, table.sort
local is_unknown = internal.is_unknown

local count = 0

-- What a call of the layer puts out; of an Input, its array.
local function flow_of(layer)
  layer.flow = layer.flow or { object = "flow", layer = layer }
  return layer.flow
end

-- The flows among what a layer or a model was given, as layers; nil after a mistake.
local function layers_of(owner, line, given)
  local list = {}
  for position, item in ipairs(given) do
    if is_unknown(item) then return nil end
    local kind = type(item) == "table" and item.object
    if kind == "flow" then
      list[position] = item.layer
    elseif kind == "layer" and item.definition.is_input then
      list[position] = item
    else
      local hint = kind == "layer" and format(": call it, like %s{...}(x)", item.definition.name) or ""
      report(line, format("%s: takes what a layer puts out, not %s%s", owner, shown(item), hint))
      return nil
    end
  end
  return list
end

local function take_place(layer, owner, line)
  if layer.owner then
    report(line, format("%s: the same layer object is used elsewhere: make a second one", layer.definition.name))
    return false
  end
  layer.owner = owner
  return true
end

-- A layer like that, for one more call.
local function copy_of(layer, line)
  local node = internal.new_layer(layer.definition, layer.arguments, layer.plain, line)
  node.owner, node.failed = "graph", layer.failed
  return node
end

-- What stands in the graph for one call: of the first one the layer itself, of each further one a layer like it, which
-- has the weights of the first.
local function node_of(layer, line)
  if layer.owner ~= "graph" then return take_place(layer, "graph", line) and layer end
  local node = copy_of(layer, line)
  node.first = layer
  return node
end

-- An attention that is given the same output as query, value and key reads it once.
local function once(from)
  for _, other in ipairs(from) do
    if other ~= from[1] then return from end
  end
  return { from[1] }
end

-- What one more call puts out.
local function new_flow(node, from, line)
  count = count + 1
  node.from, node.number, node.line = from, count, line
  return flow_of(node)
end

local function new_node(layer, from)
  layer.owner = "graph"
  return new_flow(layer, from, layer.line)
end

local call_layer

-- layer{x, mask = m}: in front of the layer stands one that gives x that mask. What else is given stays.
local function take_mask(layer, line, given)
  if not is_plain(given) or given.mask == nil then return given end
  local rest = {}
  for key, v in pairs(given) do rest[key] = v end
  local with = internal.constructors.WithMask{}
  with.line, rest.mask = line, nil
  rest[1] = call_layer(with, line, given[1], given.mask)
  return rest
end

-- layer(x), layer{a, b}: the layer reads these; layer{x, initial_state = {h, c}}: its states begin with those;
-- layer{x, mask = m}: its steps count where m says so.
function call_layer(layer, line, ...)
  local def, given = layer.definition, { ... }
  if select("#", ...) == 1 and is_plain(given[1]) then given = given[1] end
  given = take_mask(layer, line, given)
  local from, states = layers_of(def.name, line, given), internal.initial_flows(layer, line, given)
  states = states and layers_of(def.name, line, states)
  if not states then from = nil end
  if from and #from <= (def.once or 0) then from = once(from) end
  local node = from and node_of(layer, line)
  if not node then return internal.unknown end
  if def.is_input then
    report(line, format("%s: takes no input: it is one", def.name))
  elseif #from == 0 or #from > 1 and not def.many then
    report(line, format("%s: reads %s, not %d", def.name, def.many and "one output or more" or "one output", #from))
  else
    for _, state in ipairs(states) do from[#from + 1] = state end
    local flow = new_flow(node, from, line)
    return flow, table.unpack(internal.final_flows(node, line, new_node))
  end
  return internal.unknown
end

-- Model -----------------------------------------------------------------------------------------------------

-- The flows under one name or in a list; nil after a mistake.
local function read_side(model, side, given)
  if given == nil then
    report(model.line, format("Model: needs %s", side))
    return nil
  end
  if is_unknown(given) then return nil end
  return layers_of("Model: " .. side, model.line, is_plain(given) and given or { given })
end

-- Everything that `layer` depends on, and itself: layers into found.layers, inputs into found.inputs.
local function collect(layer, found)
  if found[layer] then return end
  found[layer] = true
  for _, from in ipairs(layer.from or {}) do collect(from, found) end
  local list = layer.definition.is_input and found.inputs or found.layers
  list[#list + 1] = layer
end

-- Whether the outputs can be computed from the inputs, and from nothing else.
local function check_sides(model, found)
  local named, good = {}, true
  for _, input in ipairs(model.inputs) do
    if not input.definition.is_input then
      report(model.line, format("Model: inputs are Input layers, not %s", shown(input)))
      good = false
    elseif named[input] then
      report(model.line, "Model: an input is named twice")
      good = false
    elseif not found[input] then
      report(input.line, "Input: no output of the model depends on it")
      good = false
    end
    named[input] = true
  end
  for _, input in ipairs(found.inputs) do
    if not named[input] then
      report(input.line, "Input: the outputs depend on it, but Model does not name it among its inputs")
      good = false
    end
  end
  return good
end

local function check_outputs(model)
  local named = {}
  if #model.outputs == 0 then
    report(model.line, "Model: needs outputs")
    return false
  end
  for _, output in ipairs(model.outputs) do
    if output.definition.is_input and #model.outputs > 1 then
      report(model.line, format("Model: an input is no output: %s", shown(output)))
      return false
    elseif named[output] then
      report(model.line, "Model: an output is named twice")
      return false
    end
    named[output] = true
  end
  return true
end

-- Model{ inputs = , outputs = , decoder = , ... }, or as Keras has it: Model(x, y).
internal.constructor("Model", function(given, line)
  local model = { object = "model", class = "Model", graph = true, broken = true, stack = {}, options = {},
                  option_lines = {}, line = line }
  if is_unknown(given) then return model end
  for position, side in ipairs{ "inputs", "outputs" } do
    if given[position] ~= nil and given[side] == nil then given[side] = given[position] end
    given[position] = nil
  end
  model.inputs, model.outputs = read_side(model, "inputs", given.inputs), read_side(model, "outputs", given.outputs)
  local decoder = given.decoder ~= nil and read_side(model, "decoder", given.decoder)
  given.inputs, given.outputs, given.decoder = nil, nil, nil
  internal.set_options(model, given, "Model", line, internal.model_options)
  if not model.inputs or not model.outputs then return model end
  local found = { layers = model.stack, inputs = {} }
  for _, output in ipairs(model.outputs) do collect(output, found) end
  model.decoder = decoder and internal.read_decoder(model, decoder) or nil
  if check_outputs(model) and check_sides(model, found) then model.broken = false end
  for _, input in ipairs(model.inputs) do
    local shared = type(input.owner) == "table" and input.owner.graph     -- of a part of the same graph
    if input.definition.is_input and not shared then take_place(input, model, line) end
  end
  return model
end)

-- The layers in order: inputs first, as they were named; the others as they were called.
function internal.connect_graph(model)
  sort(model.stack, function(a, b) return a.number < b.number end)
  model.layers = {}
  local shared = {}           -- layer -> its first call in this model
  for _, input in ipairs(model.inputs) do model.layers[#model.layers + 1] = input end
  for _, node in ipairs(model.stack) do
    local layer = node.first or node
    model.layers[#model.layers + 1] = node
    node.shares, shared[layer] = shared[layer], shared[layer] or node
  end
end

-- Models that are called ---------------------------------------------------------------------------------------

-- What a model that is called says for itself alone: a loss, data and the like go with the model that is returned.
local function refuse_options(model, line)
  for _, key in ipairs(internal.keys(model.options)) do
    if key ~= "name" then
      report(model.option_lines[key], format("%s: it is called as a layer, in line %d: \"%s\" goes with the model " ..
                                             "that is returned", model.class, line, key))
      return true
    end
  end
end

-- One more call of what the node is a call of; a state stays that of the call which makes it.
local function again(node, from, line)
  local copy = copy_of(node, line)
  copy.states_seen, copy.state_name = node.states_seen, node.state_name
  if not node.definition.final_state then copy.first = node.first or node end
  return new_flow(copy, from, line).layer
end

-- The layers of a graph between its inputs, which are these, and its outputs.
local function call_graph(model, line, given)
  local made, found = {}, { layers = {}, inputs = {} }
  for k, input in ipairs(model.inputs) do made[input] = given[k] end
  for _, output in ipairs(model.outputs) do collect(output, found) end
  sort(found.layers, function(a, b) return a.number < b.number end)
  for _, node in ipairs(found.layers) do
    local from = {}
    local meant = {}
    for k, other in ipairs(node.from) do
      from[k], meant[k] = made[other], other.definition.is_input and other or nil
    end
    if #from < #node.from then return nil end           -- check_sides has said why
    made[node] = again(node, from, line)
    made[node].meant = meant
  end
  local flows = {}
  for k, output in ipairs(model.outputs) do flows[k] = flow_of(made[output]) end
  return flows
end

-- Each layer of a Sequential reads the one before.
local function call_chain(model, line, given)
  local flow, input = flow_of(given[1]), nil
  for position, layer in ipairs(model.stack) do
    if type(layer) ~= "table" or layer.object ~= "layer" then return nil end
    if position == 1 and layer.definition.is_input then
      input = layer
    else
      if layer.owner == model then layer.owner = nil end
      flow = call_layer(layer, line, flow)
      if is_unknown(flow) then return nil end
      flow.layer.meant, input = { input }, nil
    end
  end
  return { flow }
end

-- base(x), base{a, b}: the layers of another model once more, with the same weights each time.
local function call_model(model, line, ...)
  local given, wanted = { ... }, model.graph and model.inputs and #model.inputs or 1
  if select("#", ...) == 1 and is_plain(given[1]) then given = given[1] end
  local from = layers_of(model.class, line, given)
  if not from or model.broken or refuse_options(model, line) then return internal.unknown end
  if #from ~= wanted then
    report(line, format("%s: has %d input%s, and is called with %d", model.class, wanted, wanted == 1 and "" or "s",
                        #from))
    return internal.unknown
  end
  local flows = (model.graph and call_graph or call_chain)(model, line, from)
  if not flows then return internal.unknown end
  return table.unpack(flows)
end

internal.handle_metatable.__call = internal.visible(function(object, ...)
  local line = caller_line()
  local kind = type(object) == "table" and rawget(object, "object")
  if kind == "sublayer" then return internal.call_sublayer(object, ...) end
  if kind == "layer" then return call_layer(object, line, ...) end
  if kind == "model" then return call_model(object, line, ...) end
  report(line, format("%s cannot be called", shown(object)))
  return internal.unknown
end, "call")
