-- conv2d.lua: keras.layers.Conv2D: a kernel slides over an image (cross-correlation):
-- y[u, v, f] = activation(b[f] + sum over i, j, c of kernel[i, j, c, f] x[strides u + dilation_rate i - above, the same
-- of v and j, c]).
-- groups: each part of the filters sees its own part of the channels.
return layer "Conv2D" {
  in_pytorch = "Conv2d", in_onnx = "Conv",
  aliases   = { "Convolution2D" },
  arguments = { { "filters", "size" }, { "kernel_size", "size_2d" }, { "strides", "size_2d", 1 },
                { "padding", { "valid", "same" }, "valid" }, { "data_format", { "channels_last" }, "channels_last" },
                { "dilation_rate", "size_2d", 1 }, { "groups", "size", 1 }, { "activation", "activation", "linear" },
                { "use_bias", "boolean", true }, { "kernel_initializer", "initializer", "glorot_uniform" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "bias_regularizer", "regularizer", false },
                { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "bias_constraint", "constraint", false } },
  pytorch_defaults = function(a, x)
    local k = (a.kernel_size[1] * a.kernel_size[2] * x.features // a.groups) ^ -0.5
    return { kernel_initializer = drawn("uniform", -k, k), bias_initializer = drawn("uniform", -k, k) }
  end,
  over      = "sample",
  input     = "image",
  shape     = function(a, x)
    local count = window(x.shape, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    return { count[1], count[2], a.filters }
  end,
  weights   = function(a, x)
    if x.features % a.groups ~= 0 or a.filters % a.groups ~= 0 then
      error("groups must divide " .. x.features .. " channels and " .. a.filters .. " filters", 0)
    end
    return { kernel = weight({ a.kernel_size[1], a.kernel_size[2], x.features // a.groups, a.filters },
                             a.kernel_initializer, a.kernel_regularizer, a.kernel_constraint),
             bias   = a.use_bias and weight({ a.filters }, a.bias_initializer, a.bias_regularizer, a.bias_constraint) }
  end,
  call      = function(a, w, x)
    local u, v, i, j, c, f = axes "u v i j c f"
    local count, before, after = window(x.shape, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    local padded = pad(x, 1, before, after)
    local channels, filter = c, f
    if a.groups > 1 then
      local g = axis("g", a.groups)
      channels = x.features // a.groups * g + c
      filter   = a.filters // a.groups * g + axis("f", a.filters // a.groups)
    end
    local row, column = a.strides[1] * u + a.dilation_rate[1] * i, a.strides[2] * v + a.dilation_rate[2] * j
    local z = tensor{ count[1], count[2], a.filters }
    local sum = w.kernel[{ i, j, c, filter }] * padded[{ row, column, channels }]
    z[{ u, v, filter }] = w.bias and w.bias[{ filter }] + sum or sum
    local y = a.activation(z)
    return y
  end,
}
