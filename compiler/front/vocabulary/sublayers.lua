-- sublayers.lua: layers that own layers: in: what a definition says its layers are, and the calls of them in its
-- mathematics.  out: their names and shapes, and a value for each call, which lowering.lua lowers in its turn.
local internal = ...
local is, Value, value = internal.is, internal.Value, internal.value
local vocabulary, types, keys = internal.vocabulary, internal.types, internal.keys
local shown, is_plain, is_identifier = internal.shown, internal.is_plain, internal.is_identifier
local report, suggestion = internal.report, internal.suggestion
local rawget, setmetatable, ipairs, pairs, type, error = rawget, setmetatable, ipairs, pairs, type, error
local format, concat = string.format, table.concat
local element_at, joined = internal.statements.element_at, internal.statements.joined
local head, tail = internal.program.head, internal.program.tail

local function mistake(...) error(format(...), 0) end

-- What mathematics holds of a layer: its name, its arguments, and that it can be called.
local Sublayer = {}

function internal.sublayer_of(layer)
  layer.held = layer.held or setmetatable({ object = "sublayer", layer = layer }, Sublayer)
  return layer.held
end

-- A Sequential inside of another layer is a layer itself, a chain of those that it was given (mathematics/layers).
local function chain_of(model)
  if model.class ~= "Sequential" or model.broken or #model.stack == 0 then return nil end
  for _, layer in ipairs(model.stack) do
    if not layer or layer.definition.is_input then return nil end
    layer.owner = nil
  end
  for _, option in ipairs(keys(model.options)) do
    if option ~= "name" then
      report(model.option_lines[option], format("Sequential: %s belongs to the whole model", option))
    end
  end
  return internal.layers.Sequential.make({ layers = model.stack, name = model.options.name }, model.line)
end

local function layer_of(v)
  local kind = type(v) == "table" and rawget(v, "object")
  if kind == "sublayer" then return rawget(v, "layer") end
  if kind == "model" then
    v.as_layer = v.as_layer or chain_of(v)
    return v.as_layer
  end
  return kind == "layer" and not v.definition.is_input and v or nil
end

function Sublayer.__index(held, key)
  local layer = rawget(held, "layer")
  if key == "name" then return layer.name end
  local argument = layer.arguments[key]
  if argument == nil then
    local near = type(key) == "string" and suggestion(key, keys(layer.arguments)) or ""
    mistake("%s has no argument %s%s", layer.definition.name, shown(key), near)
  end
  return argument
end

-- As arguments ----------------------------------------------------------------------------------------------

function types.layer(v)
  local layer = layer_of(v)
  if not layer then
    local hint = ""
    if type(v) == "function" then hint = ": call it, like LSTM{8}"
    elseif type(v) == "table" and rawget(v, "class") == "Sequential" then
      hint = #v.stack == 0 and " without a layer" or " with an Input, which follows from what it reads"
    end
    return nil, format("must be a layer, like LSTM{8}, not %s%s", shown(v), hint)
  end
  return internal.sublayer_of(layer), nil
end

-- A list of layers.
function types.layers(v)
  local list, why = {}, nil
  if not is_plain(v) or not internal.items(v) then return nil, format("must be a list of layers, not %s", shown(v)) end
  for position, item in ipairs(v) do
    list[position], why = types.layer(item)
    if not list[position] then return nil, format("item %d %s", position, why) end
  end
  return list, nil
end

-- A layer that is a loop over time.
function types.recurrent(v)
  local held, why = types.layer(v)
  if not held then return nil, why end
  local def = rawget(held, "layer").definition
  if not def.step or def.is_cell then
    return nil, format("must be a recurrent layer, like LSTM{8}, not %s", def.name)
  end
  return held, nil
end
internal.layer_types.layer, internal.layer_types.recurrent = types.layer, types.recurrent
internal.layer_types.layers = types.layers

local IS_LAYER, ARE_LAYERS = { layer = true, recurrent = true }, { layers = true, cells = true }

