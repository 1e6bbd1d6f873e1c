-- losses.lua: in: what an output gives, and its loss.  out: the statements of the loss section; of a model with several
-- outputs those of each loss, and their weighted sum.
local internal = ...
local Value, is, leaf, value = internal.Value, internal.is, internal.leaf, internal.value
local new_axis, call_named = internal.new_axis, internal.call_named
local rawset, rawget, ipairs, error, type, table = rawset, rawget, ipairs, error, type, table
local format, concat = string.format, table.concat

local p, s = internal.program, internal.statements
local tail, add_tensor, add_statement, constant, load = p.tail, p.add_tensor, p.add_statement, p.constant, p.load
local element_at, joined, emit_graph, fresh_axes = s.element_at, s.joined, s.emit_graph, s.fresh_axes

local function mistake(...) error(format(...), 0) end

-- What a loss or a metric of the description must return.
local function check_loss(def, l)
  if def.custom and not (is(l, Value) and #l.shape == 0) then
    mistake("call must return one number for each %s, not %s", def.over == "sample" and "sample" or "step",
            is(l, Value) and format("a value of shape {%s}", concat(l.shape, ", ")) or internal.shown(l))
  end
  return l
end

-- The statements of a loop of a loss start and end with the sample: nothing is carried.
local function into_loss_section(program, first)
  local kept = {}
  for number, statement in ipairs(program.statements) do
    if number > first and statement.section ~= "carry" then statement.section = "loss" end
    if statement.section ~= "carry" or number <= first then kept[#kept + 1] = statement end
  end
  program.statements = kept
end

-- The factor by which the loss of a masked sequence is the mean over the steps that count, in the whole batch: of all
-- steps there are, one part is the sum's scale already. 0 where none counts.
local function factor_of_mask(program, loss_scope, valid)
  local frame = loss_scope.frame
  local scope = { program = program, layer_name = loss_scope.layer_name, names = {}, scans = {}, is_loss = true,
                  steps = 0, frame = frame }
  internal.scope = scope
  local steps = value{ op = "batch_sum", of = 1, shape = {} }
  local counted = value{ op = "batch_sum", of = valid, shape = {} }
  rawset(steps, "local_name", "steps")
  rawset(counted, "local_name", "valid_steps")
  local factor = internal.vocabulary.keep(counted, steps / internal.vocabulary.max(counted, 1))
  rawset(factor, "local_name", "mask_factor")
  emit_graph(scope, { factor })
  return element_at(scope, factor, {}, frame.implied)
end

-- The arguments of M_loss, and the loss. `of`: one of several outputs (outputs.lua), or the model with its only one.
local function add_arguments(program, of)
  local several = of.name_of_output
  local target = add_tensor(program, { layer = several and "targets" or "", name = several or "target", role = "target",
    integer = of.target_is_class, vocabulary = several and of.target_is_class and of.classes or nil,
    extents = { program.batch, table.unpack(of.target_shape) }, batch_dimension = 0 })
  if not several then program.target = target end
  if not program.loss then
    local extents = { program.batch }
    if of.first_weight then
      extents[2] = of.all_weights
    elseif of.sample_weights then
      for d = 1, #of.target_shape do extents[d + 1] = of.target_shape[d] end
      if not of.target_is_class then extents[#extents] = nil end
    end
    program.sample_weight = add_tensor(program, { layer = "", name = "sample_weight", role = "sample_weight",
      extents = extents, batch_dimension = 0 })
    program.scale = add_tensor(program, { layer = "", name = "scale", role = "scale", extents = {} })
    program.loss = add_tensor(program, { layer = "", name = "loss", role = "loss", extents = {} })
  end
  return target
end

-- Where the values of a loss stand; how many axes of the output it does not see.
local function scope_of(program, of, output)
  local def = of.loss.definition
  local leading, implied, implied_shape = def.over == "sample" and 0 or #output.shape - 1, {}, {}
  for d = 1, leading do
    implied[d], implied_shape[d] = new_axis(p.LEADING_AXES[d], output.shape[d]), output.shape[d]
  end
  local function timed(shape) return leading > 0 or #output.shape > 1 and #shape > 1 end
  local frame = { implied = implied, implied_shape = implied_shape, timed = timed }
  return { program = program, layer_name = of.name_of_output and of.name_of_output .. "_loss" or "", names = {},
           scans = {}, is_loss = true, steps = 0, frame = frame }, leading
end

-- Where the weight of a place stands: of several outputs behind those of the ones before.
local function index_of_weight(program, of, output, implied)
  local b = program.batch_axis
  if not of.first_weight then return of.sample_weights and joined({ b }, implied) or { b } end
  local place = internal.affine_of(0)
  for d, axis in ipairs(implied) do place = place * output.shape[d] + axis end
  return { b, place + of.first_weight }
end

-- How the loss of one place counts in the sum: a metric is the mean over the steps of a sample, and so is one of
-- several losses; the only loss is the sum.
local function factor_of(program, of, output, implied, mask_factor)
  local leading = #implied
  local weight = load(program.sample_weight, index_of_weight(program, of, output, implied))
  local factor = { op = "multiply", a = load(program.scale, {}), b = weight }
  local is_mean = of.loss.definition.of_values or of.name_of_output      -- over the steps of a sample
  local places = 1
  for d = 1, is_mean and leading or 0 do places = places * output.shape[d] end
  if places > 1 then factor = { op = "multiply", a = factor, b = constant(1 / places) } end
  return mask_factor and { op = "multiply", a = factor, b = mask_factor } or factor
end

-- lower_a_loss(program, of, output): what it adds up in; program.loss unless it is one of several.
function internal.lower_a_loss(program, of, output)
  local def, a = of.loss.definition, of.loss.arguments
  if def.custom then internal.inside(format('%s "%s"', def.what, def.name), of.loss.line) end
  local scope, leading = scope_of(program, of, output)
  local valid, mask = nil, nil
  if output.mask and def.over == "sample" then mask = leaf({ output.shape[1] }, output.mask)
  elseif output.mask then valid = leaf({}, function(full) return output.mask({ full[1] }) end) end
  local mask_factor = valid and not def.of_values and factor_of_mask(program, scope, valid)
  internal.scope = scope
  local b, target = program.batch_axis, add_arguments(program, of)
  local total = program.loss
  if of.name_of_output then
    total = add_tensor(program, { layer = "losses", name = of.name_of_output, role = "value", extents = {},
                                  kept = true })
  end
  local y = leaf(tail(of.target_shape, leading + 1), function(full) return load(target, joined({ b }, full)) end)
  local fused = not a.from_logits and def.logits and output.activation and output.activation.logit_form == def.logits
  local prediction = leaf(tail(output.shape, leading + 1), fused and output.pre or output.read)
  local first = #program.statements
  local call = (fused or a.from_logits) and def.call_logits or def.call
  local l
  if def.of_values then l = call_named(call, y, prediction, mask)
  else l = call_named(call, a, y, prediction, mask) end
  l = check_loss(def, l)
  emit_graph(scope, { l })
  add_statement(scope, "forward", "set", total, {}, constant(0))
  local loss = element_at(scope, l, {}, scope.frame.implied)
  if valid then loss = { op = "keep", a = element_at(scope, valid, {}, scope.frame.implied), b = loss } end
  local factor = factor_of(program, of, output, scope.frame.implied, mask_factor)
  add_statement(scope, "forward", "add", total, {}, { op = "multiply", a = factor, b = loss }, nil,
                joined({ b }, scope.frame.implied))
  into_loss_section(program, first)
  internal.scope = nil
  internal.inside()
  return total
end

-- What the outputs of a layer add to the loss, { l1, l2 }: by its activity_regularizer, or as its definition says; nil:
-- nothing.
function internal.activity_of(layer)
  local def, own = layer.definition, internal.open(layer.arguments.activity_regularizer)
  local regularizer = type(own) == "table" and rawget(own, "object") == "regularizer"
  local said = regularizer and own.value or def.activity and def.activity(layer.arguments)
  return said and (said.l1 ~= 0 or said.l2 ~= 0) and said or nil
end

-- What is put out, as the loss may read it: at(axes). The gradient of the input is that of the backward pass alone: of
-- a flow that hands the input on there is a copy, of that name.
local function apart_from_input(program, owner, name, flow)
  local axes = fresh_axes(flow.shape)
  local y = flow.at(axes)
  if y.op ~= "load" or y.tensor.role ~= "input" then return flow.at end
  local timed = #flow.shape > 1
  local copy = p.batched_tensor(program, { layer = owner, name = name, role = "value" }, timed, flow.shape)
  local scope = { program = program, layer_name = owner }
  add_statement(scope, "forward", "set", copy, p.place(program, timed, axes), y)
  return function(full) return load(copy, p.place(program, timed, full)) end
end

-- l1 |y| + l2 y^2 of all outputs of those layers, over the number of samples in the batch, as in Keras. places: how
-- many losses a sample has; the scale is divided by them already.
function internal.lower_activities(program, model, flows, places)
  local function times(a, b) return { op = "multiply", a = a, b = b } end
  local b, scope = program.batch_axis, { program = program, layer_name = "", names = {}, is_loss = true, steps = 0 }
  for _, layer in ipairs(model.layers) do
    local activity = internal.activity_of(layer)
    if activity then
      local axes = fresh_axes(flows[layer].shape)
      if #axes > 1 then axes[1] = new_axis("t", flows[layer].shape[1]) end
      local y = apart_from_input(program, layer.name, "activity", flows[layer])(axes)
      local l1 = activity.l1 ~= 0 and times(constant(activity.l1), { op = "absolute", a = y })
      local l2 = activity.l2 ~= 0 and times(constant(activity.l2), times(y, y))
      local scale = load(program.scale, {})
      local summed = {}
      for d, axis in ipairs(axes) do summed[d] = axis.terms[1].axis end
      local count = places * p.times_of_vanished(y, summed)
      if count > 1 then scale = times(scale, constant(count)) end
      add_statement(scope, "loss", "add", program.loss, {},
                    times(scale, l1 and l2 and { op = "add", a = l1, b = l2 } or l1 or l2), nil, { b })
    end
  end
end

-- The losses of all outputs; flows: what these give.
function internal.lower_losses(program, model, flows)
  local sum
  for k, of in ipairs(model.ends) do
    flows[k].read = apart_from_input(program, "losses", of.name_of_output .. "_output", flows[k])
    local term = load(internal.lower_a_loss(program, of, flows[k]), {})
    if of.loss_weight ~= 1 then term = { op = "multiply", a = constant(of.loss_weight), b = term } end
    sum = sum and { op = "add", a = sum, b = term } or term
  end
  add_statement({ program = program, layer_name = "" }, "loss", "set", program.loss, {}, sum)
end
