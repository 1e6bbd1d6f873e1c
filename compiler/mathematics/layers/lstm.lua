-- lstm.lua: keras.layers.LSTM.  Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000.
return recurrent "LSTM" {
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" }, { "unit_forget_bias", "boolean", true },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "recurrent_constraint", "constraint", false },
                { "bias_constraint", "constraint", false },
                { "dropout", "fraction", 0 }, { "recurrent_dropout", "fraction", 0 } },
  state     = { "h", "c" },
  weights   = function(a, x)
    local bias_initializer = a.bias_initializer
    if a.unit_forget_bias then bias_initializer = with_ones(bias_initializer, a.units, 2 * a.units) end
    return { kernel           = weight({ x.features, 4 * a.units }, a.kernel_initializer,
                                       a.kernel_regularizer, a.kernel_constraint),
             recurrent_kernel = weight({ a.units, 4 * a.units }, a.recurrent_initializer,
                                       a.recurrent_regularizer, a.recurrent_constraint),
             bias             = a.use_bias and weight({ 4 * a.units }, bias_initializer,
                                                      a.bias_regularizer, a.bias_constraint) }
  end,
  step      = function(a, w, x, s)
    local draws = a.recurrent_dropout > 0 and 4          -- then Keras draws for each gate, else once for all of them
    local z = affine(dropped(x, a.dropout, draws), w.kernel, w.bias)
            + affine(dropped(s.h, a.recurrent_dropout, draws), w.recurrent_kernel)
    local z_i, z_f, z_g, z_o = gates(z, 4)
    local i = a.recurrent_activation(z_i)
    local f = a.recurrent_activation(z_f)
    local g = a.activation(z_g)
    local o = a.recurrent_activation(z_o)
    local c = f * s.c + i * g
    local tanh_c = a.activation(c)
    return { h = o * tanh_c, c = c }
  end,
}
