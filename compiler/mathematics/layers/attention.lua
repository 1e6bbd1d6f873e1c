-- attention.lua: keras.layers.Attention and AdditiveAttention of a sequence on itself, query, value and key in one: at
-- step t the mean of all steps s, weighed by the softmax over s of how well they go together: x[t] x[s], or the sum of
-- tanh(x[t] + x[s]).  Luong, Pham & Manning 2015; Bahdanau, Cho & Bengio 2015. A step that does not count is not looked
-- at, and is zero itself; with use_causal_mask no step looks at later ones.
local function counted(x, mask)
  if not mask then return x end
  local t, k = axes "t k"
  local seen = tensor{ x.timesteps, x.features }
  seen[{ t, k }] = keep(mask[{ t }], x[{ t, k }])
  return seen
end

-- What a score loses at places that are not looked at: exp makes it zero.
local function hidden(a, mask, t, s)
  local loss = mask and keep(1 - mask[{ s }], 1e9)
  if a.use_causal_mask or a.causal then loss = 1e9 * greater(s, t) + (loss or 0) end
  return loss
end

-- The scores {t, s} as they stand in a sum over the features k; and the softmax of them, dropped, upon x.
local function attend(a, x, mask, score_of)
  local t, s, k, n = axes "t s k n"
  local score, e = tensor{ x.timesteps, x.timesteps }, tensor{ x.timesteps, x.timesteps }
  local highest, total = tensor{ x.timesteps }, tensor{ x.timesteps }
  local mixed, y = tensor{ x.timesteps, x.features }, tensor{ x.timesteps, x.features }
  local loss = hidden(a, mask, t, s)
  score[{ t, s }] = loss and score_of(t, s, k) - loss or score_of(t, s, k)
  highest[{ t }] = largest(score[{ t, s }])
  e[{ t, s }] = exp(score[{ t, s }] - stop(highest)[{ t }])
  total[{ t }] = e[{ t, s }] * 1.0
  local function kept() return a.dropout > 0 and e * noise(a.dropout, { x.timesteps, x.timesteps }) or e end
  mixed[{ t, n }] = kept()[{ t, s }] * x[{ s, n }]
  local mean = mixed[{ t, n }] / total[{ t }]
  y[{ t, n }] = mask and keep(mask[{ t }], mean) or mean
  return y, score, highest, e, total, mixed
end

layer "AdditiveAttention" {
  arguments = { { "use_scale", "boolean", true }, { "dropout", "rate", 0 }, { "seed", "without_effect", false },
                { "use_causal_mask", "boolean", false }, { "causal", "boolean", false } },
  over      = "sample",
  input     = "sequence",
  itself    = true,
  mask      = "pass",
  shape     = function(a, x) return { x.timesteps, x.features } end,
  weights   = function(a, x) return { scale = a.use_scale and weight({ x.features }, "glorot_uniform") } end,
  call      = function(a, w, x, mask)
    local seen = counted(x, mask)
    local y, score, highest, e, total, mixed = attend(a, seen, mask, function(t, s, k)
      local together = tanh(seen[{ t, k }] + seen[{ s, k }])
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
  input     = "sequence",
  itself    = true,
  mask      = "pass",
  shape     = function(a, x) return { x.timesteps, x.features } end,
  weights   = function(a, x)
    return { scale               = a.use_scale and weight({ 1 }, "ones"),
             concat_score_weight = a.score_mode == "concat" and weight({ 1 }, "ones") }
  end,
  call      = function(a, w, x, mask)
    local query, gain, seen = nil, tensor{}, counted(x, mask)
    if a.use_scale then gain[{}] = w.scale[{ 0 }] end
    query = a.use_scale and seen * gain or seen
    local y, score, highest, e, total, mixed = attend(a, seen, mask, function(t, s, k)
      if a.score_mode == "dot" then return query[{ t, k }] * seen[{ s, k }] end
      return w.concat_score_weight[{ 0 }] * tanh(query[{ t, k }] + query[{ s, k }])
    end)
    return y
  end,
}
