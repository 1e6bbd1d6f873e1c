-- metrics.lua: in: what the option `metrics` of a model says: names, or objects as Keras has them.  out: of each the
-- name that logs have and the arguments that runtime/train/metrics.c reads.
local internal = ...
local report, types, is_plain, items, shown = internal.report, internal.types, internal.is_plain, internal.items,
                                              internal.shown
local rawget, ipairs, pairs, next, type, sub, find = rawget, ipairs, pairs, next, type, string.sub, string.find
local format, math_type = string.format, math.type

-- The metrics ---------------------------------------------------------------------------------------------------

-- "accuracy" and "crossentropy" are of the kind that the output needs: resolve_metric.
internal.metrics = { accuracy = { name = "accuracy" }, acc = { name = "accuracy" },
                     crossentropy = { name = "crossentropy" }, ce = { name = "crossentropy" } }

-- One number, or a list of one.
local function one_threshold(v)
  if is_plain(v) and #v == 1 then v = v[1] end
  if is_plain(v) then return nil, "must be one number: several would make several metrics" end
  return types.rate(v)
end

local function two_or_more(v)
  local count, why = types.size(v)
  if count == 1 then return nil, "must be 2 or more" end
  return count, count and count or why
end

local AVERAGES = { "macro", "micro", "weighted" }        -- in the order of enum lstmc_average
local average, curve = internal.choice(AVERAGES), internal.choice{ "ROC", "PR" }

-- def: { class, arguments, aliases, targets, grows, loss }. targets: nil: as many numbers as the output has; "class",
-- "labels" or "any". grows: more is better. loss: the class is that of a loss, whose objects are metrics too.
local function metric(name, def)
  def.name = name
  internal.metrics[name], internal.metrics[def.class or name] = def, def
  for _, alias in ipairs(def.aliases or {}) do internal.metrics[alias] = def end
  if def.loss or not def.class then return end
  local list = { table.unpack(def.arguments or {}) }
  list[#list + 1] = { "name", function(v)
    local known = v == name or v == (def.aliases or {})[1]
    if not known then return nil, format('can only be "%s", as Keras calls it', name) end
    return v, v
  end, false }
  internal.constructor(def.class, function(given, line)
    local values = internal.read_arguments(def.class, list, given, line)
    return { object = "metric", definition = def, arguments = values, line = line, failed = values.failed }
  end)
end

local DECISIONS = { { "thresholds", one_threshold, 0.5 }, { "top_k", "later", false }, { "class_id", "later", false } }
local K = { { "k", "size", 5 } }

metric("mse", { class = "MeanSquaredError", aliases = { "mean_squared_error" }, loss = true })
metric("mae", { class = "MeanAbsoluteError", aliases = { "mean_absolute_error" }, loss = true })
metric("mape", { class = "MeanAbsolutePercentageError", aliases = { "mean_absolute_percentage_error" }, loss = true })
metric("msle", { class = "MeanSquaredLogarithmicError", aliases = { "mean_squared_logarithmic_error" }, loss = true })
metric("rmse", { class = "RootMeanSquaredError", aliases = { "root_mean_squared_error" } })
metric("cosine_similarity", { class = "CosineSimilarity", grows = true, loss = true })
metric("r2_score", { class = "R2Score", grows = true, arguments = {
  { "class_aggregation", internal.choice{ "uniform_average" }, "uniform_average" },
  { "num_regressors", "later", 0 } } })
metric("binary_accuracy", { class = "BinaryAccuracy", grows = true, arguments = { { "threshold", "rate", 0.5 } } })
metric("categorical_accuracy", { class = "CategoricalAccuracy", grows = true })
metric("sparse_categorical_accuracy", { class = "SparseCategoricalAccuracy", grows = true, targets = "class" })
metric("sequence_accuracy", { grows = true, targets = "any" })
metric("label_error_rate", { targets = "labels", keras = false })
metric("top_k_categorical_accuracy", { class = "TopKCategoricalAccuracy", grows = true, arguments = K })
metric("sparse_top_k_categorical_accuracy", { class = "SparseTopKCategoricalAccuracy", grows = true, arguments = K,
                                              targets = "class" })
metric("binary_crossentropy", { class = "BinaryCrossentropy", aliases = { "bce" }, loss = true })
metric("categorical_crossentropy", { class = "CategoricalCrossentropy", loss = true })
metric("sparse_categorical_crossentropy", { class = "SparseCategoricalCrossentropy", loss = true, targets = "class" })
metric("perplexity", { class = "Perplexity", targets = "any", arguments = { { "from_logits", "boolean", false } } })
metric("precision", { class = "Precision", grows = true, arguments = DECISIONS })
metric("recall", { class = "Recall", grows = true, arguments = DECISIONS })
metric("f1_score", { class = "F1Score", grows = true,
                     arguments = { { "average", average, false }, { "threshold", "rate", false } } })
metric("auc", { class = "AUC", grows = true, arguments = {
  { "num_thresholds", two_or_more, 200 }, { "curve", curve, "ROC" },
  { "summation_method", internal.choice{ "interpolation" }, "interpolation" }, { "thresholds", "later", false },
  { "multi_label", "later", false }, { "num_labels", "later", false }, { "label_weights", "later", false },
  { "from_logits", "boolean", false } } })

