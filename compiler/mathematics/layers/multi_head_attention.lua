-- multi_head_attention.lua: keras.layers.MultiHeadAttention of a sequence on itself: each head projects the steps to
-- queries, keys and values; at step t it is the mean of the values, weighed by the softmax over s of
-- query[t] key[s] / sqrt(key_dim); what the heads give is projected again.  Vaswani et al. 2017. Steps that do not
-- count are not looked at and look at nothing; with use_causal_mask no step looks at later ones.
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
  input     = "sequence",
  itself    = true,
  mask      = "pass",
  shape     = function(a, x) return { x.timesteps, a.output_shape or x.features } end,
  weights   = function(a, x)
    local width, features = a.value_dim or a.key_dim, a.output_shape or x.features
    return { query            = projection(a, { x.features, a.num_heads, a.key_dim }, { a.num_heads, a.key_dim }),
             key              = projection(a, { x.features, a.num_heads, a.key_dim }, { a.num_heads, a.key_dim }),
             value            = projection(a, { x.features, a.num_heads, width }, { a.num_heads, width }),
             attention_output = projection(a, { a.num_heads, width, features }, { features }) }
  end,
  call      = function(a, w, x, mask)
    local t, s, h, k, n, v, f = axes "t s h k n v f"
    local steps, heads, width = x.timesteps, a.num_heads, a.value_dim or a.key_dim
    local seen = x
    if mask then
      seen = tensor{ steps, x.features }
      seen[{ t, k }] = keep(mask[{ t }], x[{ t, k }])
    end
    local query, key = project(seen, heads, a.key_dim, w.query), project(seen, heads, a.key_dim, w.key)
    local value = project(seen, heads, width, w.value)
    local scaled = query * (1 / math.sqrt(a.key_dim))
    local score, e = tensor{ steps, heads, steps }, tensor{ steps, heads, steps }
    local highest, total = tensor{ steps, heads }, tensor{ steps, heads }
    local product = scaled[{ t, h, n }] * key[{ s, h, n }]
    if a.use_causal_mask then product = product - 1e9 * greater(s, t) end
    score[{ t, h, s }] = mask and product - keep(1 - mask[{ s }], 1e9) or product
    highest[{ t, h }] = largest(score[{ t, h, s }])
    e[{ t, h, s }] = exp(score[{ t, h, s }] - stop(highest)[{ t, h }])
    total[{ t, h }] = e[{ t, h, s }] * 1.0
    local function kept() return a.dropout > 0 and e * noise(a.dropout, { steps, heads, steps }) or e end
    local mixed, attended = tensor{ steps, heads, width }, tensor{ steps, heads, width }
    mixed[{ t, h, v }] = kept()[{ t, h, s }] * value[{ s, h, v }]
    local mean = mixed[{ t, h, v }] / total[{ t, h }]
    attended[{ t, h, v }] = mask and keep(mask[{ t }], mean) or mean
    local y = tensor{ steps, a.output_shape or x.features }
    local sum, out = w.attention_output.kernel[{ h, v, f }] * attended[{ t, h, v }], w.attention_output
    y[{ t, f }] = out.bias and out.bias[{ f }] + sum or sum
    return y
  end,
}
