-- masks.lua: which outputs have a mask: {timesteps} numbers, 1 where a step counts and 0 where it does not; and what
-- the masks of several inputs become. A cell goes over steps that do not count; what sees single features passes the
-- mask on; what sees whole samples says what becomes of it, and silence is refused.
local internal = ...
local report = internal.report
local ipairs, type, error = ipairs, type, error
local format = string.format

-- Which of the inputs, as layers or as flows, have one: a list of flags.
function internal.masked_of(inputs, name)
  local masked = {}
  for k, input in ipairs(inputs) do masked[k] = input[name] and true or false end
  return masked
end

-- Keras's merges: a step counts that counts in one of the inputs, and where all steps of one of them count, all do:
-- there is no mask. What puts its inputs one behind the other in time does so with their masks.
local function along_time(layer, shape)
  local along = layer.definition.along_time
  return along and along(layer.arguments, shape)
end

local function merges(layer, masked, shape)
  local any, all = false, true
  for _, one in ipairs(masked) do any, all = any or one, all and one end
  return all or any and along_time(layer, shape)
end

-- Whether the mask of the output is the layer's own; `shape`: that of its first input. A definition with a mask of its
-- own makes it always, or where `masks` says so of its arguments.
function internal.makes_mask(layer, masked, shape)
  local def = layer.definition
  if def.mask == "merge" then return merges(layer, masked, shape) end
  return type(def.mask) == "function" and (not def.masks or def.masks(layer.arguments))
end

-- Whether the mask of what it reads is that of what it puts out, which has that shape.
function internal.keeps_mask(layer, output)
  local def = layer.definition
  return #output > 1 and def.mask ~= "end" and def.mask ~= "merge" and
         not (def.step and not layer.arguments.return_sequences)
end

-- Keras passed the mask of a sequence on through all that is a loop over it, up to 3.15.
function internal.ends_mask(layer)
  local def = layer.definition
  return internal.mask_semantics == "keras-3.16" and (def.step ~= nil or def.is_loop or false)
end

-- Of a layer of the model: which masks there are, before its shapes are settled.
function internal.settle_mask(layer)
  layer.masks = internal.masked_of(layer.from, "masked")
  layer.takes_mask = false
  for _, masked in ipairs(layer.masks) do layer.takes_mask = layer.takes_mask or masked end
  layer.makes_mask = internal.makes_mask(layer, layer.masks, layer.inputs[1])
end

-- Afterwards: whether its output has one; false after a mistake.
function internal.check_masks(layer)
  local def, whole = layer.definition, layer.definition.over == "sample"
  layer.masked = layer.makes_mask or layer.masks[1] and internal.keeps_mask(layer, layer.output) and
                 not internal.ends_mask(layer)
  for k, other in ipairs(layer.from) do
    if other.masked and whole and def.mask == nil then
      report(layer.line, format('%s: %s has a mask, and %s does not say what becomes of it%s', def.name, other.name,
                                def.name, def.custom and ' (mask = "pass" or "end")'
                                          or " (ignore_mask = true: it reads the masked steps like all others)"))
      return false
    end
  end
  if layer.makes_mask and #layer.output < 2 then
    report(layer.line, format("%s: makes a mask, but its output %s has no time axis", def.name,
                              internal.shapes.shape_text(layer.output)))
    return false
  end
  return true
end

-- One behind the other; of an input without a mask all steps count.
local function laid_out(masks, extents)
  local vocabulary, parts = internal.vocabulary, {}
  for k, steps in ipairs(extents) do
    parts[k] = masks[k]
    if not parts[k] then
      parts[k] = vocabulary.tensor{ steps }
      parts[k][{ vocabulary.axes("t") }] = 1
    end
  end
  return vocabulary.concatenate(parts)
end

-- A step counts that counts in one of them; a mask of one step is that of all.
local function either(masks, extents)
  local vocabulary, steps, counts = internal.vocabulary, 1, nil
  local t = vocabulary.axes("t")
  for _, extent in ipairs(extents) do
    if extent > 1 and steps > 1 and extent ~= steps then
      error(format("masks of %d and %d steps do not merge", steps, extent), 0)
    end
    steps = extent > steps and extent or steps
  end
  for k, extent in ipairs(extents) do
    local one = masks[k][{ extent == 1 and 0 or t }]
    counts = counts and vocabulary.max(counts, one) or one
  end
  local merged = vocabulary.tensor{ steps }
  merged[{ t }] = counts * 1.0
  return merged
end

-- In the mathematics of a layer that merges masks: `masks` are values, nil where an input has none; x its inputs.
function internal.merged_mask(layer, masks, x)
  local extents = {}
  for k, input in ipairs(x) do extents[k] = input.shape[1] end
  return (along_time(layer, x[1].shape) and laid_out or either)(masks, extents)
end

-- merge(operation, x, masks): operation(x[1], x[2]) and so on, at each step of those that count there; where none does
-- it is x[1]. And which steps count in one of them; nil: all do.
function internal.vocabulary.merge(operation, x, masks)
  local keep, max = internal.vocabulary.keep, internal.vocabulary.max
  local y, counts = x[1], masks and masks[1]
  for k = 2, #x do
    local one, other, mask = y, x[k], masks and masks[k]
    y = operation(one, other)
    if counts then y = keep(counts, y) + keep(1 - counts, other) end
    if mask then y = keep(mask, y) + keep(1 - mask, one) end
    counts = counts and mask and max(counts, mask)
  end
  return y, counts
end
