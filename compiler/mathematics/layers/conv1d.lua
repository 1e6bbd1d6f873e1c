-- conv1d.lua: keras.layers.Conv1D: a kernel slides over the steps (cross-correlation):
-- y[t, f] = activation(b[f] + sum over k, c of kernel[k, c, f] x[strides t + dilation_rate k - before, c]).
-- groups: each part of the filters sees its own part of the channels.
return layer "Conv1D" {
  in_pytorch = "Conv1d", in_onnx = "Conv",
  aliases   = { "Convolution1D" },
  arguments = { { "filters", "size" }, { "kernel_size", "size_1d" }, { "strides", "size_1d", 1 },
                { "padding", { "valid", "same", "causal" }, "valid" },
                { "data_format", { "channels_last" }, "channels_last" }, { "dilation_rate", "size_1d", 1 },
                { "groups", "size", 1 }, { "activation", "activation", "linear" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "bias_regularizer", "regularizer", false },
                { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "bias_constraint", "constraint", false } },
  pytorch_defaults = function(a, x)
    local k = (a.kernel_size * x.features // a.groups) ^ -0.5
    return { kernel_initializer = drawn("uniform", -k, k), bias_initializer = drawn("uniform", -k, k) }
  end,
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x)
    local count = window(x.timesteps, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    return { count, a.filters }
  end,
  weights   = function(a, x)
    if x.features % a.groups ~= 0 or a.filters % a.groups ~= 0 then
      error("groups must divide " .. x.features .. " channels and " .. a.filters .. " filters", 0)
    end
    return { kernel = weight({ a.kernel_size, x.features // a.groups, a.filters }, a.kernel_initializer,
                             a.kernel_regularizer, a.kernel_constraint),
             bias   = a.use_bias and weight({ a.filters }, a.bias_initializer, a.bias_regularizer, a.bias_constraint) }
  end,
  call      = function(a, w, x)
    local t, k, c, f = axes "t k c f"
    local count, padded = slide(x, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    local channels, filter = c, f
    if a.groups > 1 then
      local g = axis("g", a.groups)
      channels = x.features // a.groups * g + c
      filter   = a.filters // a.groups * g + axis("f", a.filters // a.groups)
    end
    local z = tensor{ count, a.filters }
    local sum = w.kernel[{ k, c, filter }] * padded[{ a.strides * t + a.dilation_rate * k, channels }]
    z[{ t, filter }] = w.bias and w.bias[{ filter }] + sum or sum
    local y = a.activation(z)
    return y
  end,
}
