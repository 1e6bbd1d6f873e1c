-- batch.lua: what a layer knows of the whole batch: in: values of one sample.  out: sums over all samples, and what
-- differs between training and prediction. A sum over the batch is one over its shards: the engine adds up what the
-- tapes have, between two phases of a pass (phases.c).
local internal = ...
local vocabulary, is, Value, value = internal.vocabulary, internal.is, internal.Value, internal.value
local add_tensor, load, tail = internal.program.add_tensor, internal.program.load, internal.program.tail
local error, type, ipairs, rawget, rawset = error, type, ipairs, rawget, rawset
local format, concat, log = string.format, table.concat, math.log

local function mistake(...) error(format(...), 0) end

local function scope_of(word)
  local scope = internal.scope
  if not (scope and scope.layer) then mistake("%s belongs into the call of a layer", word) end
  return scope
end

-- Whether one of those that own the layer, and call it at each step, was given a mask.
local function is_masked_around(layer)
  local owner = layer.owned_by
  return owner and (owner.takes_mask or is_masked_around(owner))
end

-- batch_sum(v): the sum of v over all samples of the batch, and over the steps where the layer sees one step alone, as
-- far as they count: a value without either. batch_sum(1) is their number. Of a layer that another one calls at each
-- step each step has a sum of its own. In training only: in_training says what a prediction takes.
function vocabulary.batch_sum(v)
  local scope = scope_of("batch_sum")
  if internal.scan or scope.frame.loop then
    mistake("batch_sum stands outside of scans: a loop over time cannot wait for other shards")
  end
  if type(v) ~= "number" and not is(v, Value) then
    mistake("batch_sum takes a value or a number, not %s", internal.shown(v))
  end
  if type(v) == "number" then internal.to_element(v) end
  if scope.steps > 0 and is_masked_around(scope.layer) then
    mistake("batch_sum: which steps count is not known inside of the layer that calls it at each step")
  end
  return value{ op = "batch_sum", of = v, each_step = scope.steps > 0, shape = is(v, Value) and v.shape or {} }
end

-- 1 in training, 0 where a program that can train is evaluated.
local function training_of(program)
  if not program.is_training then
    program.is_training = add_tensor(program, { layer = "", name = "is_training", role = "training", extents = {} })
  end
  return value{ op = "leaf", shape = {}, static = false, shared = true, at = function()
    return load(program.is_training, {})
  end }
end

-- in_training(a, b): a in training, b in prediction and evaluation, and in a frozen layer; values of one shape, or
-- numbers.
function vocabulary.in_training(a, b)
  local program = scope_of("in_training").program
  for _, side in ipairs{ a, b } do
    if type(side) ~= "number" and not is(side, Value) then
      mistake("in_training takes two values, not %s", internal.shown(side))
    end
  end
  if not program.training or not internal.learns(internal.scope.layer) then return b end
  local training = training_of(program)
  return vocabulary.keep(training, a) + vocabulary.keep(1 - training, b)
end

-- What the statistic is for a further call of the layer: what the call before it has made of it.
local function so_far(program, statistic)
  local before = program.updated[rawget(statistic, "statistic")]
  if not before then return statistic end
  return value{ op = "leaf", shape = statistic.shape, static = false, shared = true, at = function(index)
    return rawget(before.node, "stored")(tail(index, #index - #statistic.shape + 1), {})
  end }
end

-- moving_average(w.moving_mean, v, momentum): what the statistic becomes: momentum times it and 1 - momentum times v;
-- of a layer that another one calls at each step, that for one step after the other.
function vocabulary.moving_average(statistic, v, momentum)
  local scope = scope_of("moving_average")
  local weight = is(statistic, Value) and rawget(statistic, "statistic")
  if not weight then mistake("moving_average takes a statistic of the layer, w.moving_mean") end
  local before, next = so_far(scope.program, statistic), nil
  if scope.steps == 0 then
    next = momentum * before + (1 - momentum) * v
    rawset(next, "averages", weight)
    return next
  end
  local steps = 1
  for d = 1, scope.steps do steps = steps * scope.frame.implied_shape[d] end
  local s, decay = internal.new_axis("s"), vocabulary.tensor{ steps }
  local later = steps - 1 - s             -- how many steps are still to come
  decay[{ s }] = momentum > 0 and vocabulary.exp(later * log(momentum)) or vocabulary.equal(later, 0)
  rawset(decay, "local_name", "decay")
  local share = value{ op = "steps_sum", of = (1 - momentum) * v, decay = decay, shape = v.shape }
  next = momentum ^ steps * before + share
  rawset(next, "averages", weight)
  return next
end

-- update(w.moving_mean, v): after a batch of a training the statistic is v, which is the same for all its samples. In
-- a frozen layer it stays as it is.
function vocabulary.update(statistic, v)
  local scope = scope_of("update")
  local weight = is(statistic, Value) and rawget(statistic, "statistic")
  if not weight then mistake("update takes a statistic of the layer, w.moving_mean, and its next value") end
  if internal.scan then mistake("update stands outside of scans: once a batch") end
  if not is(v, Value) or concat(v.shape, ", ") ~= concat(statistic.shape, ", ") then
    mistake("update: the next %s is a value of its shape, {%s}", weight.short_name, concat(statistic.shape, ", "))
  end
  for _, other in ipairs(scope.updates) do
    if other == v then mistake("update: each statistic takes a value of its own") end
    if rawget(other, "updates") == weight then mistake("update: %s has its next value already", weight.short_name) end
  end
  if internal.differs_by_step(v) then
    mistake("update: the next %s is one for each step: write moving_average(...)", weight.short_name)
  end
  if scope.program.updated[weight] and rawget(v, "averages") ~= weight then
    mistake("update: the layer is called again: write moving_average(...), which goes on from the call before")
  end
  if not scope.program.training or not internal.learns(scope.layer) then return end
  rawset(v, "updates", weight)
  scope.updates[#scope.updates + 1] = v
end
