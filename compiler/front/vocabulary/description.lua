-- description.lua: in: the model that a description returns.  out: the built one: names, shapes, weights, loss.
--
-- The contract: what lua_model.c, lua_weights.c, lua_data.c and lua_training.c read of it, as checked as a program is
-- (lowering.lua).
--
-- model
--   name              identifier: the prefix of everything in C
--   layers            list of layers: inputs first, then each behind all that it reads
--   inputs, outputs   lists of layers among those
--   decoder           the input among those that is read step by step when the model is used, or nil
--   begin_token, end_token     nil: it reads no tokens
--   weights           list of weights: the trainable ones first, in the order of struct M_weights
--   input_is_tokens, vocabulary                   flag and number of ids; of the first input
--   output_shape, target_shape, target_is_class   shapes of one sample, and a flag
--   batch_size, epochs, seed, shuffle, buckets, validation_split, learning_rate   as options; learning_rate nil: the
--                     optimizer's
--   has_lengths       flag: each sample says how many steps of one input count; that is `lengths`
--   stateful          flag: a layer goes on with its states from batch to batch, and only such layers do
--   shards            nil: 2 from a batch of 16 on, else 1
--   class_weight      list of numbers, by class; nil: all count the same
--   sample_weight_mode  "temporal", or nil
--   sample_weights    how many weights a sample has: one for each place; nil: one
--   ignored_class     of the loss of one output: places of it do not count; nil: all do
--   blank_class       of the loss of one output whose targets are labels that end at the first such class; else nil
--   metric_names      list of texts
--   weighted_bits     bit i: metric i is a mean by the weights of samples
--   metric_arguments  of each { threshold, f1_threshold, average, k, num_thresholds, of_precision, from_logits,
--                     label_smoothing }, as struct lstmc_metric_arguments
--   changed           list of texts: what defaults = "pytorch" has made of layers and optimizer
--   own_metrics, own_activations                  lists of { name, line, whole = flag: a metric over whole samples }:
--                     what the description defines itself
--   ends              one for each output (outputs.lua); of several each with
--     name_of_output    identifier
--     loss, loss_weight  as below, and a number
--     output_shape, target_shape, target_is_class, classes     classes: how many, of a target that is one
--     first_weight, places     where its weights begin, and how many; nil: a sample has one weight
--     ignored_class, blank_class     as above
--   loss              { definition, arguments, plain, line }, or nil; of several outputs that there is one
--     arguments         from_logits, delta, label_smoothing, alpha, gamma, apply_class_balancing
--     definition      { name, custom, over, arguments }: custom: a description's; over: nil, or "sample"
--   optimizer         { definition = { kind }, arguments }: kind "sgd", "rmsprop", "adam", "adamw", "adagrad",
--                     "adadelta", "adamax", "nadam" or "lion"
--     arguments       learning_rate (number or schedule), momentum, rho, beta_1, beta_2, epsilon, weight_decay,
--                     initial_accumulator_value, clipnorm, clipvalue, global_clipnorm, nesterov, centered, amsgrad,
--                     pytorch, use_ema, ema_momentum, ema_overwrite_frequency, gradient_accumulation_steps
--   callbacks         list of callbacks
--   data              data, or nil
-- layer
--   name, line        identifier, and the line of the description that made it
--   definition        { name, custom, arguments = { { name, type, default }, ... } }: its kind; custom: a description's
--   plain             its arguments as numbers, flags and texts: what the interpreter and the fingerprint read
--   index             its position in the list, from 0
--   from              list of the layers that it reads
--   given_states      how many of these, the last ones, its states begin with
--   state_name        of a state that a layer has left: what that calls it; else nil
--   masked, makes_mask, takes_mask     flags: its output has a mask; it makes that; one of its inputs has one
--   input, output     shapes of one sample
--   vocabulary        number of ids; of an input of ids
--   weights           list of weights, its own
--   activity          { l1, l2 }: what its outputs add to the loss; or nil
--   sublayers         list of layers that it owns, or nil
--   noise_from        of a further call: by how much the noise of those is another one; nil: 0
--   shares            the layer among them that is called here again: the weights are that one's; or nil
-- weight
--   layer_name, short_name                        identifiers, its names in C
--   key               what it is called in files: identifiers with / between them, bidirectional/forward_lstm/kernel
--   shape             list of sizes
--   trainable         flag
--   initializer       { kind, a, b, fan, ones_begin, ones_end }: as struct lstmc_initializer
--   regularizer       { l1, l2 }, or nil
--   constraint        { kind, min_value, max_value, rate, axes = bits }: as struct lstmc_constraint; or nil
--   values            list of numbers, one for each element: what it begins with; or nil: see initializer
--   vectors           { kind = "npy" or "glove", file, vocabulary = list of texts or nil, line }: what it begins with;
--                     or nil
--   adapted           "mean" or "variance" of the samples of input number adapted_input, from 0, that train; or nil
--   place             C writes it: the position in the list of weights, from 0
-- schedule            { kind, arguments }: kind "exponential", "inverse_time", "polynomial", "piecewise", "cosine" or
--                     "cosine_restarts"
--   arguments         initial_learning_rate, decay_steps or first_decay_steps, decay_rate, end_learning_rate, power,
--                     alpha, t_mul, m_mul, warmup_target, warmup_steps, staircase, cycle, boundaries, values
-- callback            { class, line, arguments }: class as Keras calls it
--   arguments         monitor, maximize (flag: more is better), min_delta, patience, cooldown, start_from_epoch,
--                     baseline, restore_best_weights, factor, min_lr, save_best_only, initial_value_threshold,
--                     save_freq (0: epochs), filepath or filename, separator, schedule (a function)
-- data                { kind, line, ... }: kind "npy", "csv", "characters", "words", "lines", "wav", "ts", "multi_hot"
--                     or "samples"
--   paths             x, y, validation_x, validation_y, sample_weight, label_lengths, validation_label_lengths, file,
--                     validation, validation_remaining, folder,
--                     files, except; relative to the description
--   of ids            vocabulary, unknown
--   of tables         columns, input_columns (list: of several inputs how many each reads), targets, window, horizon
--                     (list), normalization, missing, group, sample_weight (a column), at_most, above, relative,
--                     first_line (1: names, -1: none, 0: by its looks), last_only
--   of texts          separator, header, text, label, target_text, labels, level, target_level, lower,
--                     target_vocabulary, padding, window, stateful, next_token
--   of recordings     label, labels, separator, test = { field, at_most, among }, sample_rate, frame, step, low,
--                     high, padding, join = { least, most }, gap
--   of sets           training, validation (lists in the file), first
--   of all            split, seed, samples, validation_samples
local internal = ...
local report, suggestion, keys = internal.report, internal.suggestion, internal.keys
local rawget, ipairs, type, error = rawget, ipairs, type, error
local format, gmatch, concat = string.format, string.gmatch, table.concat
local is_unknown, is_identifier = internal.is_unknown, internal.is_identifier

