-- outputs.lua: in: the outputs of a model, and what its options say of loss and metrics.  out: model.ends: for each
-- output { loss, loss_weight, output_shape, target_shape, target_is_class, classes, own_target }, its loss nil if there
-- is none. With one output that is the model itself; of several each has the name of its layer, name_of_output.
local internal = ...
local report, suggestion, keys = internal.report, internal.suggestion, internal.keys
local rawget, ipairs, pairs, type, error, table = rawget, ipairs, pairs, type, error, table
local format, sub, math_type = string.format, string.sub, math.type
local is_unknown, is_plain, shown, types = internal.is_unknown, internal.is_plain, internal.shown, internal.types
local shape_text = internal.shapes.shape_text

-- A mistake in an option of the model.
local function refuse(model, line, ...) report(line, model.class .. ": " .. format(...)) end

-- The loss or optimizer that an option says: by its name, or made by a constructor; nil after a mistake, and of
-- nothing.
function internal.find_object(model, option, registry, v)
  local line = model.option_lines[option]
  if v == nil or is_unknown(v) or internal.is_misdefined(registry, v) then return nil end
  if type(v) == "table" and rawget(v, "object") == option then return not v.failed and v or nil end
  local article, like = option == "loss" and "a" or "an", option == "loss" and "Huber()" or "Adam()"
  if type(v) ~= "string" then
    if type(v) == "function" then
      refuse(model, line, "%s is a function: call it, like %s", option, like)
    else
      refuse(model, line, '"%s" must be the name of %s %s, not %s', option, article, option, internal.shown(v))
    end
    return nil
  end
  local def = internal[registry][v]
  if not def then
    refuse(model, line, "%s", internal.unknown_name(option, v, internal[registry]))
    return nil
  end
  local values, plain = internal.read_arguments(def.class or def.name, def.arguments or {}, {}, line)
  return { object = option, definition = def, arguments = values, plain = plain, line = line }
end

-- Several outputs -------------------------------------------------------------------------------------------

