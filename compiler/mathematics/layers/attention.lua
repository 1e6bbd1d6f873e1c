-- attention.lua: keras.layers.Attention and AdditiveAttention: of query, value and key (key: value), as Keras lists
-- them; of one sequence alone these are it. At step t of the query y is the mean of the values, weighed by the softmax
-- over their steps s of how well query and key go together: query[t] key[s], or the sum of tanh(query[t] + key[s]).
-- Luong, Pham & Manning 2015; Bahdanau, Cho & Bengio 2015. As in Keras a step of the value that does not count is not
-- looked at, nor its key, and at a step of the query that does not count y is zero; with use_causal_mask no step looks
-- at later ones.
local function counted(x, mask)
  if not mask then return x end
  local t, k = axes "t k"
  local seen = tensor{ x.timesteps, x.features }
  seen[{ t, k }] = keep(mask[{ t }], x[{ t, k }])
  return seen
end

local function shape(a, x)
  local value, key = x[2] or x[1], x[3] or x[2] or x[1]
  if #x > 3 then error("reads query, value and key, not " .. #x .. " outputs", 0) end
  if key.timesteps ~= value.timesteps then
    error("the key has " .. key.timesteps .. " steps, and the value " .. value.timesteps, 0)
  end
  if key.features ~= x[1].features then
    error("the query has " .. x[1].features .. " features, and the key " .. key.features, 0)
  end
  return { x[1].timesteps, value.features }
end

-- What a score loses at places that are not looked at, so that they do not lift the others' maximum; and what their
-- share is multiplied with, as there may be nothing else: then y is zero.
local function hidden(a, mask, t, s)
  if a.use_causal_mask or a.causal then
    local later = greater(s, t)
    return mask and keep(1 - mask[{ s }], 1e9) + 1e9 * later or 1e9 * later, mask and mask[{ s }] * (1 - later)
  end
  return mask and keep(1 - mask[{ s }], 1e9), mask and mask[{ s }]
end

-- The scores {t, s} as they stand in a sum over the features k; and the softmax of them, dropped, upon the value.
local function attend(a, x, masks, score_of)
  local t, s, k, n = axes "t s k n"
  local mask = masks and masks[x[2] and 2 or 1]
  local query, value = counted(x[1], masks and masks[1]), counted(x[2] or x[1], mask)
  local key = x[3] and counted(x[3], mask) or value
  if not x[2] then query = value end
  local steps, seen = query.timesteps, value.timesteps
  local score, e, highest, total = tensor{ steps, seen }, tensor{ steps, seen }, tensor{ steps }, tensor{ steps }
  local mixed, y = tensor{ steps, value.features }, tensor{ steps, value.features }
  local together, loss, seen_at = score_of(query, key, t, s, k), hidden(a, mask, t, s)
  score[{ t, s }] = loss and together - loss or together
  highest[{ t }] = largest(score[{ t, s }])
  e[{ t, s }] = exp(score[{ t, s }] - stop(highest)[{ t }])
  total[{ t }] = e[{ t, s }] * (seen_at or 1.0)
  local function kept() return a.dropout > 0 and e * noise(a.dropout, { steps, seen }) or e end
  local share = seen_at and kept()[{ t, s }] * seen_at or kept()[{ t, s }]
  mixed[{ t, n }] = share * value[{ s, n }]
  local mean = mixed[{ t, n }] / (seen_at and max(total[{ t }], 0.5) or total[{ t }])     -- 1 or more, or 0
  y[{ t, n }] = masks and masks[1] and keep(masks[1][{ t }], mean) or mean
  return y, score, highest, e, total, mixed
end

layer "AdditiveAttention" {
  arguments = { { "use_scale", "boolean", true }, { "dropout", "rate", 0 }, { "seed", "without_effect", false },
                { "use_causal_mask", "boolean", false }, { "causal", "boolean", false } },
  over      = "sample",
  input     = "sequences",
  once      = 3,
  mask      = "pass",
  shape     = shape,
  weights   = function(a, x) return { scale = a.use_scale and weight({ x[1].features }, "glorot_uniform") } end,
  call      = function(a, w, x, masks)
    local y, score, highest, e, total, mixed = attend(a, x, masks, function(query, key, t, s, k)
      local together = tanh(query[{ t, k }] + key[{ s, k }])
      return w.scale and w.scale[{ k }] * together or together * 1.0
    end)
    return y
  end,
}

return layer "Attention" {
  in_pytorch = "scaled_dot_product_attention", in_onnx = "Attention",
  arguments = { { "use_scale", "boolean", false }, { "score_mode", { "dot", "concat" }, "dot" },
                { "dropout", "rate", 0 }, { "seed", "without_effect", false },
                { "use_causal_mask", "boolean", false }, { "causal", "boolean", false } },
  over      = "sample",
  input     = "sequences",
  once      = 3,
  mask      = "pass",
  shape     = shape,
  weights   = function(a, x)
    return { scale               = a.use_scale and weight({ 1 }, "ones"),
             concat_score_weight = a.score_mode == "concat" and weight({ 1 }, "ones") }
  end,
  call      = function(a, w, x, masks)
    local gain = tensor{}
    if a.use_scale then gain[{}] = w.scale[{ 0 }] end
    local y, score, highest, e, total, mixed = attend(a, x, masks, function(query, key, t, s, k)
      local asked = a.use_scale and query * gain or query
      local answered = key == query and asked or a.use_scale and key * gain or key
      if a.score_mode == "dot" then return asked[{ t, k }] * key[{ s, k }] end
      return w.concat_score_weight[{ 0 }] * tanh(asked[{ t, k }] + answered[{ s, k }])
    end)
    return y
  end,
}
