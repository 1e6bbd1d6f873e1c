-- depthwise_conv1d.lua: keras.layers.DepthwiseConv1D: a convolution of each channel alone, depth_multiplier of them.
local function multiplied(a, x) return x.features * a.depth_multiplier end

return layer "DepthwiseConv1D" {
  in_pytorch = "Conv1d(groups)", in_onnx = "Conv(group)",
  arguments = { { "kernel_size", "size_1d" }, { "strides", "size_1d", 1 }, { "padding", { "valid", "same" }, "valid" },
                { "depth_multiplier", "size", 1 }, { "data_format", { "channels_last" }, "channels_last" },
                { "dilation_rate", "size_1d", 1 }, { "activation", "activation", "linear" },
                { "use_bias", "boolean", true }, { "depthwise_initializer", "initializer", "glorot_uniform" },
                { "bias_initializer", "initializer", "zeros" },
                { "depthwise_regularizer", "regularizer", false }, { "bias_regularizer", "regularizer", false },
                { "activity_regularizer", "regularizer", false },
                { "depthwise_constraint", "constraint", false }, { "bias_constraint", "constraint", false } },
  pytorch_defaults = function(a, x)
    local k = a.kernel_size ^ -0.5
    return { depthwise_initializer = drawn("uniform", -k, k), bias_initializer = drawn("uniform", -k, k) }
  end,
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x)
    local count = window(x.timesteps, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    return { count, multiplied(a, x) }
  end,
  weights   = function(a, x)
    return { kernel = weight({ a.kernel_size, x.features, a.depth_multiplier }, a.depthwise_initializer,
                             a.depthwise_regularizer, a.depthwise_constraint),
             bias   = a.use_bias and weight({ multiplied(a, x) }, a.bias_initializer,
                                            a.bias_regularizer, a.bias_constraint) }
  end,
  call      = function(a, w, x)
    local t, k, c, d = axes "t k c d"
    local count, padded = slide(x, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    local z = tensor{ count, multiplied(a, x) }
    local filter = a.depth_multiplier * c + d
    local sum = w.kernel[{ k, c, d }] * padded[{ a.strides * t + a.dilation_rate * k, c }]
    z[{ t, filter }] = w.bias and w.bias[{ filter }] + sum or sum
    local y = a.activation(z)
    return y
  end,
}
