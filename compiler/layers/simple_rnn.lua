-- simple_rnn.lua: keras.layers.SimpleRNN: h' = activation(x kernel + bias + h recurrent_kernel).  Elman 1990.
return recurrent "SimpleRNN" {
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" }, { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" } },
  state     = { "h" },
  weights   = function(a, x)
    return { kernel           = weight({ x.features, a.units }, a.kernel_initializer, a.kernel_regularizer),
             recurrent_kernel = weight({ a.units, a.units }, a.recurrent_initializer, a.recurrent_regularizer),
             bias             = a.use_bias and weight({ a.units }, a.bias_initializer, a.bias_regularizer) }
  end,
  step      = function(a, w, x, s)
    local z = affine(x, w.kernel, w.bias) + affine(s.h, w.recurrent_kernel)
    local h = a.activation(z)
    return { h = h }
  end,
}
