-- gru.lua: keras.layers.GRU.  Cho et al. 2014; reset_after: the form of cuDNN, the reset gate behind the recurrent
-- product.
return recurrent "GRU" {
  in_pytorch = "GRU", in_onnx = "GRU",
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "recurrent_constraint", "constraint", false },
                { "bias_constraint", "constraint", false },
                { "dropout", "fraction", 0 }, { "recurrent_dropout", "fraction", 0 },
                { "seed", "without_effect", false },
                { "return_sequences", "boolean", false }, { "return_state", "boolean", false },
                { "go_backwards", "boolean", false }, { "stateful", "boolean", false },
                { "unroll", "without_effect", false }, { "reset_after", "boolean", true } },
  pytorch_defaults = function(a, x)
    local all = drawn("uniform", -a.units ^ -0.5, a.units ^ -0.5)
    return { kernel_initializer = all, recurrent_initializer = all, bias_initializer = all, reset_after = true }
  end,
  state     = { "h" },
  weights   = function(a, x)
    local bias_shape = a.reset_after and { 2, 3 * a.units } or { 3 * a.units }
    return { kernel           = weight({ x.features, 3 * a.units }, a.kernel_initializer,
                                       a.kernel_regularizer, a.kernel_constraint),
             recurrent_kernel = weight({ a.units, 3 * a.units }, a.recurrent_initializer,
                                       a.recurrent_regularizer, a.recurrent_constraint),
             bias             = a.use_bias and weight(bias_shape, a.bias_initializer,
                                                      a.bias_regularizer, a.bias_constraint) }
  end,
  step      = function(a, w, x, s)
    local input_bias = w.bias and (a.reset_after and row(w.bias, 0) or w.bias)
    local draws = a.recurrent_dropout > 0 and 3          -- then Keras draws for each gate, else once for all of them
    local p = affine(dropped(x, a.dropout, draws), w.kernel, input_bias)
    local p_z, p_r, p_h = gates(p, 3)
    local q, m, z, r, candidate
    if a.reset_after then
      q = affine(dropped(s.h, a.recurrent_dropout, draws), w.recurrent_kernel, w.bias and row(w.bias, 1))
      local q_z, q_r, q_h = gates(q, 3)
      z = a.recurrent_activation(p_z + q_z)
      r = a.recurrent_activation(p_r + q_r)
      candidate = a.activation(p_h + r * q_h)
    else
      local U_z, U_r, U_h = gates(w.recurrent_kernel, 3)
      z = a.recurrent_activation(p_z + affine(dropped(s.h, a.recurrent_dropout), U_z))
      r = a.recurrent_activation(p_r + affine(dropped(s.h, a.recurrent_dropout), U_r))
      m = r * dropped(s.h, a.recurrent_dropout)
      candidate = a.activation(p_h + affine(m, U_h))
    end
    return { h = z * s.h + (1 - z) * candidate }
  end,
}
