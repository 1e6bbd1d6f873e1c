-- initial_states.lua: where the states of a loop over time begin, by its argument initial_state.  in: what a
-- description says.  out: for each state nothing, zeros; a number, numbers; or a weight that is learned.
local internal = ...
local types, is_plain, items, shown = internal.types, internal.is_plain, internal.items, internal.shown
local vocabulary = internal.vocabulary
local ipairs, error = ipairs, error
local format, concat = string.format, table.concat

local function mistake(...) error(format(...), 0) end

local HOW = 'must be "zeros", "learned", a number, Constant{...}, a list of numbers, ' ..
            'or a table of these by the names of the states, not %s'

-- One state, as { learned = true }, { numbers } or {} (zeros), and as a text; nil if it is none.
local function beginning(v)
  if v == "learned" then return { learned = true }, v end
  if types.number(v) then return v == 0 and {} or { v }, v == 0 and "zeros" or format("%.9g", v) end
  local initializer = not is_plain(v) and types.initializer(v)
  local drawn = initializer and initializer.value
  if drawn and drawn.kind == "constant" and not drawn.ones_begin then return beginning(drawn.a or 0) end
  local count = is_plain(v) and items(v)
  if not count or count == 0 then return nil end
  local texts = {}
  for i = 1, count do
    if not types.number(v[i]) then return nil end
    texts[i] = format("%.9g", v[i])
  end
  return v, concat(texts, " ")
end

-- "learned" for all states, or { h = ..., c = ... }; as a text "learned", or "c=0.5 1;h=learned".
function types.initial_state(v)
  local all, text = beginning(v)
  if all then return { all = all }, text end
  local names, texts, said = is_plain(v) and internal.keys(v) or {}, {}, {}
  for position, name in ipairs(names) do
    local one, of_one = beginning(v[name])
    if not one then return nil, format("%s %s", name, format(HOW, shown(v[name]))) end
    said[name], texts[position] = one, name .. "=" .. of_one
  end
  if #names == 0 or v[1] ~= nil then return nil, format(HOW, shown(v)) end
  return { by_name = said }, concat(texts, ";")
end
internal.layer_types.initial_state = types.initial_state

-- What the argument says of this state; nil: zeros.
local function said_of(layer, name)
  local said = layer.arguments.initial_state
  local one = said and (said.all or said.by_name[name])
  return one and (one.learned or one[1]) and one or nil
end

-- Calls visit(state, what is said of it) for each state of a loop that does not begin with zeros; shape: of what a step
-- reads.
local function each_beginning(layer, shape, visit)
  local said, known = layer.arguments.initial_state, {}
  if not said or layer.definition.is_cell then return end
  for _, state in ipairs(internal.states_of(layer, shape)) do
    local one = said_of(layer, state.name)
    known[state.name] = true
    if one and layer.definition.initial then
      mistake("initial_state: the definition says itself where its states begin")
    end
    local wide = state.shape
    if one and not one.learned and #one > 1 and (#wide > 1 or wide[1] ~= #one) then
      mistake("initial_state: %s has the shape {%s}, not %d numbers", state.name, concat(wide, ", "), #one)
    end
    if one then visit(state, one) end
  end
  for _, name in ipairs(internal.keys(said.by_name or {})) do
    if not known[name] then
      mistake("initial_state: %s is no state%s", name, internal.suggestion(name, internal.keys(known)))
    end
  end
end

-- Adds the weights that states begin with to those of the definition.
function internal.add_initial_weights(layer, shape, made)
  each_beginning(layer, shape, function(state, one)
    local name = "initial_" .. state.name
    if one.learned and made[name] then mistake("weights: %s is what initial_state = \"learned\" is called", name) end
    if one.learned then made[name] = vocabulary.weight(state.shape, "zeros") end
  end)
end

-- Equal numbers of a list as one piece: a list of { first, count, number }.
local function pieces_of(numbers, count)
  if #numbers == 1 then return { { first = 0, count = count, number = numbers[1] } } end
  local pieces, first = {}, 1
  for i = 1, #numbers do
    if numbers[i] ~= numbers[i + 1] then
      pieces[#pieces + 1] = { first = first - 1, count = i - first + 1, number = numbers[i] }
      first = i + 1
    end
  end
  return pieces
end

-- By the names of the states: a weight, { learned = value }, or what its last axis begins with, { pieces = list }.
function internal.beginnings(layer, shape, weights)
  local begins = {}
  each_beginning(layer, shape, function(state, one)
    local learned = one.learned and weights["initial_" .. state.name]
    begins[state.name] = learned and { learned = learned }
                         or { pieces = pieces_of(one, state.shape[#state.shape]) }
  end)
  return begins
end
