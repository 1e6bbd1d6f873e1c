-- simple_rnn.lua: keras.layers.SimpleRNN: h' = activation(x kernel + bias + h recurrent_kernel).  Elman 1990.
return recurrent "SimpleRNN" {
  in_pytorch = "RNN", in_onnx = "RNN",
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "recurrent_constraint", "constraint", false },
                { "bias_constraint", "constraint", false },
                { "dropout", "fraction", 0 }, { "recurrent_dropout", "fraction", 0 },
                { "return_sequences", "boolean", false }, { "return_state", "boolean", false },
                { "go_backwards", "boolean", false }, { "stateful", "boolean", false },
                { "unroll", "without_effect", false }, { "seed", "without_effect", false } },
  pytorch_defaults = function(a, x)
    local all = drawn("uniform", -a.units ^ -0.5, a.units ^ -0.5)
    return { kernel_initializer = all, recurrent_initializer = all, bias_initializer = all }
  end,
  state     = { "h" },
  weights   = function(a, x)
    return { kernel           = weight({ x.features, a.units }, a.kernel_initializer,
                                       a.kernel_regularizer, a.kernel_constraint),
             recurrent_kernel = weight({ a.units, a.units }, a.recurrent_initializer,
                                       a.recurrent_regularizer, a.recurrent_constraint),
             bias             = a.use_bias and weight({ a.units }, a.bias_initializer,
                                                      a.bias_regularizer, a.bias_constraint) }
  end,
  step      = function(a, w, x, s)
    local z = affine(dropped(x, a.dropout), w.kernel, w.bias)
            + affine(dropped(s.h, a.recurrent_dropout), w.recurrent_kernel)
    local h = a.activation(z)
    return { h = h }
  end,
}
