-- attention.lua: keras.layers.Attention, AdditiveAttention and MultiHeadAttention: of query, value and key (key:
-- value); of one sequence alone these are it. At step t of the query y is the mean of the values, weighed by the
-- softmax over their steps s of how well query and key go together: query[t] key[s], or the sum of
-- tanh(query[t] + key[s]). With several heads each projects all three first, of query[t] key[s] / sqrt(key_dim), and
-- what they give is projected again.  Luong, Pham & Manning 2015; Bahdanau, Cho & Bengio 2015; Vaswani et al. 2017. As
-- in Keras a step of the value that does not count is not looked at, nor its key, and at a step of the query that does
-- not count y is zero; with use_causal_mask no step looks at later ones.
local function counted(x, mask)
  if not mask then return x end
  local t, k = axes "t k"
  local seen = tensor{ x.timesteps, x.features }
  seen[{ t, k }] = keep(mask[{ t }], x[{ t, k }])
  return seen
end

-- Query, value and key.
local function given(x)
  local value, key = x[2] or x[1], x[3] or x[2] or x[1]
  if #x > 3 then error("reads query, value and key, not " .. #x .. " outputs", 0) end
  if key.timesteps ~= value.timesteps then
    error("the key has " .. key.timesteps .. " steps, and the value " .. value.timesteps, 0)
  end
  return x[1], value, key
end

-- What a score loses at places that are not looked at, so that they do not lift the others' maximum; and what their
-- share is multiplied with, as there may be nothing else: then y is zero. counts: whether step s does; nil: all do.
local function hidden(a, counts, t, s)
  if a.use_causal_mask or a.causal then
    local later = greater(s, t)
    return counts and keep(1 - counts, 1e9) + 1e9 * later or 1e9 * later, counts and counts * (1 - later)
  end
  return counts and keep(1 - counts, 1e9), counts
end

---- without projections ----

local function shape(a, x)
  local query, value, key = given(x)
  if key.features ~= query.features then
    error("the query has " .. query.features .. " features, and the key " .. key.features, 0)
  end
  return { query.timesteps, value.features }
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
  local together, loss, seen_at = score_of(query, key, t, s, k), hidden(a, mask and mask[{ s }], t, s)
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

layer "Attention" {
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

---- heads ----

local function projection(a, shape, bias)
  return { kernel = weight(shape, a.kernel_initializer, a.kernel_regularizer, a.kernel_constraint),
           bias   = a.use_bias and weight(bias, a.bias_initializer, a.bias_regularizer, a.bias_constraint) }
end

local function project(x, heads, width, w)
  local t, h, k, n = axes "t h k n"
  local z = tensor{ x.timesteps, heads, width }
  local sum = w.kernel[{ k, h, n }] * x[{ t, k }]
  z[{ t, h, n }] = w.bias and w.bias[{ h, n }] + sum or sum
  return z
end

-- Whether step s of value and key counts, 1 or 0; nil: all do.
local function counts(masks, x, s)
  local of_value, of_key = masks and masks[x[2] and 2 or 1], masks and masks[3]
  if of_value and of_key then return of_value[{ s }] * of_key[{ s }] end
  return (of_value or of_key) and (of_value or of_key)[{ s }]
end

return layer "MultiHeadAttention" {
  in_pytorch = "MultiheadAttention", in_onnx = "Attention",
  arguments = { { "num_heads", "size" }, { "key_dim", "size" }, { "value_dim", "size", false },
                { "dropout", "rate", 0 }, { "use_bias", "boolean", true }, { "output_shape", "size_1d", false },
                { "attention_axes", "later", false }, { "flash_attention", "without_effect", false },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "bias_regularizer", "regularizer", false },
                { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "bias_constraint", "constraint", false },
                { "seed", "without_effect", false }, { "use_causal_mask", "boolean", false } },
  over      = "sample",
  input     = "sequences",
  once      = 3,
  mask      = "pass",
  shape     = function(a, x)
    return { given(x).timesteps, a.output_shape or x[1].features }
  end,
  weights   = function(a, x)
    local query, value, key = given(x)
    local width, features = a.value_dim or a.key_dim, a.output_shape or query.features
    return { query            = projection(a, { query.features, a.num_heads, a.key_dim }, { a.num_heads, a.key_dim }),
             key              = projection(a, { key.features, a.num_heads, a.key_dim }, { a.num_heads, a.key_dim }),
             value            = projection(a, { value.features, a.num_heads, width }, { a.num_heads, width }),
             attention_output = projection(a, { a.num_heads, width, features }, { features }) }
  end,
  call      = function(a, w, x, masks)
    local t, s, h, n, v, f = axes "t s h n v f"
    local heads, width, mask = a.num_heads, a.value_dim or a.key_dim, masks and masks[1]
    local asks = counted(x[1], mask)
    local holds = x[2] and counted(x[2], masks and masks[2]) or asks
    local names = x[3] and counted(x[3], masks and masks[3]) or holds
    local query, key = project(asks, heads, a.key_dim, w.query), project(names, heads, a.key_dim, w.key)
    local value, steps, seen = project(holds, heads, width, w.value), asks.timesteps, holds.timesteps
    local scaled = query * (1 / math.sqrt(a.key_dim))
    local score, e = tensor{ steps, heads, seen }, tensor{ steps, heads, seen }
    local highest, total = tensor{ steps, heads }, tensor{ steps, heads }
    local product = scaled[{ t, h, n }] * key[{ s, h, n }]
    local loss, seen_at = hidden(a, counts(masks, x, s), t, s)
    score[{ t, h, s }] = loss and product - loss or product
    highest[{ t, h }] = largest(score[{ t, h, s }])
    e[{ t, h, s }] = exp(score[{ t, h, s }] - stop(highest)[{ t, h }])
    total[{ t, h }] = e[{ t, h, s }] * (seen_at or 1.0)
    local function kept() return a.dropout > 0 and e * noise(a.dropout, { steps, heads, seen }) or e end
    local mixed, attended = tensor{ steps, heads, width }, tensor{ steps, heads, width }
    local share = seen_at and kept()[{ t, h, s }] * seen_at or kept()[{ t, h, s }]
    mixed[{ t, h, v }] = share * value[{ s, h, v }]
    local mean = mixed[{ t, h, v }] / (seen_at and max(total[{ t, h }], 0.5) or total[{ t, h }])
    attended[{ t, h, v }] = mask and keep(mask[{ t }], mean) or mean
    local y = tensor{ steps, a.output_shape or x[1].features }
    local sum, out = w.attention_output.kernel[{ h, v, f }] * attended[{ t, h, v }], w.attention_output
    y[{ t, f }] = out.bias and out.bias[{ f }] + sum or sum
    return y
  end,
}
