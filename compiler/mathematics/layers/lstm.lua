-- lstm.lua: keras.layers.LSTM.  Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000.
return recurrent "LSTM" {
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" }, { "unit_forget_bias", "boolean", true } },
  state     = { "h", "c" },
  weights   = function(a, x)
    local bias_initializer = a.bias_initializer
    if a.unit_forget_bias then bias_initializer = with_ones(bias_initializer, a.units, 2 * a.units) end
    return { kernel           = weight({ x.features, 4 * a.units }, a.kernel_initializer, a.kernel_regularizer),
             recurrent_kernel = weight({ a.units, 4 * a.units }, a.recurrent_initializer, a.recurrent_regularizer),
             bias             = a.use_bias and weight({ 4 * a.units }, bias_initializer, a.bias_regularizer) }
  end,
  step      = function(a, w, x, s)
    local z = affine(x, w.kernel, w.bias) + affine(s.h, w.recurrent_kernel)
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
