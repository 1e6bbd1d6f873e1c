-- lowering.lua: in: a built model.  out: a program: tensors and statements, which lua_lower.c turns into an Ir.
-- Each layer's mathematics is called once, recurrences around a time loop, the loss last; statements.lua makes
-- statements of what they return.
local internal = ...
local Value, is, value = internal.Value, internal.is, internal.value
local new_axis, affine_of, affine_add = internal.new_axis, internal.affine_of, internal.affine_add
local rawget, ipairs, error, type = rawget, ipairs, error, type
local format, concat = string.format, table.concat
local call_named = internal.call_named      -- (C) calls a function; its local variables name the values they hold

local s = internal.statements
local add_tensor, batched_tensor, add_statement = s.add_tensor, s.batched_tensor, s.add_statement
local constant, load, element_at, place, joined = s.constant, s.load, s.element_at, s.place, s.joined
local is_static, is_rename, fresh_axes, unique_name = s.is_static, s.is_rename, s.fresh_axes, s.unique_name
local emit_graph = s.emit_graph

local function mistake(...) error(format(...), 0) end

-- Layers ----------------------------------------------------------------------------------------------------

local function leaf(shape, at, static)
  return value{ op = "leaf", shape = shape, at = at, static = static or false }
end

local function tail(shape, from)
  local rest = {}
  for d = from, #shape do rest[#rest + 1] = shape[d] end
  return rest
end

local function weight_leaves(program, layer)
  local leaves = {}
  for _, weight in ipairs(layer.weights) do
    local tensor = program.weights[weight]
    leaves[weight.short_name] = leaf(weight.shape, function(index) return load(tensor, index) end, true)
  end
  return leaves
end

local function new_scope(program, layer, implied, implied_shape, timed)
  local scope = { program = program, layer_name = layer.name, implied = implied, implied_shape = implied_shape,
                  timed = timed, names = {} }
  for _, weight in ipairs(layer.weights) do scope.names[weight.short_name] = true end
  return scope
end