-- Whether more of it is better: also of one of several outputs, "kind_auc", and what a description calls an accuracy.
function internal.grows_better(name)
  if find(name, "accuracy", 1, true) then return true end
  for known, def in pairs(internal.metrics) do
    if def.grows and (name == known or sub(name, -#known - 1) == "_" .. known) then return true end
  end
  return false
end

-- The option ------------------------------------------------------------------------------------------------------

-- { a = {"mae"}, b = "accuracy" }, or { {"mae"}, {"accuracy"} } in their order: of a model with several outputs.
local function metrics_by_output(v)
  local by_output = {}
  for name, metrics in pairs(v) do
    local checked, why, whole = types.metrics(metrics)
    if not checked then return nil, why, whole end
    by_output[name] = checked
  end
  return { by_output = by_output }
end

local function is_object(v)
  local kind = type(v) == "table" and rawget(v, "object")
  return kind == "metric" or kind == "loss" and internal.metrics[rawget(v, "definition").name] ~= nil
end

function types.metrics(v)
  if type(v) == "string" or is_object(v) then v = { v } end
  if not is_plain(v) then return nil, format('must be a list of names, like {"accuracy"}, not %s', shown(v)) end
  local names, lists = next(v) ~= nil and v[1] == nil, next(v) ~= nil
  for name, of in pairs(v) do
    names = names and type(name) == "string"
    lists = lists and math_type(name) == "integer" and is_plain(of)
  end
  if names or lists then return metrics_by_output(v) end
  local count, why = items(v)
  if not count then return nil, why end
  for _, item in ipairs(v) do
    if type(item) ~= "string" and not is_object(item) and not internal.is_unknown(item) then
      return nil, format("must be a list of names; %s is not one", shown(item))
    end
    if type(item) == "string" and not internal.metrics[item] and not internal.is_misdefined("metrics", item) then
      return nil, internal.unknown_name("metric", item, internal.metrics), true
    end
  end
  if count > 8 then return nil, "must be at most 8 names" end
  return v, nil
end

-- What an output makes of it ----------------------------------------------------------------------------------------

local BY_OUTPUT = { accuracy = true, crossentropy = true }

function internal.resolve_metric(of, name)
  local def = internal.metrics[name]
  local resolved = def and def.name or name
  if not BY_OUTPUT[resolved] then return resolved end
  if of.output_shape[#of.output_shape] == 1 then return "binary_" .. resolved end
  return (of.target_is_class and "sparse_categorical_" or "categorical_") .. resolved
end

-- What is wrong with a metric of this output; nil if nothing is.
local function mismatch(of, name, def, arguments)
  if def.targets == "labels" and not of.blank_class then
    return 'counts labels that a whole sample has: it goes with loss "ctc"'
  end
  if of.own_target and def.targets ~= "labels" then
    return format('does not fit the targets of loss "%s", which have a shape of their own ' ..
                  '(define one: metric "name" { call = function(y, p) ... end })', of.loss.definition.name)
  end
  if def.targets == "class" and not of.target_is_class then
    return 'needs integer classes, as sparse_categorical_crossentropy has ' ..
           format('(did you mean "%s"?)', sub(def.name, #"sparse_" + 1))
  end
  if not def.targets and of.target_is_class then
    local sparse = internal.metrics["sparse_" .. def.name] and "sparse_" .. def.name or "sparse_categorical_accuracy"
    return format('does not go with integer classes (did you mean "%s"?)', sparse)
  end
  if def.name == "perplexity" and not of.loss.definition.classes then
    return "is that of a choice among classes: it goes with categorical_crossentropy and its sparse form"
  end
  if def.name == "f1_score" and not arguments.average and of.output_shape[#of.output_shape] > 1 then
    return 'would be a number for each class: write F1Score{average = "macro"}, "micro" or "weighted"'
  end
  if def.name == "f1_score" and not arguments.threshold and of.output_shape[#of.output_shape] == 1 then
    return "without a threshold takes every prediction for class 1 where there is one output: " ..
           "write F1Score{threshold = 0.5}"
  end
end

-- As C reads them.
local function plain_arguments(of, def, a)
  local plain = { threshold = a.thresholds or a.threshold or 0.5, k = a.k, num_thresholds = a.num_thresholds,
                  of_precision = a.curve == "PR", from_logits = a.from_logits or false,
                  label_smoothing = a.label_smoothing }
  if def.name == "f1_score" then plain.f1_threshold = a.threshold or nil end
  for position, name in ipairs(AVERAGES) do
    if a.average == name then plain.average = position - 1 end
  end
  if def.name == "perplexity" and of.loss.arguments.from_logits then plain.from_logits = true end
  return plain
end

-- One item of the option for one output: the name, the arguments, and the definition if it is the description's own.
function internal.check_metric(model, of, item)
  local object = type(item) ~= "string"
  local name = object and item.definition.name or item
  local resolved = internal.resolve_metric(of, name)
  local def = internal.metrics[resolved]
  if def.of_values then return resolved, {}, def end
  local arguments = object and item.arguments or {}
  local wrong = mismatch(of, name, def, arguments)
  if wrong then
    report(object and item.line or model.option_lines.metrics,
           format('%s: metric "%s" %s', model.class, name, wrong))
  end
  return resolved, plain_arguments(of, def, arguments)
end
