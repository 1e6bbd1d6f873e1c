-- layer_norm_gru.lua: a GRU whose products are normalised over their features, those of both gates together, those of
-- the candidate by themselves:  z, r = sigmoid(norm(x W) + norm(h U) + b),  n = tanh(norm(x W) + r norm(h U) + b),
-- h' = z h + (1 - z) n.  Ba, Kiros & Hinton 2016, whose z is 1 - z here, as in Keras; biases are those of Keras.
return recurrent "LayerNormGRU" {
  keras = false,
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "kernel_constraint", "constraint", false },
                { "recurrent_constraint", "constraint", false }, { "bias_constraint", "constraint", false },
                { "dropout", "fraction", 0 }, { "recurrent_dropout", "fraction", 0 },
                { "norm_gamma_initializer", "initializer", "ones" },
                { "norm_beta_initializer", "initializer", "zeros" }, { "norm_epsilon", "positive", 0.001 } },
  state     = { "h" },
  layers    = function(a)
    local function norm()
      return LayerNormalization{ epsilon = a.norm_epsilon, gamma_initializer = a.norm_gamma_initializer,
                                 beta_initializer = a.norm_beta_initializer }
    end
    return { kernel_norm = norm(), recurrent_norm = norm(), candidate_kernel_norm = norm(),
             candidate_recurrent_norm = norm() }
  end,
  weights   = function(a, x)
    return { kernel           = weight({ x.features, 3 * a.units }, a.kernel_initializer,
                                       a.kernel_regularizer, a.kernel_constraint),
             recurrent_kernel = weight({ a.units, 3 * a.units }, a.recurrent_initializer,
                                       a.recurrent_regularizer, a.recurrent_constraint),
             bias             = a.use_bias and weight({ 3 * a.units }, a.bias_initializer,
                                                      a.bias_regularizer, a.bias_constraint) }
  end,
  step      = function(a, w, x, s)
    local b_z, b_r, b_h = 0, 0, 0
    if w.bias then b_z, b_r, b_h = gates(w.bias, 3) end
    local p = affine(dropped(x, a.dropout), w.kernel)
    local q = affine(dropped(s.h, a.recurrent_dropout), w.recurrent_kernel)
    local p_z, p_r, p_h = gates(p, 3)
    local q_z, q_r, q_h = gates(q, 3)
    local both = w.kernel_norm(concatenate{ p_z, p_r }) + w.recurrent_norm(concatenate{ q_z, q_r })
    local m_z, m_r = gates(both, 2)
    local z = a.recurrent_activation(m_z + b_z)
    local r = a.recurrent_activation(m_r + b_r)
    local candidate = a.activation(w.candidate_kernel_norm(p_h) + r * w.candidate_recurrent_norm(q_h) + b_h)
    return { h = z * s.h + (1 - z) * candidate }
  end,
}
