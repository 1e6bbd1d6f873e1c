-- gru.lua: keras.layers.GRU.  Cho et al. 2014; reset_after: the form of cuDNN, the reset gate behind the recurrent
-- product.
return recurrent "GRU" {
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "later", false },
                { "kernel_constraint", "later", false }, { "recurrent_constraint", "later", false },
                { "bias_constraint", "later", false },
                { "dropout", "later", 0 }, { "recurrent_dropout", "later", 0 }, { "seed", "later", false },
                { "return_sequences", "boolean", false }, { "return_state", "later", false },
                { "go_backwards", "boolean", false }, { "stateful", "later", false },
                { "unroll", "without_effect", false }, { "reset_after", "boolean", true } },
  state     = { "h" },
  weights   = function(a, x)
    local bias_shape = a.reset_after and { 2, 3 * a.units } or { 3 * a.units }
    return { kernel           = weight({ x.features, 3 * a.units }, a.kernel_initializer, a.kernel_regularizer),
             recurrent_kernel = weight({ a.units, 3 * a.units }, a.recurrent_initializer, a.recurrent_regularizer),
             bias             = a.use_bias and weight(bias_shape, a.bias_initializer, a.bias_regularizer) }
  end,
  step      = function(a, w, x, s)
    local input_bias = w.bias and (a.reset_after and row(w.bias, 0) or w.bias)
    local p = affine(x, w.kernel, input_bias)
    local p_z, p_r, p_h = gates(p, 3)
    local q, m, z, r, candidate
    if a.reset_after then
      q = affine(s.h, w.recurrent_kernel, w.bias and row(w.bias, 1))
      local q_z, q_r, q_h = gates(q, 3)
      z = a.recurrent_activation(p_z + q_z)
      r = a.recurrent_activation(p_r + q_r)
      candidate = a.activation(p_h + r * q_h)
    else
      local U_z, U_r, U_h = gates(w.recurrent_kernel, 3)
      z = a.recurrent_activation(p_z + affine(s.h, U_z))
      r = a.recurrent_activation(p_r + affine(s.h, U_r))
      m = r * s.h
      candidate = a.activation(p_h + affine(m, U_h))
    end
    return { h = z * s.h + (1 - z) * candidate }
  end,
}
