-- conv1d_transpose.lua: keras.layers.Conv1DTranspose: what a convolution does to gradients: step t of x spreads over
-- the places strides t + dilation_rate k of y, weighed by the kernel. Written as a convolution with the kernel turned
-- round, over x with strides - 1 zeros between its steps.
local function reach(a) return (a.kernel_size - 1) * a.dilation_rate + 1 end

local function places(a, x)             -- how many there are, and how many of them are cut off in front
  local more = math.max(reach(a) - a.strides, 0)
  if a.padding == "same" then return x.timesteps * a.strides, more // 2 end
  return x.timesteps * a.strides + more, 0
end

return layer "Conv1DTranspose" {
  in_pytorch = "ConvTranspose1d", in_onnx = "ConvTranspose",
  aliases   = { "Convolution1DTranspose" },
  arguments = { { "filters", "size" }, { "kernel_size", "size_1d" }, { "strides", "size_1d", 1 },
                { "padding", { "valid", "same" }, "valid" }, { "output_padding", "later", false },
                { "data_format", { "channels_last" }, "channels_last" }, { "dilation_rate", "size_1d", 1 },
                { "activation", "activation", "linear" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "bias_regularizer", "regularizer", false },
                { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "bias_constraint", "constraint", false } },
  pytorch_defaults = function(a, x)
    local k = (a.kernel_size * a.filters) ^ -0.5
    return { kernel_initializer = drawn("uniform", -k, k), bias_initializer = drawn("uniform", -k, k) }
  end,
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x)
    local count = places(a, x)
    return { count, a.filters }
  end,
  weights   = function(a, x)
    return { kernel = weight({ a.kernel_size, a.filters, x.features }, a.kernel_initializer,
                             a.kernel_regularizer, a.kernel_constraint),
             bias   = a.use_bias and weight({ a.filters }, a.bias_initializer, a.bias_regularizer, a.bias_constraint) }
  end,
  call      = function(a, w, x)
    local t, k, c, f, i = axes "t k c f i"
    local count, cut = places(a, x)
    local spread, length = x, a.strides * x.timesteps
    if a.strides > 1 then
      local steps, j = tensor{ x.timesteps, 1, x.features }, axis("j", a.strides)
      steps[{ t, axis("one", 1), c }] = x[{ t, c }]
      local apart = pad(steps, 2, 0, a.strides - 1)
      spread = tensor{ length, x.features }
      spread[{ a.strides * t + j, c }] = apart[{ t, j, c }]
    end
    local padded = pad(spread, 1, reach(a) - 1, count + cut - length)
    local z = tensor{ count, a.filters }
    local sum = w.kernel[{ k, f, c }] * padded[{ i + cut + reach(a) - 1 - a.dilation_rate * k, c }]
    z[{ i, f }] = w.bias and w.bias[{ f }] + sum or sum
    local y = a.activation(z)
    return y
  end,
}
