-- dense.lua: keras.layers.Dense: y = activation(x kernel + bias), on the last axis of x.
return layer "Dense" {
  in_pytorch = "Linear", in_onnx = "Gemm",
  arguments = { { "units", "size" }, { "activation", "activation", "linear" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "bias_regularizer", "regularizer", false },
                { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "bias_constraint", "constraint", false } },
  pytorch_defaults = function(a, x)
    local all = drawn("uniform", -x.features ^ -0.5, x.features ^ -0.5)
    return { kernel_initializer = all, bias_initializer = all }
  end,
  shape     = function(a, x) return { a.units } end,
  weights   = function(a, x)
    return { kernel = weight({ x.features, a.units }, a.kernel_initializer, a.kernel_regularizer, a.kernel_constraint),
             bias   = a.use_bias and weight({ a.units }, a.bias_initializer, a.bias_regularizer, a.bias_constraint) }
  end,
  call      = function(a, w, x)
    local z = affine(x, w.kernel, w.bias)
    local y = a.activation(z)
    return y
  end,
}
