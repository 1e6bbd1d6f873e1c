-- decoder.lua: in: which input of a model is its decoder's: what has been said so far.  out: which layers depend on it.
-- When the model is used, the others run once (encode), these step by step, each time on what was said last
-- (decode_step).
local internal = ...
local report, types = internal.report, internal.types
local ipairs, pairs = ipairs, pairs
local format = string.format

local TOKENS = { begin_token = 2, end_token = 3 }      -- those of lines{...}

local function refuse(model, option, ...)
  report(model.option_lines[option] or model.line, model.class .. ": " .. format(...))
end

-- Layers behind the decoder's input: they have decodes = true.
local function mark_layers(model)
  model.decoder.decodes = true
  for _, layer in ipairs(model.layers) do
    for _, from in ipairs(layer.from or {}) do layer.decodes = layer.decodes or from.decodes end
  end
end

-- Why the model is no encoder with a decoder; nil if it is one.
local function why_not(model)
  local input, output = model.decoder, model.outputs[1]
  if #model.inputs == 1 then
    return "it is the only input: a model of one sequence reads it step by step without being told"
  elseif #model.outputs > 1 then
    return "the model has several outputs"
  elseif not output.decodes then
    return format("the output, %s, does not depend on it", output.name)
  elseif #input.output < 2 and not input.is_tokens then
    return "it has no time steps"
  elseif #output.output < 2 or output.output[1] ~= input.output[1] then
    return format("the output, %s, has not one step for each of its %d", output.name, input.output[1])
  elseif model.stateful then
    return "stateful layers go on from batch to batch, and a decoder begins with each sample"
  end
end

-- What begins and ends a sequence that the decoder says: ids of its input, and classes of the output.
local function settle_token(model, option)
  local token = model[option]
  if not model.decoder or not model.decoder.is_tokens then
    if token then refuse(model, option, '"%s" is for a decoder that reads tokens: decoder = input', option) end
    model[option] = nil
    return
  end
  local side = option == "begin_token" and "the decoder reads" or "the output has"
  local count = option == "begin_token" and model.decoder.vocabulary or model.outputs[1].output[2]
  token = token or TOKENS[option]
  if token >= count then
    refuse(model, option, '"%s" is %d, but %s %d of them, from 0', option, token, side, count)
  end
  model[option] = token
end

-- Once shapes are known.
function internal.settle_decoder(model)
  if model.decoder then
    mark_layers(model)
    local why = why_not(model)
    if why then
      refuse(model, "decoder", '"decoder": %s', why)
      return
    end
  end
  settle_token(model, "begin_token")
  settle_token(model, "end_token")
end

-- read_decoder(model, layers): the input that is named; nil after a mistake.
function internal.read_decoder(model, layers)
  local decoder = layers and layers[1]
  for _, input in ipairs(model.inputs or {}) do
    if input == decoder then return decoder end
  end
  if decoder then refuse(model, "decoder", '"decoder" must be one of the inputs') end
  return nil
end

-- Whether the data are pairs of texts: the second is what the decoder says, and, one token behind, what it reads.
function internal.reads_pairs(model, data, what)
  if what ~= "input" or data.kind ~= "lines" or not data.target_text or not model.decoder or #model.inputs > 2 then
    return false
  end
  for option, token in pairs(TOKENS) do
    if model[option] ~= token then
      refuse(model, option, '"%s" is %d in texts of lines{...}, not %s', option, token, internal.shown(model[option]))
    end
  end
  if model.lengths == model.decoder then
    report(data.line, "lines: the lengths are those of the text, not of what the decoder reads")
  end
  return true
end