local function lower_recurrent(program, layer, input)
  local def, a = layer.definition, layer.arguments
  local timesteps = input.shape[1]
  local t = new_axis("t", timesteps)
  t.terms[1].axis.kind = "time"
  local scope = new_scope(program, layer, { t }, { timesteps }, function() return true end)
  scope.loop = { axis = t.terms[1].axis }
  local states, before, roots = {}, {}, {}
  for _, name in ipairs(def.state) do
    local shape = { a.units }
    local tensor = batched_tensor(program, { layer = layer.name, name = name, role = "state" }, true,
                                  joined({ timesteps + 1 }, shape))
    states[name], scope.names[name] = tensor, true
    local n = fresh_axes(shape)
    local function row(r) return place(program, true, joined({ affine_of(r) }, n)) end
    add_statement(scope, "reset", "set", tensor, row(0), constant(0), false)
    add_statement(scope, "carry", "set", tensor, row(0), load(tensor, row(timesteps)), false)
    before[name] = leaf(shape, function(full) return load(tensor, place(program, true, full)) end)
  end
  local x = leaf(tail(input.shape, 2), function(full)
    local moved = joined({}, full)
    if a.go_backwards then moved[1] = affine_add(affine_of(timesteps - 1), full[1], -1) end
    return input.at(moved)
  end)
  local after = call_named(def.step, a, weight_leaves(program, layer), x, before)
  if type(after) ~= "table" or is(after, Value) then
    mistake("step must return a table with the next state, { %s = ... }, not %s", def.state[1],
            is(after, Value) and "a value" or internal.shown(after))
  end
  local targets, copies = {}, {}
  for _, name in ipairs(def.state) do
    local node = after[name]
    if not is(node, Value) or #node.shape ~= 1 or node.shape[1] ~= a.units then
      mistake("step must return %s as a value of shape {%d}, not %s", name, a.units,
              is(node, Value) and format("of shape {%s}", concat(node.shape, ", ")) or internal.shown(node))
    end
    roots[#roots + 1] = node
    if targets[node] or node.op == "leaf" or node.op == "view" or node.op == "gate"
       or is_static(node) or is_rename(node) then
      copies[#copies + 1] = { name = name, node = node }
    else
      targets[node] = states[name]
    end
  end
  emit_graph(scope, roots, targets)
  for _, copy in ipairs(copies) do
    local n = fresh_axes({ a.units })
    add_statement(scope, "forward", "set", states[copy.name], place(program, true, { affine_add(t, 1, 1), n[1] }),
                  element_at(scope, copy.node, n, scope.implied), true)
  end
  local output = states[def.state[1]]
  if a.return_sequences then
    return { shape = { timesteps, a.units }, at = function(full)
      return load(output, place(program, true, { affine_add(full[1], 1, 1), full[2] }))
    end }
  end
  return { shape = { a.units }, at = function(full)
    return load(output, place(program, true, { affine_of(timesteps), full[1] }))
  end }
end

local PLACES = 1024         -- more than a model has layers

local function lower_call(program, layer, input)
  local def, a = layer.definition, layer.arguments
  local whole = def.over == "sample"
  local leading = whole and 0 or #input.shape - 1
  local implied, implied_shape = {}, {}
  for d = 1, leading do
    implied[d], implied_shape[d] = new_axis(d == 1 and "t" or "s", input.shape[d]), input.shape[d]
  end
  local sequence = #input.shape > 1 or def.input == "tokens"
  local scope = new_scope(program, layer, implied, implied_shape,
                          function(shape) return leading > 0 or whole and sequence and #shape > 1 end)
  local x = leaf(tail(input.shape, leading + 1), input.at)
  local noises = 0
  program.noise = function(rate)
    if not program.training then return 1 end
    noises = noises + 1             -- the first one's place is the layer's own, which the interpreter uses too
    local timed = scope.timed(x.shape)
    local fields = { layer = layer.name, name = unique_name(scope, "noise"), role = "noise", rate = rate,
                     place = layer.index + (noises - 1) * PLACES }
    local tensor = batched_tensor(program, fields, timed, input.shape)
    return leaf(x.shape, function(full) return load(tensor, place(program, timed, full)) end)
  end
  local y = call_named(def.call, a, weight_leaves(program, layer), x)
  program.noise = nil
  if not is(y, Value) then mistake("call must return a value, not %s", internal.shown(y)) end
  local shape, declared = joined(implied_shape, y.shape), internal.output_shape(layer, input.shape)
  if concat(shape, ", ") ~= concat(declared, ", ") then
    mistake("call returned a value of shape {%s}, but shape declares {%s}", concat(shape, ", "), concat(declared, ", "))
  end
  emit_graph(scope, { y }, nil)
  local function view(node)
    return function(full)
      local own = {}
      for d = leading + 1, #full do own[#own + 1] = full[d] end
      local lead = {}
      for d = 1, leading do lead[d] = full[d] end
      return element_at(scope, node, own, lead)
    end
  end
  local result = { shape = shape, at = view(y), activation = rawget(y, "activation") }
  if result.activation then result.pre = view(rawget(y, "pre")) end
  return result
end

local function lower_loss(program, model, output)
  local def, a = model.loss.definition, model.loss.arguments
  local scope = { program = program, layer_name = "", names = {} }
  local leading = #output.shape - 1
  local implied, implied_shape = {}, {}
  for d = 1, leading do
    implied[d], implied_shape[d] = new_axis(d == 1 and "t" or "s", output.shape[d]), output.shape[d]
  end
  scope.implied, scope.implied_shape, scope.timed = implied, implied_shape, function() return leading > 0 end
  local b = program.batch_axis
  local target_shape = model.target_shape
  local target_extents = { program.batch, table.unpack(target_shape) }
  program.target = add_tensor(program, { layer = "", name = "target", role = "target",
    integer = model.target_is_class, extents = target_extents, batch_dimension = 0 })
  program.sample_weight = add_tensor(program, { layer = "", name = "sample_weight", role = "sample_weight",
    extents = { program.batch }, batch_dimension = 0 })
  program.scale = add_tensor(program, { layer = "", name = "scale", role = "scale", extents = {} })
  program.loss = add_tensor(program, { layer = "", name = "loss", role = "loss", extents = {} })
  local own_target = tail(target_shape, leading + 1)
  local y = leaf(own_target, function(full) return load(program.target, joined({ b }, full)) end)
  local fused = not a.from_logits and def.logits and output.activation and output.activation.logit_form == def.logits
  local at = fused and output.pre or output.read
  local p = leaf(tail(output.shape, leading + 1), at)
  local first = #program.statements
  local l = call_named((fused or a.from_logits) and def.call_logits or def.call, a, y, p)
  emit_graph(scope, { l }, nil)
  add_statement(scope, "forward", "set", program.loss, {}, constant(0), false)
  local factor = { op = "multiply", a = load(program.scale, {}), b = load(program.sample_weight, { b }) }
  local weighted = { op = "multiply", a = factor, b = element_at(scope, l, {}, implied) }
  add_statement(scope, "forward", "add", program.loss, {}, weighted, false)
  for s = first + 1, #program.statements do program.statements[s].section = "loss" end
end

-- A program with its input, its weights and its batch axis; nothing is computed yet.
local function new_program(model, options, shape, tokens)
  local program = { tensors = {}, statements = {}, weights = {}, training = options.training, batch = options.batch }
  if options.training or options.batch > 1 then
    program.batch_axis = new_axis("b", options.batch)
    program.batch_axis.terms[1].axis.kind = "batch"
  end
  for index, weight in ipairs(model.weights) do
    program.weights[weight] = add_tensor(program, { layer = weight.layer_name, name = weight.short_name,
      role = "weight", extents = weight.shape, weight = index - 1, trainable = weight.trainable })
  end
  local b = program.batch_axis
  program.input = add_tensor(program, { layer = "", name = "x", role = "input", integer = tokens,
    extents = b and joined({ program.batch }, shape) or shape, batch_dimension = b and 0 or nil,
    time_dimension = (#shape > 1 or tokens) and (b and 1 or 0) or nil,
    trainable = options.input_gradient and not tokens })
  local function at(full) return load(program.input, b and joined({ b }, full) or full) end
  return program, { shape = shape, at = at }
end

local function lower_layers(program, model, first, last, current)
  for position = first, last do
    local layer = model.layers[position]
    internal.program = program
    internal.inside(layer.definition.name, layer.line)
    current = (layer.definition.step and lower_recurrent or lower_call)(program, layer, current)
    internal.program = nil
    internal.inside()
  end
  local b, scope = program.batch_axis, { program = program, layer_name = "", names = {} }
  program.output = add_tensor(program, { layer = "", name = "output", role = "output",
    extents = b and joined({ program.batch }, current.shape) or current.shape, batch_dimension = b and 0 or nil,
    time_dimension = #current.shape > 1 and (b and 1 or 0) or nil })
  local axes = fresh_axes(current.shape)
  if #axes == 2 then axes[1] = new_axis("t", current.shape[1]) end
  add_statement(scope, "forward", "set", program.output, b and joined({ b }, axes) or axes, current.at(axes), false)
  return current
end

-- lower(model, options): the whole model. options: training, batch (1: no batch axis unless training), streaming (one
-- time step).
function internal.lower(model, options)
  local shape = options.streaming and internal.reshape(model, 1) or model.layers[1].output
  local program, input = new_program(model, options, shape, model.input_is_tokens)
  local output = lower_layers(program, model, 2, #model.layers, input)
  if options.training and model.loss then
    local b = program.batch_axis
    output.read = function(full) return load(program.output, joined({ b }, full)) end
    lower_loss(program, model, output)
  end
  return program
end

-- lower_layer(model, options): options.layer alone, from its input to its output, without a loss.
function internal.lower_layer(model, options)
  local layer = model.layers[options.layer]
  local tokens = layer.definition.input == "tokens"
  local program, input = new_program(model, options, layer.input, tokens)
  lower_layers(program, model, options.layer, options.layer, input)
  return program
end

-- noise(rate): inverted dropout noise for x, one number for each element of a sample; 1 when the model only predicts.
function internal.vocabulary.noise(rate)
  local checked, why = internal.types.rate(rate)
  if checked == nil then mistake("noise: the rate %s", why) end
  if not (internal.program and internal.program.noise) then mistake("noise belongs into the call of a layer") end
  return internal.program.noise(rate)
end