-- The layers among the arguments of a definition, in their order: a list of { argument, key, layer }, of a list an item
-- for each.
local function given_layers(layer)
  local given = {}
  local function add(argument, key, held)
    given[#given + 1] = { argument = argument, key = key, layer = rawget(held, "layer") }
  end
  for _, entry in ipairs(layer.definition.arguments or {}) do
    local name, v = entry[1], layer.arguments[entry[1]]
    if v and IS_LAYER[entry[2]] then add(name, name, v) end
    for position, cell in ipairs(v and ARE_LAYERS[entry[2]] and v or {}) do add(name, name .. "_" .. position, cell) end
  end
  return given
end
internal.given_layers, internal.layer_of = given_layers, layer_of

-- A layer that is an argument of another one is used up by that.
function internal.claim_given(layer)
  if layer.failed then return end
  for _, given in ipairs(given_layers(layer)) do
    local owned = given.layer
    if owned.failed then
      layer.failed = true
    elseif owned.owner then
      report(layer.line, format('%s: "%s" is a layer that is used already: make a second one',
                                layer.definition.name, given.argument))
    elseif owned.arguments.ignore_mask then
      report(layer.line, format("%s: ignore_mask is said of the layer outside: %s{..., ignore_mask = true}",
                                layer.definition.name, layer.definition.name))
    end
    owned.owner = layer
  end
end

-- copy(layer, { name = "forward", go_backwards = true }): a new layer of that kind, with other arguments where the
-- table says so.
function vocabulary.copy(v, changes)
  local layer = layer_of(v)
  if not layer then mistake("copy takes a layer, not %s", shown(v)) end
  if changes ~= nil and not is_plain(changes) then
    mistake("copy takes a table of arguments, { go_backwards = true }, not %s", shown(changes))
  end
  local given = {}
  for key, argument in pairs(layer.given) do
    local entry = type(key) == "number" and layer.definition.arguments[key]
    given[entry and entry[1] or key] = argument
  end
  local cells = {}            -- argument -> list of copies
  for _, of in ipairs(given_layers(layer)) do
    local name, copied = of.argument, vocabulary.copy(of.layer)
    given[name] = copied
    if of.key ~= name then
      cells[name] = cells[name] or {}
      cells[name][#cells[name] + 1] = copied
      copied.name, given[name] = of.layer.name, cells[name]
    end
  end
  for key, argument in pairs(changes or {}) do given[key] = argument end
  local made = layer.definition.make(given, layer.line)
  if made.failed then mistake("copy of %s: its arguments are not right", layer.definition.name) end
  return made
end

-- Whose they are --------------------------------------------------------------------------------------------

-- What layers = function(a, x) returned, as layers by key; without it the layers among the arguments.
local function said_layers(layer, x)
  local found = {}
  for _, given in ipairs(layer.definition.layers and {} or given_layers(layer)) do found[given.key] = given.layer end
  if not layer.definition.layers then return found end
  local said = internal.call_inside(layer, "layers", x)
  if not is_plain(said) then mistake("layers must return a table of layers, not %s", shown(said)) end
  for key, v in pairs(said) do
    if not is_identifier(key) then mistake("layers: the name %s is not made of letters, digits and _", shown(key)) end
    found[key] = layer_of(v) or mistake("layers: %s must be a layer, not %s", key, shown(v))
  end
  return found
end

-- In C a layer that another one owns is called by both names, joined.
local function name_owned(owner, owned, key)
  owned.name = owned.arguments.name or owned.name or key
  if not is_identifier(owned.name) then
    mistake("layers: the name %s is not made of letters, digits and _, starting with a letter", shown(owned.name))
  end
  owned.c_name = (owner.c_name or owner.name) .. "_" .. owned.name
  owned.path = (owner.path or owner.name) .. "/" .. owned.name
  if internal.names_in_c[owned.c_name] then
    mistake("its layer %s is called %s in C, and so is another one: give one of them a name", owned.name, owned.c_name)
  end
  internal.names_in_c[owned.c_name] = true
end

local LAYERS_MAX = 4096         -- with those that others own: scan.lua:PLACES

-- Finds the layers of `layer`, whose mathematics sees x: layer.owned by key; layer.sublayers in the order of their
-- first calls follows from the mathematics.
function internal.own_layers(layer, x)
  layer.owned, layer.sublayers = said_layers(layer, x), {}
  for _, key in ipairs(keys(layer.owned)) do
    local owned = layer.owned[key]
    if owned.owned_by then mistake("layers: %s is a layer that is there already: write copy(...)", key) end
    owned.owned_by = layer
    internal.truncate_layer(owned)
    name_owned(layer, owned, key)
    owned.index = internal.layer_count
    internal.layer_count = internal.layer_count + 1
    if owned.index >= LAYERS_MAX then mistake("more than %d layers, with those that others own", LAYERS_MAX) end
    owned.trains = internal.learns(layer)
  end
end

-- Reports what is owned and never called: nobody would know its shapes.
function internal.check_called(layer)
  for _, key in ipairs(keys(layer.owned)) do
    if not layer.owned[key].inputs then mistake("its mathematics never calls its layer %s", key) end
  end
end

-- The shape of what a layer that owns others puts out: its mathematics is called for the shapes alone, and the layers
-- that it calls learn theirs.
function internal.measure(layer, shapes)
  local scope, scan, inputs = internal.scope, internal.scan, {}
  local function nothing() return internal.program.constant(0) end
  for k, shape in ipairs(shapes) do
    inputs[k] = { shape = shape, at = nothing, tokens = layer.tokens and layer.tokens[k] }
  end
  for k, masked in ipairs(layer.masks) do inputs[k].mask = masked and nothing or nil end
  internal.scan = nil
  local program = internal.lowering.new_program({ weights = {} }, { batch = 1 })
  local flow = internal.lowering.begin_one(program, layer, inputs, internal.nothing_around(layer))
  internal.scope, internal.scan = scope, scan
  return flow.shape
end

-- Calls -----------------------------------------------------------------------------------------------------

local function values_given(def, given)
  local list = is(given, Value) and { given } or is_plain(given) and internal.items(given) and given
  if not list or #list == 0 then
    mistake("%s is called with a value, or with a list of them, not %s", def.name, shown(given))
  end
  if #list > 1 and not def.many then mistake("%s reads one value, not %d", def.name, #list) end
  local shapes, tokens = {}, {}
  for position, item in ipairs(list) do
    if not is(item, Value) then mistake("%s is called with values, not %s", def.name, shown(item)) end
    if #item.shape == 0 then mistake("%s is called with a scalar", def.name) end
    shapes[position], tokens[position] = item.shape, rawget(item, "tokens") or false
  end
  return list, shapes, tokens
end

local function check_mask(def, mask, shape)
  if not is(mask, Value) or #mask.shape ~= 1 or mask.shape[1] ~= shape[1] or #shape < 2 then
    mistake("%s: the mask is a value of shape {%d}, a number for each time step, not %s", def.name, shape[1],
            is(mask, Value) and format("of shape {%s}", concat(mask.shape, ", ")) or shown(mask))
  end
  if def.over == "sample" and def.mask == nil then
    mistake("%s is given a mask, and does not say what becomes of it", def.name)
  end
end

-- What a layer is given as masks, by the places of its values: one mask, or of several values a list that may have
-- gaps; those that are there, and which.
local function masks_given(def, mask, shapes)
  local masks, there, masked = {}, {}, {}
  if def.many and is_plain(mask) then
    for k in ipairs(shapes) do masks[k] = mask[k] end
  else
    masks[1] = mask
  end
  for k, shape in ipairs(shapes) do
    masked[k] = masks[k] ~= nil
    if masked[k] then
      check_mask(def, masks[k], shape)
      there[#there + 1] = masks[k]
    end
  end
  return masks, there, masked
end

local function settle(owner, layer, shapes, tokens, masked)
  internal.check_seen(layer, shapes, tokens)
  if not layer.inputs then
    layer.masks, layer.takes_mask = masked, false
    for _, one in ipairs(masked) do layer.takes_mask = layer.takes_mask or one end
    layer.makes_mask = internal.makes_mask(layer, masked, shapes[1])
    internal.settle_layer(layer, shapes)
    owner.sublayers[#owner.sublayers + 1] = layer
  else
    internal.check_weights(layer, shapes)
  end
end

-- layer(x), layer({x, y}), layer(x, mask), layer({x, y}, {mask_of_x, mask_of_y}) in the mathematics of its owner: what
-- it makes of these, and the mask of that if there is one.
local function call(held, given, mask)
  local layer, scope = rawget(held, "layer"), internal.scope
  local owner, def = scope and scope.layer, layer.definition
  if def.is_cell then return internal.call_cell(held, given, mask) end
  if not owner or layer.owned_by ~= (owner.shares or owner) then
    mistake("%s is called outside of the mathematics that owns it", def.name)
  end
  local list, shapes, tokens = values_given(def, given)
  local masks, masks_there, masked = masks_given(def, mask, shapes)
  if internal.activity_of(layer) then
    mistake("what the outputs of %s cost is not added up inside of another layer: write " ..
            "ActivityRegularization{l1 = , l2 = } behind it", def.name)
  end
  if layer.arguments.return_state and not owner.definition.both_ways then
    mistake("%s: return_state: its states are not seen inside of another layer", def.name)
  end
  if internal.scan and def.step then mistake("%s is a loop over time inside the step of a scan", def.name) end
  local scan = internal.scan
  internal.scan = nil
  settle(owner, layer, shapes, tokens, (def.over == "sample" or def.step ~= nil) and masked or {})
  local shape = internal.output_shape(layer, shapes)
  internal.scope, internal.scan = scope, scan
  internal.inside(owner.definition.name, owner.line)
  local y = value{ op = "call", layer = layer, parts = list, masks = masks, masks_there = masks_there, shape = shape,
                   static = false, shared = false }
  if internal.makes_mask(layer, masked, shapes[1]) then
    return y, value{ op = "mask", base = y, shape = { shape[1] }, static = false, shared = false }
  end
  return y, internal.keeps_mask(layer, shape) and masks[1] or nil
end
internal.call_sublayer = call
Sublayer.__call = call

-- Lowering --------------------------------------------------------------------------------------------------

function internal.nothing_around(layer)
  return { name = layer.c_name or layer.name, implied = {}, implied_shape = {} }
end

-- What a called layer reads of its owner's mathematics, as flows; `frame`: where the call stands.
local function flows_of(scope, node, frame)
  local n = #frame.implied
  local function of(part)
    return function(full)
      local implied = head(full, n)
      implied.scan = frame.implied.scan
      if implied.scan then implied.outer = tail(implied, 2) end
      return element_at(scope, part, tail(full, n + 1), implied)
    end
  end
  local flows = {}
  for k, part in ipairs(node.parts) do
    local mask = node.masks[k]
    flows[k] = { shape = part.shape, at = of(part), tokens = rawget(part, "tokens"), mask = mask and of(mask) }
  end
  local given = scope.given_states or {}            -- of both ways: the first half is that of the layer forward
  for k = 1, #given // 2 do flows[k + 1] = given[scope.called and #given // 2 + k or k] end
  scope.called = true
  return flows
end

-- A layer that the mathematics of `scope` calls: its own mathematics is called, and what weights alone decide is
-- emitted; node.finish() emits the rest. Each further call of it has its own tensors, but for the weights.
function internal.begin_call(scope, node)
  local program, layer = scope.program, node.layer
  local frame, number = rawget(node, "scan") or scope.frame, (program.calls[layer] or 0) + 1
  program.calls[layer] = number
  local name = layer.c_name .. (number > 1 and "_call_" .. number or "")
  local flow, finish = internal.lowering.begin_one(program, layer, flows_of(scope, node, frame),
    { name = name, implied = joined({}, frame.implied), implied_shape = frame.implied_shape, loop = frame.loop })
  rawset(node, "flow", flow)
  if scope.layer.definition.both_ways then
    scope.final_states = joined(scope.final_states or {}, flow.states or {})
  end
  rawset(node, "stored", function(index, implied) return flow.at(joined(implied, index)) end)
  rawset(node, "finish", function()
    internal.inside(layer.definition.name, layer.line)
    finish()
    internal.inside(scope.layer.definition.name, scope.layer.line)
  end)
  internal.scope = scope
  internal.inside(scope.layer.definition.name, scope.layer.line)
end
