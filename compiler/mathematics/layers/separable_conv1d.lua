-- separable_conv1d.lua: keras.layers.SeparableConv1D: a convolution of each channel alone, depth_multiplier of them,
-- and then of all of them at each step.  Chollet 2017.
return layer "SeparableConv1D" {
  in_pytorch = "two Conv1d", in_onnx = "two Conv",
  aliases   = { "SeparableConvolution1D" },
  arguments = { { "filters", "size" }, { "kernel_size", "size_1d" }, { "strides", "size_1d", 1 },
                { "padding", { "valid", "same", "causal" }, "valid" },
                { "data_format", { "channels_last" }, "channels_last" }, { "dilation_rate", "size_1d", 1 },
                { "depth_multiplier", "size", 1 }, { "activation", "activation", "linear" },
                { "use_bias", "boolean", true }, { "depthwise_initializer", "initializer", "glorot_uniform" },
                { "pointwise_initializer", "initializer", "glorot_uniform" },
                { "bias_initializer", "initializer", "zeros" },
                { "depthwise_regularizer", "regularizer", false }, { "pointwise_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "regularizer", false },
                { "depthwise_constraint", "constraint", false }, { "pointwise_constraint", "constraint", false },
                { "bias_constraint", "constraint", false } },
  pytorch_defaults = function(a, x)           -- two convolutions there, one behind the other
    local k, each = (x.features * a.depth_multiplier) ^ -0.5, a.kernel_size ^ -0.5
    return { depthwise_initializer = drawn("uniform", -each, each), pointwise_initializer = drawn("uniform", -k, k),
             bias_initializer = drawn("uniform", -k, k) }
  end,
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x)
    local count = window(x.timesteps, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    return { count, a.filters }
  end,
  weights   = function(a, x)
    return { depthwise_kernel = weight({ a.kernel_size, x.features, a.depth_multiplier }, a.depthwise_initializer,
                                       a.depthwise_regularizer, a.depthwise_constraint),
             pointwise_kernel = weight({ 1, x.features * a.depth_multiplier, a.filters }, a.pointwise_initializer,
                                       a.pointwise_regularizer, a.pointwise_constraint),
             bias             = a.use_bias and weight({ a.filters }, a.bias_initializer,
                                                      a.bias_regularizer, a.bias_constraint) }
  end,
  call      = function(a, w, x)
    local t, k, c, d, m, f = axes "t k c d m f"
    local count, padded = slide(x, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    local depthwise, z = tensor{ count, x.features * a.depth_multiplier }, tensor{ count, a.filters }
    depthwise[{ t, a.depth_multiplier * c + d }] =
      w.depthwise_kernel[{ k, c, d }] * padded[{ a.strides * t + a.dilation_rate * k, c }]
    local sum = w.pointwise_kernel[{ 0, m, f }] * depthwise[{ t, m }]
    z[{ t, f }] = w.bias and w.bias[{ f }] + sum or sum
    local y = a.activation(z)
    return y
  end,
}
