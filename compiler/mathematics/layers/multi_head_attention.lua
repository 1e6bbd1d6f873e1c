-- multi_head_attention.lua: keras.layers.MultiHeadAttention of query, value and key (key: value); of one sequence alone
-- these are it. Each head projects their steps; at step t of the query it is the mean of the values, weighed by the
-- softmax over s of query[t] key[s] / sqrt(key_dim); what the heads give is projected again.  Vaswani et al. 2017.
-- Steps of value and key that do not count are not looked at, those of the query look at nothing; with
-- use_causal_mask no step looks at later ones.
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

local function counted(x, mask)
  if not mask then return x end
  local t, k = axes "t k"
  local seen = tensor{ x.timesteps, x.features }
  seen[{ t, k }] = keep(mask[{ t }], x[{ t, k }])
  return seen
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
    local value, key = x[2] or x[1], x[3] or x[2] or x[1]
    if #x > 3 then error("reads query, value and key, not " .. #x .. " outputs", 0) end
    if key.timesteps ~= value.timesteps then
      error("the key has " .. key.timesteps .. " steps, and the value " .. value.timesteps, 0)
    end
    return { x[1].timesteps, a.output_shape or x[1].features }
  end,
  weights   = function(a, x)
    local width, features = a.value_dim or a.key_dim, a.output_shape or x[1].features
    local value, key = x[2] or x[1], x[3] or x[2] or x[1]
    return { query            = projection(a, { x[1].features, a.num_heads, a.key_dim }, { a.num_heads, a.key_dim }),
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
    local seen_at = counts(masks, x, s)          -- with what shares are multiplied: see attention.lua
    if seen_at then product = product - keep(1 - seen_at, 1e9) end
    if a.use_causal_mask then
      product = product - 1e9 * greater(s, t)
      seen_at = seen_at and seen_at * (1 - greater(s, t))
    end
    score[{ t, h, s }] = product
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