local shapes = internal.shapes
local is_layer, elements, shape_text = shapes.is_layer, shapes.elements, shapes.shape_text

-- A mistake in an option of the model.
local function refuse(model, line, ...) report(line, model.class .. ": " .. format(...)) end

-- Optimizer and data ----------------------------------------------------------------------------------------

-- What can be said of the optimizer without the shapes.
local function settle_optimizer(model)
  local options, lines = model.options, model.option_lines
  if options.optimizer == nil then options.optimizer, lines.optimizer = "adam", model.line end
  model.optimizer = internal.find_object(model, "optimizer", "optimizers", options.optimizer)
  local clips = {}
  for _, clip in ipairs{ "clipnorm", "clipvalue", "global_clipnorm" } do
    if model.optimizer and model.optimizer.arguments[clip] then clips[#clips + 1] = clip end
  end
  if #clips > 1 then
    report(model.optimizer.line, format("%s: %s cannot be set together: choose one", model.optimizer.definition.class,
                                        concat(clips, " and ")))
  end
end

-- The files of an option of npy, in the order of the inputs or outputs: x, or y, itself is the first one. what: "input"
-- or "output".
local function settle_files(data, option, list, what, arrays)
  local given = data[option]
  if type(given) ~= "table" then
    if given then
      report(data.line, format("npy: the model has several %ss: %s = { %s = \"...\", ... }", what, option,
                               arrays[1].name))
    end
    return
  end
  local files, known = {}, {}
  for k, array in ipairs(arrays) do
    files[k], known[array.name] = given[array.name], true
    if not given[array.name] then
      report(data.line, format("npy: %s has no file for the %s %s", option, what, array.name))
    end
  end
  for _, name in ipairs(keys(given)) do
    if not known[name] then
      report(data.line, format("npy: %s: %s is no %s of the model%s", option, internal.shown(name), what,
                               suggestion(name, keys(known))))
    end
  end
  data[list], data[option] = files, files[1]
end

-- option -> the list of its files
local FILES = { input = { x = "x_files", validation_x = "validation_files" },
                output = { y = "y_files", validation_y = "validation_y_files" } }

-- The columns of csv, one input's behind the other's: input_columns says how many each reads.
local function settle_columns(data, inputs)
  local given = data.columns.by_input
  if #inputs == 1 then
    if given then report(data.line, 'csv: the model has one input: columns = {"a", "b"}') end
    return
  elseif not given then
    report(data.line, format('csv: the model has several inputs: columns = { %s = {"a", "b"}, ... }', inputs[1].name))
    return
  end
  local columns, counts, known = {}, {}, {}
  for k, input in ipairs(inputs) do
    local list = given[input.name]
    known[input.name], counts[k] = true, list and #list or 0
    if not list then
      report(data.line, format('csv: columns has none for the input %s: %s = {"a", "b"}', input.name, input.name))
    end
    for _, name in ipairs(list or {}) do columns[#columns + 1] = name end
  end
  for _, name in ipairs(keys(given)) do
    if not known[name] then
      report(data.line, format("csv: columns: %s is no input of the model%s", internal.shown(name),
                               suggestion(name, keys(known))))
    end
  end
  if data.relative then
    report(data.line, "csv: relative is for models of one input: use normalization, or subtract in the table")
  end
  data.columns, data.input_columns = columns, counts
end

local function settle_side(model, data, what, arrays)
  for _, option in ipairs(keys(FILES[what])) do
    if #arrays == 1 and type(data[option]) == "table" then
      report(data.line, format("npy: the model has one %s: %s = \"file.npy\"", what, option))
    elseif #arrays > 1 and data.kind == "npy" then
      settle_files(data, option, FILES[what][option], what, arrays)
    end
  end
  if data.kind == "csv" and what == "input" then
    settle_columns(data, arrays)
  elseif #arrays > 1 and data.kind ~= "npy" and data.kind ~= "samples"
         and not internal.reads_pairs(model, data, what) then
    report(data.line, format("%s fills one %s; a model with several takes npy{ %s = { %s = ... } }%s or samples(...)",
                             data.kind, what, what == "input" and "x" or "y", arrays[1].name,
                             what == "input" and ", csv{ columns = { " .. arrays[1].name .. " = ... } }" or ""))
  end
end

local PADDED = { lines = true, wav = true }

-- Where what is short is padded if nothing is said: in front; but behind where samples have lengths, and in a line
-- whose next token is asked for at each step: zeros in front would tell how long it is going to be.
local function settle_padding(model, data)
  local each_step = data.next_token and #model.outputs[1].output > 1
  if each_step and data.padding == "pre" then
    report(data.line, 'lines: padding = "pre" would tell a model that says at each step which token is next how ' ..
                      'long the line is going to be: leave it out (zeros behind)')
  end
  data.padding = data.padding or (model.lengths or each_step) and "post" or "pre"
end

-- Where samples have lengths, their data says them, and what is padded is so behind; nowhere else.
local function settle_lengths(model, data)
  local padded = data.kind == "npy" and data.padding
  local given = data.lengths or data.offsets or data.validation_lengths or data.validation_offsets or padded
  local function mistake(...) report(data.line, data.kind .. ": " .. format(...)) end
  if PADDED[data.kind] and model.lengths and data.padding == "pre" then
    mistake('padding = "pre" and Input{lengths = true} do not go together: the steps that count are the first ones')
  elseif data.kind == "npy" and model.lengths and not given then
    mistake('Input{lengths = true} needs lengths = "lengths.npy", one for each sample, or offsets, or, where steps ' ..
            'of zeros are none, padding = "pre" or "post"')
  elseif given and not model.lengths then
    mistake("lengths are for a model whose input says so: Input{..., lengths = true}")
  elseif data.lengths and data.offsets or padded and given ~= padded then
    mistake("either lengths or offsets or padding say where samples end")
  elseif padded and #model.inputs > 1 then
    mistake("padding is for a model of one Input: give lengths")
  elseif data.validation_x and model.lengths and not padded
         and not (data.lengths and data.validation_lengths or data.offsets and data.validation_offsets) then
    mistake("validation_x needs %s, as x has", data.lengths and "validation_lengths" or "validation_offsets")
  elseif model.lengths and data.kind == "csv" and (data.window or not data.group or data.last_only) then
    mistake('of Input{lengths = true} each group is a sample: group = "column", and no window')
  elseif model.lengths and (data.kind == "characters" or data.kind == "words") then
    mistake("its windows are all of one length: leave lengths = true out")
  end
  if data.kind ~= "npy" then settle_padding(model, data) end
end

local function settle_data(model)
  local data = model.data
  if not data or data.failed then return end
  if data.kind == "npy" and not data.y then
    report(data.line, 'npy: missing argument "y"')
    return
  end
  if data.validation_sample_weight and not data.validation_x then
    report(data.line, "npy: validation_sample_weight is for validation_x, which is not there")
  end
  local labels = data.label_lengths or data.validation_label_lengths
  if labels and not model.blank_class then
    report(data.line, 'npy: label_lengths are of labels that a whole sample has: of one output with loss = "ctc"')
  elseif data.validation_label_lengths and not data.validation_x then
    report(data.line, "npy: validation_label_lengths is for validation_x, which is not there")
  elseif labels and data.validation_x and not (data.label_lengths and data.validation_label_lengths) then
    report(data.line, "npy: label_lengths and validation_label_lengths belong together")
  end
  settle_side(model, data, "input", model.inputs)
  settle_side(model, data, "output", model.outputs)
  settle_lengths(model, data)
end

local function settle_options(model, default_name)
  for _, entry in ipairs(internal.options) do
    local name, kind, default = entry[1], entry[2], entry[3]
    local v = model.options[name]
    if v == nil or is_unknown(v) then v = default end
    if v == false and default == false then
      model[name] = nil
    else
      local checked, why, whole = internal.types[kind](v)
      if checked == nil then
        refuse(model, model.option_lines[name], "%s%s", whole and "" or format('"%s" ', name), why)
      end
      model[name] = checked
    end
  end
  if model.name and not is_identifier(model.name) then
    refuse(model, model.option_lines.name,
           "the name %s is not made of letters, digits and _, starting with a letter", internal.shown(model.name))
  end
  model.name = model.name or default_name
  local data = model.options.data
  if is_unknown(data) then data = nil end
  if data ~= nil and (type(data) ~= "table" or data.object ~= "data") then
    refuse(model, model.option_lines.data, '"data" must be npy{...}, csv{...}, characters{...}, words{...}, ' ..
           'lines{...}, wav{...}, ts{...}, multi_hot{...} or samples(...), not %s', internal.shown(data))
    data = nil
  end
  model.data = data
end

-- What layers say of the batch is its size, as if the model had said it.
local function settle_batch(model, layers)
  for _, layer in ipairs(layers) do
    local a = is_layer(layer) and not layer.failed and layer.arguments or {}
    local whole = a.batch_input_shape or a.batch_shape
    local said = whole and whole.batch or is_layer(layer) and layer.definition.is_input and a.batch_size
    if said and model.options.batch_size and model.options.batch_size ~= said then
      refuse(model, layer.line, "%s: batches of %d are said here, and batch_size = %s: say it once",
             layer.definition.name, said, internal.shown(model.options.batch_size))
    elseif said then
      model.batch_size = said
    end
  end
end

-- Sequential as a graph: each layer reads the one before. The first one may say the shape of the input itself.
local function connect_chain(model)
  local first = model.stack[1]
  model.layers = model.stack
  if is_layer(first) and not first.definition.is_input then
    local def, a = first.definition, first.arguments
    local shape = a.input_shape or a.batch_input_shape and a.batch_input_shape.shape
                  or a.input_length and { a.input_length }
    if not shape and not first.failed then
      local sizes = internal.input_sizes[internal.wanted_input(def)] or "features"
      report(first.line, format("%s: the first layer needs the shape of the input (write Input{%s} before it)",
                                def.name, sizes))
    end
    if shape then
      local input = internal.constructors.Input(shape)
      input.line = first.line
      model.layers = { input, table.unpack(model.stack) }
    end
  end
  for position = 2, #model.layers do
    local layer = model.layers[position]
    if is_layer(layer) then layer.from = { model.layers[position - 1] } end
  end
  model.inputs, model.outputs = { model.layers[1] }, { model.layers[#model.layers] }
end

-- In front of a layer with ignore_mask = true stands one that ends masks.
local function forget_masks(model)
  local list = {}
  for _, layer in ipairs(model.layers) do
    local ignores = is_layer(layer) and not layer.failed and layer.arguments.ignore_mask
    if ignores and layer.definition.is_input then
      report(layer.line, format("%s: there is no mask in front of it to ignore", layer.definition.name))
    end
    for k, from in ipairs(ignores and layer.from or {}) do
      local without = internal.constructors.IgnoreMask{}
      without.line, without.from, without.owner = layer.line, { from }, layer
      list[#list + 1], layer.from[k] = without, without
    end
    list[#list + 1] = layer
  end
  model.layers = list
end

-- How the shape, and the time of it, is called again for other lengths of time: streaming (1 step) and shortened
-- checks.
function internal.reshape(model, timesteps)
  if not model.timesteps then return nil end
  local shape = { table.unpack(model.inputs[1].output) }
  shape[1] = timesteps
  return shape
end

-- Reports inputs that are not in front of a chain; true if there are none.
local function check_places(model)
  local good = true
  for position, layer in ipairs(model.layers) do
    if not model.graph and position > 1 and is_layer(layer) and layer.definition.is_input then
      report(layer.line, format("%s: must be the first layer, and the only one of its kind", layer.definition.name))
      good = false
    end
  end
  return good
end

-- The layers that read an Input decide whether it is token ids, and of how many.
local function find_tokens(model)
  for _, layer in ipairs(model.layers) do
    for _, from in ipairs(is_layer(layer) and layer.from or {}) do
      if is_layer(from) and from.definition.is_input and layer.definition.input == "tokens" then
        from.is_tokens = true
        from.vocabulary = math.max(from.vocabulary or 0, not layer.failed and layer.arguments.input_dim or 0)
      end
    end
  end
end

-- Settles the shape of an input: as described, with `timesteps_max` time steps at most. False after a mistake.
local function settle_input(model, input, timesteps_max)
  local shape = is_layer(input) and not input.failed and input.arguments.shape
  if not shape then return false end
  if elements(shape) > shapes.ELEMENTS_MAX then
    report(input.line, format("Input: the shape %s is larger than 2 GB", shape_text(shape)))
    return false
  end
  local timesteps = (#shape > 1 or input.is_tokens) and shape[1] or nil
  if timesteps_max and timesteps and timesteps > timesteps_max then
    shape, timesteps = { table.unpack(shape) }, timesteps_max
    shape[1] = timesteps_max
  end
  if input.arguments.lengths and not timesteps then
    report(input.line, format("Input: lengths = true needs time steps, and %s has none", shape_text(shape)))
    return false
  elseif input.arguments.lengths and model.lengths then
    report(input.line, "Input: one input has lengths, and another one has them already")
    return false
  end
  model.lengths = input.arguments.lengths and input or model.lengths
  model.has_lengths = model.lengths ~= nil or nil
  input.output, model.timesteps = shape, model.timesteps or timesteps
  return true
end

-- The layers that the command line freezes: as if they had trainable = false.
local function freeze_layers(model, names)
  local known = {}
  for _, layer in ipairs(model.layers) do
    if is_layer(layer) and layer.name then known[layer.name] = layer end
  end
  for name in gmatch(names, "[^,]+") do
    local layer = known[name]
    if layer then layer.arguments.trainable, layer.plain.trainable = false, false
    else report(0, format('--freeze: there is no layer "%s"%s', name, suggestion(name, keys(known)))) end
  end
end

-- What the outputs of layers add to the loss.
local function settle_activities(model)
  for _, layer in ipairs(model.layers) do
    layer.activity = internal.activity_of(layer)
    if layer.activity and not model.loss then
      internal.note(layer.line, format("%s: what its outputs cost changes nothing: the model has no loss",
                                       layer.definition.name))
    end
  end
end

-- Whether a layer, or one that it owns, goes on with its states from batch to batch.
local function is_stateful(layer)
  if is_layer(layer) and layer.arguments and layer.arguments.stateful then return true end
  for _, owned in pairs(is_layer(layer) and layer.owned or {}) do
    if is_stateful(owned) then return true end
  end
  return false
end

-- Batches of samples of similar length.
local function settle_buckets(model)
  if model.buckets == 1 then return end
  local why = not model.lengths and "no Input says lengths = true"
    or not model.shuffle and "shuffle = false leaves samples in their order"
    or model.stateful and "a stateful layer wants them in their order"
  if why then
    refuse(model, model.option_lines.buckets, '"buckets": samples of similar length share a batch, but %s', why)
  end
end

-- build(result of the description, default name, timesteps at most, layers to freeze): a built model; nil if there were
-- mistakes.
function internal.build(result, default_name, timesteps_max, frozen)
  local model = internal.open(result)
  if is_unknown(model) then return nil end
  if type(model) ~= "table" or rawget(model, "object") ~= "model" then
    report(0, format("the description must return a Sequential model, not %s", internal.shown(model)))
    return nil
  end
  settle_options(model, default_name)
  internal.defaults, internal.changed = model.defaults, {}
  internal.mask_semantics = model.mask_semantics
  internal.truncate = model.truncate
  internal.begin_output(model)
  settle_optimizer(model)
  internal.settle_optimizer_defaults(model)
  local first = model.stack[1]
  if first == nil or #model.stack == 1 and is_layer(first) and first.definition.is_input then
    if not model.broken then
      report(model.line, format("%s: the model is empty: add a layer%s", model.class, first and " after Input" or ""))
    end
    return nil
  end
  if model.graph then internal.connect_graph(model) else connect_chain(model) end
  forget_masks(model)
  internal.check_returned_states(model.layers)
  settle_batch(model, model.layers)
  local placed = check_places(model)
  shapes.give_names(model)
  for _, layer in ipairs(model.layers) do
    if is_layer(layer) and not layer.failed then internal.truncate_layer(layer) end
  end
  internal.begin_outputs(model)
  internal.layer_count = #model.layers
  if frozen then freeze_layers(model, frozen) end
  find_tokens(model)
  local settled = placed
  for _, input in ipairs(placed and model.inputs or {}) do
    settled = settle_input(model, input, timesteps_max) and settled
  end
  if not settled or not shapes.infer_shapes(model) or model.broken then return nil end
  if not shapes.check_masked_loss(model) then return nil end
  shapes.make_weights(model)
  for _, layer in ipairs(model.layers) do model.stateful = model.stateful or is_stateful(layer) end
  settle_buckets(model)
  model.input_is_tokens, model.vocabulary = model.inputs[1].is_tokens, model.inputs[1].vocabulary or 0
  model.own_activations = internal.own_activations
  internal.settle_outputs(model)
  internal.settle_decoder(model)
  internal.settle_weights(model)
  settle_activities(model)
  settle_data(model)
  model.changed = internal.changed
  return model
end
