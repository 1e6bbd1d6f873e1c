-- lowering.lua: in: a built model.  out: a program: tensors and statements, which lua_lower.c turns into an Ir.
-- Each layer's mathematics is called once, recurrences around a time loop, the loss last; statements.lua makes
-- statements of what they return.
--
-- The contract: what lua_lower.c reads, by lua_fields.c, which believes nothing: a field of another type, a number
-- beyond its range or a name that is none ends the compilation. What is nil or false has its default. An axis, a
-- tensor and a loop are known by their tables: the same table, the same thing.
--
-- program
--   training          flag: with a tape; without it the noise is 1
--   batch             rows, 1
--   batch_axis        index of one term: the batch's axis; nil: there is one sample, and no such axis
--   tensors           list of tensors
--   statements        list of statements, in the order in which they may run
--   inputs            list of tensors among those, in the order of the model's inputs
--   decoder           the input tensor that is read step by step, where the model has one; nil: none
--   output, target, sample_weight, scale, loss     tensors among those, or nil; of several targets none is `target`
--   lengths           how many steps of each row count: a tensor among those, or nil
--   mask              of a layer alone that makes one: a tensor among those
--   paces             of one that reads step by step: list of { every, tensor }: where it does not go on at each step,
--                     but at every so many; the tensor, a state, counts those that it still waits; nil: none
-- tensor
--   role              "input", "lengths", "target", "sample_weight", "scale", "training", "weight", "noise", "state",
--                     "value", "output" or "loss"
--   layer, name       text and identifier: whose it is ("": the program's), and what it is called in C
--   extents           list of sizes, empty for a number
--   integer           flag: ids or classes
--   batch_dimension, time_dimension     which of the extents is which, from 0; nil: none
--   reduced           flag: a sum over the rows of the whole batch; of a value
--   incoming          rows before the first step, 1; of a state
--   decodes           flag: of a state: it is the decoder's
--   kept              flag: the caller may look at it, so that it stays on the tape; of a value
--   updates           place in the model's list of weights: of the statistic that it is after the batch; of a value
--   trainable         flag: its gradient is wanted; of weights and inputs
--   weight            place in the model's list of weights, from 0; of a weight
--   rate, place       what fraction is dropped, and which draw it is; of noise
--   normal            flag: it is normal, of deviation `rate`, and is added; of noise
--   vocabulary        how many ids there are; of an input of ids
--   steps             how many there are, which all count where no lengths are given; of lengths
-- statement           tensor[index] = right, for each element of axes
--   section           "reset", "forward", "carry" or "loss"
--   accumulate        "set", "add" or "max"
--   tensor, index     what is written: an access
--   right             expression
--   axes              list of axes: those of the left side, then those that are summed, without the loop's
--   loop              { axis = }: the turn of a time loop that it stands in; nil: none
--   layer             text: whose mistake it is if something is wrong
--   every, waits      of a layer that slides windows over a sequence: their strides, and how many steps come before the
--                     last one of the first window; nil: it does not
--   phase             which of the paces it keeps, from 1; nil, 0: each step
-- access
--   tensor            one that the program has
--   index             list of indices, one for each extent
-- index               a sum, or an access with op = "load" to a tensor of integers: the element that it names
--   constant          whole number, 0
--   terms             list of { axis = axis, coefficient = whole number }
-- axis
--   name, extent      identifier and size
--   kind              "plain", "batch" or "time"; nil: plain
-- expression          of one of these, by op
--   "constant"        value: a number that a float holds, or -infinity
--   "load"            an access: tensor, index
--   "position"        index: its value as a number
--   a name of ops.h   a, b: as many expressions as it takes
local internal = ...
local Value, is, leaf, lower_loss = internal.Value, internal.is, internal.leaf, internal.lower_a_loss
local new_axis, affine_of = internal.new_axis, internal.affine_of
local affine_add, affine_multiply = internal.affine_add, internal.affine_multiply
local rawget, rawset, ipairs, error = rawget, rawset, ipairs, error
local format, concat = string.format, table.concat
local is_plain = internal.is_plain
local call_named = internal.call_named      -- (C) calls a function; its local variables name the values they hold

local p, s = internal.program, internal.statements
local head, tail = p.head, p.tail
local add_tensor, add_statement, constant, load, place = p.add_tensor, p.add_statement, p.constant, p.load, p.place
local element_at, joined, fresh_axes = s.element_at, s.joined, s.fresh_axes
local begin_graph, emit_graph = s.begin_graph, s.emit_graph

local function mistake(...) error(format(...), 0) end

-- Layers ----------------------------------------------------------------------------------------------------

local function weight_leaves(program, layer)
  local leaves = {}
  for _, weight in ipairs(layer.weights) do
    local tensor = program.weights[weight]
    local value = leaf(weight.shape, function(index) return load(tensor, index) end, true)
    if weight.statistic then rawset(value, "statistic", weight) end
    if weight.part then
      leaves[weight.part] = leaves[weight.part] or {}
      leaves[weight.part][weight.own_name] = value
    else
      leaves[weight.short_name] = value
    end
  end
  for key, owned in pairs(layer.owned or {}) do leaves[key] = internal.sublayer_of(owned) end
  return leaves
end

-- What the values of a layer have in common; its frame: what is said of values outside of scans (statements.lua).
local function new_scope(program, layer, around, frame)
  local scope = { program = program, layer = layer, layer_name = around.name, names = {}, scans = {}, frame = frame,
                  updates = {}, steps = #around.implied }
  frame.loop = around.loop
  for _, weight in ipairs(layer.weights) do scope.names[weight.short_name] = true end
  internal.scope = scope
  return scope
end

-- Flows: what a layer puts out: { shape, at(index), mask(index of one step), counted, pre, activation }: mask nil: all
-- steps count; counted: the mask is that of lengths; pre and activation: what an activation at the end was given.
-- A layer stands in a program, or in the mathematics of the layer that owns it; what is `around` it: { name, implied,
-- implied_shape, loop }: its name in C, the axes that stand in front of every index of its flows, and the loop that its
-- statements are in. It is lowered in two steps: its mathematics is called, and what there is to emit is emitted.

-- Once for every cell: a masked step computes on zeros, and the states stay as they are, without a product anywhere, so
-- that a NaN in what is masked reaches neither results nor gradients. The output is a state of its own: zeros until the
-- first step that counts, whatever the states begin with; with zero_output_for_mask in each that does not.
local function masked_step(states, output, step, mask, zeros)
  local keep = internal.vocabulary.keep
  return function(x, before)
    local valid = leaf({}, mask)
    local invalid = 1 - valid
    local function chosen(node, name)
      return is(node, Value) and keep(valid, node) + keep(invalid, before[name]) or node
    end
    local x_kept = keep(valid, x)
    rawset(x_kept, "local_name", "x")
    local after = step(x_kept, before)
    if not is_plain(after) then return after end
    local first = after[states[1].name]
    for _, state in ipairs(states) do after[state.name] = chosen(after[state.name], state.name) end
    after[output] = zeros and is(first, Value) and keep(valid, first) or chosen(first, output)
    return after
  end
end

-- A recurrent layer is a scan over its input: of its states the first is the output.
local function lower_recurrent(program, layer, inputs, around)
  local def, a, input = layer.definition, layer.arguments, inputs[1]
  local timesteps, states = input.shape[1], internal.states_of(layer, tail(input.shape, 2))
  local n = #around.implied
  if n > 0 and a.stateful then mistake("stateful: at each step it begins anew") end
  local scope = new_scope(program, layer, around, { implied = around.implied, implied_shape = around.implied_shape,
                                                    timed = function(shape) return n > 0 or #shape > 1 end })
  scope.x_shape = input.shape
  local weights, list = weight_leaves(program, layer), {}
  local initial, begins = {}, internal.beginnings(layer, tail(input.shape, 2), weights)
  if def.initial then
    initial = call_named(def.initial, a, weights, leaf(input.shape, input.at))
    if not is_plain(initial) then mistake("initial must return a table of values, not %s", internal.shown(initial)) end
  end
  for k, state in ipairs(internal.states_in_order(states)) do
    local flow = inputs[k + 1]
    if flow then initial[state.name] = leaf(flow.shape, flow.at) end
  end
  for position, state in ipairs(states) do
    list[position] = { name = state.name, shape = state.shape, initial = initial[state.name],
                       begins = begins[state.name],
                       carries = n == 0 and (program.all_carry or a.stateful) }
  end
  local function at_step(t, full)     -- full[1] is the turn, or the step; behind what stands around it comes t
    return joined(joined(tail(head(full, n + 1), 2), { t }), tail(full, n + 2))
  end
  local function moved(full)          -- the step that is read at turn full[1]
    return at_step(a.go_backwards and affine_add(affine_of(timesteps - 1), full[1], -1) or full[1], full)
  end
  local function step(x, before)
    return internal.flat_states(states, call_named(def.step, a, weights, x, internal.nested_states(states, before)))
  end
  if input.mask then
    local output = list[1].name == "output" and "masked_output" or "output"
    step = masked_step(states, output, step, function(full) return input.mask(moved(full)) end, a.zero_output_for_mask)
    list[#list + 1] = { name = output, shape = states[1].shape, carries = program.streaming, passes = true }
  end
  local scan = internal.run_scan(scope, {
    turns = timesteps, states = list, truncate = a.truncate,
    step = function(t, before)
      local x = leaf(tail(input.shape, 2), function(full) return input.at(moved(full)) end)
      scope.x_shape, scope.x_of = x.shape, internal.scan
      rawset(x, "local_name", "x")
      return step(x, before)
    end,
  })
  local output, shape = scan.states[input.mask and #list or 1].tensor, states[1].shape
  local function row(tensor, t, full) return load(tensor, place(program, true, joined({ t }, full))) end
  local function last(tensor) return function(full) return row(tensor, affine_of(timesteps), full) end end
  local flow = { shape = shape, at = last(output) }
  if a.return_sequences then
    flow = { shape = joined({ timesteps }, shape), mask = input.mask, at = function(full)
      return row(output, affine_add(full[n + 1], 1, 1), joined(head(full, n), tail(full, n + 2)))
    end }
  end
  flow.states = {}
  for position, state in ipairs(states) do
    state.flow = { shape = state.shape, at = last(scan.states[position].tensor) }
  end
  for k, state in ipairs(a.return_state and internal.states_in_order(states) or {}) do flow.states[k] = state.flow end
  return flow, begin_graph(scope, {})
end

-- Where the values of a layer that is no cell stand; and how many axes its mathematics does not see.
local function frame_of(layer, inputs, around)
  local whole, shape = layer.definition.over == "sample", inputs[1].shape
  local leading = whole and 0 or layer.definition.over == "step" and 1 or #shape - 1
  local implied, implied_shape = joined({}, around.implied), joined({}, around.implied_shape)
  for d = 1, leading do
    implied[#implied + 1], implied_shape[#implied_shape + 1] = new_axis(p.LEADING_AXES[d], shape[d]), shape[d]
  end
  local sequence = layer.definition.input == "tokens"
  for _, flow in ipairs(inputs) do sequence = sequence or #flow.shape > 1 end
  return { implied = implied, implied_shape = implied_shape,
           timed = function(own) return #implied > 0 or whole and sequence and #own > 1 end }, leading
end

-- What the mathematics of a layer that is no cell returns: y, and the mask that it makes. The masks of several inputs
-- are a list, in which those that have none are left out; nil: none has one.
local function call_layer(program, layer, inputs, leading)
  local def, a, scope, x, masks = layer.definition, layer.arguments, internal.scope, {}, nil
  for k, flow in ipairs(inputs) do
    x[k] = leaf(tail(flow.shape, leading + 1), flow.at)
    rawset(x[k], "tokens", flow.tokens)
    if def.over == "sample" and flow.mask then
      masks = masks or {}
      masks[k] = leaf({ flow.shape[1] }, flow.mask)
    end
  end
  scope.x_shape = x[1].shape
  if def.both_ways then scope.given_states = tail(inputs, 2) end
  local weights, many = weight_leaves(program, layer), def.many
  local given, mask = many and x or x[1], masks
  if masks and not many then mask = masks[1] end
  local y = call_named(def.call, a, weights, given, mask)
  if not is(y, Value) then mistake("call must return a value, not %s", internal.shown(y)) end
  local made = nil
  if internal.makes_mask(layer, internal.masked_of(inputs, "mask"), inputs[1].shape) then
    made = def.mask == "merge" and internal.merged_mask(layer, masks, x)
           or call_named(def.mask, a, weights, given, mask)
  end
  if made and not (is(made, Value) and #made.shape == 1 and made.shape[1] == y.shape[1]) then
    mistake("mask must return a value of shape {%d}, one number for each time step", y.shape[1])
  end
  if made then rawset(made, "timed", true) end      -- of rank 1, and yet a sequence
  return y, made
end

local function check_declared(layer, inputs, shape)
  local shapes = {}
  for k, flow in ipairs(inputs) do shapes[k] = flow.shape end
  local declared = internal.declared_shape(layer, shapes)
  if declared and concat(shape, ", ") ~= concat(declared, ", ") then
    mistake("call returned a value of shape {%s}, but shape declares {%s}", concat(shape, ", "), concat(declared, ", "))
  end
end

-- As Keras has it, a layer that makes a mask replaces the one that it is given; but lengths hold whatever comes behind.
local function both(made, given)
  return function(full) return { op = "multiply", a = made(full), b = given(full) } end
end

-- inputs: what the layer reads.
local function lower_call(program, layer, inputs, around)
  local frame, leading = frame_of(layer, inputs, around)
  local scope, mask = new_scope(program, layer, around, frame), leading > 0 and inputs[1].mask
  scope.valid = mask and function(implied) return mask(head(implied, #around.implied + 1)) end
  local y, made = call_layer(program, layer, inputs, leading)
  local seen = joined(head(inputs[1].shape, leading), y.shape)
  check_declared(layer, inputs, seen)
  local finish, n = begin_graph(scope, joined({ y, made }, scope.updates)), #frame.implied
  local function view(node)
    return function(full) return element_at(scope, node, tail(full, n + 1), head(full, n)) end
  end
  local flow = { shape = seen, at = view(y), activation = rawget(y, "activation"), states = scope.final_states }
  if y.op == "call" then flow.activation, flow.pre = y.flow.activation, y.flow.pre
  elseif flow.activation then flow.pre = view(rawget(y, "pre")) end
  local replaces = layer.definition.mask ~= "merge"
  if made then flow.mask = replaces and inputs[1].counted and both(view(made), inputs[1].mask) or view(made)
  elseif internal.keeps_mask(layer, seen) then flow.mask = inputs[1].mask end
  return flow, finish
end

-- A program with its weights and its batch axis; nothing is computed yet.
local function new_program(model, options)
  local program = { tensors = {}, statements = {}, weights = {}, inputs = {}, noises = {}, calls = {}, updated = {},
                    training = options.training, batch = options.batch, streaming = options.streaming,
                    all_carry = options.streaming or not model.stateful, paces = options.streaming and {} or nil }
  if options.training or options.batch > 1 then
    program.batch_axis = new_axis("b", options.batch)
    program.batch_axis.terms[1].axis.kind = "batch"
  end
  for index, weight in ipairs(model.weights) do
    weight.place = index - 1
    program.weights[weight] = add_tensor(program, { layer = weight.layer_name, name = weight.short_name,
      role = "weight", extents = weight.shape, weight = weight.place, trainable = weight.trainable })
  end
  return program
end

-- What a layer outside of the program puts out: an input of the program.
local function add_input(program, group, name, shape, vocabulary, options)
  local b, tokens = program.batch_axis, vocabulary ~= nil
  local tensor = add_tensor(program, { layer = group, name = name, role = "input",
    integer = tokens, vocabulary = vocabulary,
    extents = b and joined({ program.batch }, shape) or shape, batch_dimension = b and 0 or nil,
    time_dimension = (#shape > 1 or tokens) and (b and 1 or 0) or nil,
    trainable = options.input_gradient and not tokens })
  program.inputs[#program.inputs + 1] = tensor
  return { shape = shape, at = function(full) return load(tensor, b and joined({ b }, full) or full) end }
end

-- The samples of an input have lengths: its mask says which steps are below them. One step of a stream always counts.
local function add_lengths(program, flow)
  local b, t = program.batch_axis, new_axis("t", flow.shape[1])
  program.lengths = add_tensor(program, { layer = "", name = "lengths", role = "lengths", integer = true,
    steps = flow.shape[1], extents = b and { program.batch } or {}, batch_dimension = b and 0 or nil })
  local mask = p.batched_tensor(program, { layer = "", name = "mask", role = "value" }, true, { flow.shape[1] })
  add_statement({ program = program, layer_name = "" }, "forward", "set", mask, place(program, true, { t }),
                { op = "greater", a = load(program.lengths, b and { b } or {}), b = { op = "position", index = t } })
  flow.counted = true
  flow.mask = function(full) return load(mask, place(program, true, { full[1] })) end
end

-- The layer's mathematics, and what weights alone decide; the function that it returns emits the rest.
local function begin_one(program, layer, inputs, around)
  internal.inside(layer.definition.name, layer.line)
  return (layer.definition.step and lower_recurrent or lower_call)(program, layer, inputs, around)
end

internal.lowering = { new_program = new_program, begin_one = begin_one, weight_leaves = weight_leaves }

local function lower_one(program, layer, inputs)
  if layer.definition.final_state then return inputs[1].states[layer.arguments.number + 1] end
  program.noises, program.noise_from = {}, layer.noise_from
  local flow, finish = begin_one(program, layer, inputs, internal.nothing_around(layer))
  finish()
  internal.scope = nil
  internal.inside()
  if internal.ends_mask(layer) then flow.mask = nil end
  return flow
end

local function add_output(program, flow)
  local b, scope = program.batch_axis, { program = program, layer_name = "", names = {} }
  program.output = add_tensor(program, { layer = "", name = "output", role = "output",
    extents = b and joined({ program.batch }, flow.shape) or flow.shape, batch_dimension = b and 0 or nil,
    time_dimension = #flow.shape > 1 and (b and 1 or 0) or nil })
  local axes = fresh_axes(flow.shape)
  if #axes > 1 then axes[1] = new_axis("t", flow.shape[1]) end
  add_statement(scope, "forward", "set", program.output, b and joined({ b }, axes) or axes, flow.at(axes))
end

-- The outputs of a model that has several are one vector, one behind the other, as in struct M_outputs.
local function add_outputs(program, flows)
  local b, scope, total = program.batch_axis, { program = program, layer_name = "", names = {} }, 0
  for _, flow in ipairs(flows) do total = total + internal.shapes.elements(flow.shape) end
  total = affine_of(total).constant
  program.output = add_tensor(program, { layer = "", name = "output", role = "output",
    extents = b and { program.batch, total } or { total }, batch_dimension = b and 0 or nil })
  local from = 0
  for _, flow in ipairs(flows) do
    local axes, place_in = fresh_axes(flow.shape), affine_of(0)
    if #axes > 1 then axes[1] = new_axis("t", flow.shape[1]) end
    for d, axis in ipairs(axes) do
      place_in = affine_add(affine_multiply(place_in, flow.shape[d]), axis, 1)
    end
    local index = affine_add(place_in, from, 1)
    add_statement(scope, "forward", "set", program.output, b and { b, index } or { index }, flow.at(axes))
    from = from + affine_of(internal.shapes.elements(flow.shape)).constant
  end
end

-- Which steps of an output count stays on the tape: metrics leave the others out.
local function keep_mask(program, name, flow)
  local b, t = program.batch_axis, new_axis("t", flow.shape[1])
  local mask = add_tensor(program, { layer = "output_masks", name = name or "output", role = "value", kept = true,
    extents = { program.batch, flow.shape[1] }, batch_dimension = 0 })
  add_statement({ program = program, layer_name = "" }, "forward", "set", mask, { b, t }, flow.mask({ t }))
end

-- What is behind the decoder's input goes step by step, the rest over whole sequences; the states there are its own.
local function lower_side(program, layer, inputs, options, paces)
  local steps, first = layer.decodes or false, #program.tensors
  if options.decoding then
    program.streaming, program.all_carry, program.paces = steps, steps, steps and paces or nil
  end
  local flow = lower_one(program, layer, inputs)
  for number = first + 1, #program.tensors do
    local tensor = program.tensors[number]
    tensor.decodes = steps and tensor.role == "state"
  end
  return flow
end

-- The shape of an input in this program.
local function shape_of_input(model, input, options)
  if options.streaming then return internal.reshape(model, 1) end
  return options.decoding and input.decodes and joined({ 1 }, tail(input.output, 2)) or input.output
end

-- lower(model, options): the whole model. options: training, batch (1: no batch axis unless training), streaming (one
-- time step), decoding (one time step of the decoder, and whole sequences of what it does not read), whole (all steps
-- count, whatever lengths say).
function internal.lower(model, options)
  local program, flows, paces = new_program(model, options), {}, {}
  for _, input in ipairs(model.inputs) do
    local shape = shape_of_input(model, input, options)
    local one = #model.inputs == 1
    local group, name = one and "" or "inputs", one and "x" or input.name
    flows[input] = add_input(program, group, name, shape, input.vocabulary, options)
    if input == model.decoder then program.decoder = program.inputs[#program.inputs] end
    local steps = options.streaming or options.decoding and input.decodes
    if input == model.lengths and not steps and not options.whole then
      add_lengths(program, flows[input])
    end
  end
  for _, layer in ipairs(model.layers) do
    if not flows[layer] then
      local inputs = {}
      for k, from in ipairs(layer.from) do inputs[k] = flows[from] end
      flows[layer] = lower_side(program, layer, inputs, options, paces)
    end
  end
  program.paces = program.paces or options.decoding and paces or nil
  local outputs = {}
  for k, layer in ipairs(model.outputs) do
    outputs[k] = flows[layer]
    if outputs[k].mask and options.training then keep_mask(program, #model.outputs > 1 and layer.name, outputs[k]) end
  end
  if #outputs > 1 then add_outputs(program, outputs) else add_output(program, outputs[1]) end
  if options.training and model.loss and #outputs > 1 then
    internal.lower_losses(program, model, outputs)
    internal.lower_activities(program, model, flows, 1)
  elseif options.training and model.loss then
    local b = program.batch_axis
    outputs[1].read = function(full) return load(program.output, joined({ b }, full)) end
    lower_loss(program, model, outputs[1])
    local places = 1
    for d = 1, model.loss.definition.over ~= "sample" and #outputs[1].shape - 1 or 0 do
      places = places * outputs[1].shape[d]
    end
    internal.lower_activities(program, model, flows, places)
  end
  return program
end

-- lower_layer(model, options): options.layer alone, from its inputs to its output, without a loss.
function internal.lower_layer(model, options)
  local layer, inputs = model.layers[options.layer], {}
  local program = new_program(model, options)
  for k, from in ipairs(layer.from) do
    local vocabulary = layer.definition.input == "tokens" and from.vocabulary or nil
    inputs[k] = add_input(program, "", k == 1 and "x" or "x_" .. k, layer.inputs[k], vocabulary, options)
  end
  for k, masked in ipairs(layer.masks) do
    local name = k == 1 and "mask" or "mask_" .. k
    if masked then inputs[k].mask = add_input(program, "", name, { layer.inputs[k][1] }, nil, {}).at end
  end
  local flow = lower_one(program, layer, inputs)
  add_output(program, flow)
  if layer.makes_mask then
    local b, t = program.batch_axis, new_axis("t", layer.output[1])
    program.mask = add_tensor(program, { layer = "", name = "mask", role = "value", batch_dimension = b and 0 or nil,
      extents = b and { program.batch, layer.output[1] } or { layer.output[1] } })
    add_statement({ program = program, layer_name = "" }, "forward", "set", program.mask, b and { b, t } or { t },
                  flow.mask({ t }))
  end
  return program
end

-- lower_activation(model, options): an activation of the description, options.name, alone: of options.width numbers.
function internal.lower_activation(model, options)
  local name, width = options.name, options.width
  local layer = { definition = internal.layers.Activation, name = name, line = 0, weights = {}, inputs = { { width } },
                  arguments = { activation = internal.activations[name] } }
  local program = new_program(model, options)
  local x = add_input(program, "", "x", { width }, nil, options)
  add_output(program, lower_one(program, layer, { x }))
  return program
end

-- lower_loss(model, options): the loss of output options.layer alone, or the metric options.name as if it were one:
-- from the output, which is the program's input.
function internal.lower_loss(model, options)
  local program, of = new_program(model, options), model.ends[options.layer]
  local output = add_input(program, "", "p", of.output_shape, nil, options)
  if model.outputs[options.layer].masked then
    output.mask = add_input(program, "", "mask", { of.output_shape[1] }, nil, {}).at
  end
  add_output(program, output)
  local b = program.batch_axis
  output.read = function(full) return load(program.output, joined({ b }, full)) end
  local loss = options.name and { definition = internal.metrics[options.name], arguments = {}, line = 0 } or of.loss
  lower_loss(program, { target_shape = of.target_shape, target_is_class = of.target_is_class, loss = loss,
                        sample_weights = not options.name and of.sample_weights or nil }, output)
  return program
end