-- What an option says of each output: { a = , b = } or { first, second }; anything else is said of all of them.
-- Returns a list; nil after a mistake. all: whether each has to be there.
local function of_each(model, option, all)
  local v, line, list, known = model.options[option], model.option_lines[option], {}, {}
  if not is_plain(v) then
    for k in ipairs(model.ends) do list[k] = v end
    return list
  end
  for k, of in ipairs(model.ends) do
    list[k], known[of.name_of_output] = v[of.name_of_output], true
    if v[k] ~= nil and list[k] == nil then list[k] = v[k] end
    if all and list[k] == nil then
      refuse(model, line, '"%s" says nothing of the output %s', option, of.name_of_output)
      return nil
    end
  end
  for key in pairs(v) do
    if not known[key] and not (math_type(key) == "integer" and key >= 1 and key <= #model.ends) then
      local near = type(key) == "string" and suggestion(key, keys(known)) or ""
      refuse(model, line, '"%s": %s is no output of the model%s', option, shown(key), near)
      return nil
    end
  end
  return list
end

local function read_weights(model)
  local list = model.options.loss_weights ~= nil and of_each(model, "loss_weights", true) or {}
  if model.options.loss_weights ~= nil and not is_plain(model.options.loss_weights) then
    refuse(model, model.option_lines.loss_weights,
           '"loss_weights" must say a number for each output, { %s = 1 }, not %s', model.ends[1].name_of_output,
           shown(model.options.loss_weights))
    return {}
  end
  for k, weight in ipairs(list) do
    local checked, why = types.not_negative(weight)
    if not checked then refuse(model, model.option_lines.loss_weights, '"loss_weights" %s', why) end
    list[k] = checked or 1
  end
  return list
end

-- Names in C that the parts of several outputs have.
local function reserve_names(model)
  for _, of in ipairs(model.ends) do
    for _, name in ipairs{ of.name_of_output .. "_loss", "losses", "targets" } do
      if internal.names_in_c[name] then
        report(model.line, format("Model: no layer can be called %s, as that is a part of a model with several outputs",
                                  name))
      end
    end
  end
end

-- What can be said before layers have names.
function internal.begin_output(model)
  if model.graph and model.outputs and #model.outputs > 1 then return end
  if model.options.loss_weights ~= nil then
    refuse(model, model.option_lines.loss_weights,
           '"loss_weights" weighs the losses of several outputs; this model has one')
  end
  for _, option in ipairs{ "metrics", "weighted_metrics" } do
    local by_output = model[option] and model[option].by_output
    if by_output then
      refuse(model, model.option_lines[option], '"%s" names outputs (%s), but the model has one', option,
             keys(by_output)[1])
      model[option] = nil
    end
  end
  model.ends = { model }
  model.loss = internal.find_object(model, "loss", "losses", model.options.loss)
end

-- What can be said before the shapes are known.
function internal.begin_outputs(model)
  if #model.outputs == 1 then return end
  model.ends = {}
  for k, layer in ipairs(model.outputs) do model.ends[k] = { name_of_output = layer.name } end
  reserve_names(model)
  local weights = read_weights(model)
  local said = model.options.loss ~= nil and of_each(model, "loss", true) or {}
  for k, of in ipairs(model.ends) do
    of.loss_weight = weights[k] or 1
    of.loss = internal.find_object(model, "loss", "losses", said[k])
    model.loss = model.loss or of.loss and { definition = { name = "weighted sum" }, arguments = {}, plain = {},
                                             line = model.option_lines.loss }
  end
  if model.options.class_weight ~= nil then
    refuse(model, model.option_lines.class_weight,
           '"class_weight" is for models of one output, as in Keras: weigh samples')
  end
end

-- Target and metrics --------------------------------------------------------------------------------------------

-- The shape that a loss of the description wants its targets to have.
local function own_target_shape(of, def)
  local output = of.output_shape
  internal.inside(format('loss "%s"', def.name), of.loss.line)
  local made = internal.call_named(def.target_shape, of.loss.arguments, output)
  local shape, why = internal.types.shape(made)
  if not shape then error(format("target_shape %s", why), 0) end
  for d = 1, def.over ~= "sample" and #output - 1 or 0 do
    if shape[d] ~= output[d] then
      error(format('target_shape gives %s, but each step of the output %s has a target (over = "sample" sees ' ..
                   'them all)', shape_text(shape), shape_text(output)), 0)
    end
  end
  internal.inside()
  return shape
end

-- What an output is held against.
local function settle_target(model, of, output)
  of.output_shape = output.output
  of.target_shape, of.target_is_class = of.output_shape, false
  if not of.loss then return end
  local def, last = of.loss.definition, of.output_shape[#of.output_shape]
  if def.classes and last < 2 then
    refuse(model, model.option_lines.loss, '%s needs at least two classes, but %s gives one number ' ..
                                           '(did you mean "binary_crossentropy"?)', def.name, output.name)
    return
  end
  if def.target == "class" then
    of.target_is_class, of.classes = true, last
    of.target_shape = { table.unpack(of.output_shape, 1, #of.output_shape - 1) }
  end
  if def.target_shape then of.target_shape, of.own_target = own_target_shape(of, def), true end
  of.blank_class = def.blank and def.blank(of.loss.arguments, of.output_shape)
end

-- "accuracy" -> "binary_accuracy"; of several outputs "a_accuracy" -> "a_binary_accuracy".
local function resolve(model, name)
  if sub(name, 1, 9) == "weighted_" and internal.metrics[sub(name, 10)] then
    return "weighted_" .. resolve(model, sub(name, 10))
  end
  if #model.ends == 1 then return internal.resolve_metric(model, name) end
  for _, of in ipairs(model.ends) do
    local prefix = of.name_of_output .. "_"
    if sub(name, 1, #prefix) == prefix then
      local own = sub(name, #prefix + 1)
      local weighted = sub(own, 1, 9) == "weighted_" and "weighted_" or ""
      return prefix .. weighted .. internal.resolve_metric(of, sub(own, #weighted + 1))
    end
  end
  return name
end

-- Of several outputs the losses of each are metrics too, as in Keras's log.
local function add_metrics(model, of, list, weighted)
  for _, item in ipairs(list or {}) do
    if not is_unknown(item) and not (type(item) == "table" and item.failed)
       and not internal.is_misdefined("metrics", item) then
      local name, arguments, own = internal.check_metric(model, of, item)
      local prefix = of.name_of_output and of.name_of_output .. "_" or ""
      local is_there = weighted and model.metric_places[prefix .. name]
      name = prefix .. (is_there and "weighted_" or "") .. name                   -- as Keras calls it
      local position = #model.metric_names + 1
      if weighted then model.weighted_bits = model.weighted_bits | 1 << (position - 1) end
      if model.metric_places[name] and type(item) == "table" then
        refuse(model, item.line, 'metric "%s" is there twice', name)
      end
      model.metric_names[position], model.metric_arguments[position] = name, arguments
      model.metric_places[name] = position
      if own and weighted then
        refuse(model, model.option_lines.weighted_metrics, 'metric "%s" of the description has no weights: name it ' ..
                                                           'in "metrics"', item)
      elseif own and of.name_of_output then
        refuse(model, model.option_lines.metrics, 'metric "%s" of the description does not go with several outputs ' ..
                                                  'in this version', item)
      elseif own and own.over == "sample" and model.outputs[1].masked and internal.parameters(own.call) < 3 then
        refuse(model, own.line, 'metric "%s": the output has a mask, and what is over the whole sample says what ' ..
                                'becomes of it: call = function(y, p, mask)', item)
      elseif own then
        model.own_metrics[#model.own_metrics + 1] = { name = own.name, line = own.line,
                                                    whole = own.over == "sample" }
      end
    end
  end
end

local METRICS_MAX = 8

-- What the option says of output k: of several by its name, or in their order, or the same of all.
local function metrics_of(model, option, k)
  local said = model[option]
  if not said or not said.by_output then return said or {} end
  return said.by_output[model.ends[k].name_of_output] or said.by_output[k] or {}
end

local function check_names(model, option)
  local known, said = {}, model[option] and model[option].by_output
  if not said then return end
  for _, of in ipairs(model.ends) do known[of.name_of_output] = true end
  for name in pairs(said) do
    if not known[name] and not (math_type(name) == "integer" and name <= #model.ends) then
      refuse(model, model.option_lines[option], '"%s": %s is no output of the model%s', option, shown(name),
             type(name) == "string" and suggestion(name, keys(known)) or "")
    end
  end
end

-- Means by the weights of samples, over what a mask leaves.
local function settle_weighted(model)
  local line = model.option_lines.weighted_metrics
  if not model.loss or not model.weighted_metrics then return end
  for k, of in ipairs(model.ends) do
    add_metrics(model, of, metrics_of(model, "weighted_metrics", k), true)
  end
  check_names(model, "weighted_metrics")
  if #model.metric_names > METRICS_MAX then
    refuse(model, line, "metrics and weighted metrics are %d, more than %d", #model.metric_names, METRICS_MAX)
  end
end

local function settle_metrics(model)
  model.metric_names, model.metric_arguments, model.own_metrics, model.metric_places = {}, {}, {}, {}
  model.weighted_bits = 0
  if not model.loss then return end
  if #model.ends == 1 then return add_metrics(model, model, model.metrics) end
  for k, of in ipairs(model.ends) do
    model.metric_names[k], model.metric_arguments[k] = of.name_of_output .. "_loss", {}
  end
  for k, of in ipairs(model.ends) do add_metrics(model, of, metrics_of(model, "metrics", k)) end
  check_names(model, "metrics")
  if #model.metric_names > METRICS_MAX then
    refuse(model, model.option_lines.metrics or model.line,
           "the losses and metrics of all outputs are %d, more than %d", #model.metric_names, METRICS_MAX)
  end
end

-- What a callback that watches `name` looks at, and whether more of it is better; nothing, if there is no such value.
function internal.monitor_of(model, name)
  local prefix = sub(name, 1, 4) == "val_" and "val_" or ""
  local known = resolve(model, sub(name, #prefix + 1))
  for _, metric in ipairs(model.metric_names) do
    if metric == known then return prefix .. known, internal.grows_better(known) end
  end
  if known == "loss" then return prefix .. known, false end
end

-- The outputs, their targets and metrics, now that the shapes are known; the model's own are one behind the other.
function internal.settle_outputs(model)
  for k, of in ipairs(model.ends) do settle_target(model, of, model.outputs[k]) end
  if #model.ends > 1 then
    local outputs, targets = 0, 0
    for _, of in ipairs(model.ends) do
      outputs = outputs + internal.shapes.elements(of.output_shape)
      targets = targets + internal.shapes.elements(of.target_shape)
    end
    model.output_shape, model.target_shape = { outputs // 1 | 0 }, { targets // 1 | 0 }
    model.target_is_class = false
  end
  settle_metrics(model)
  settle_weighted(model)
  internal.settle_training(model, function(name) return resolve(model, name) end)
end
