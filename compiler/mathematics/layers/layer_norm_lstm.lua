-- layer_norm_lstm.lua: an LSTM whose products and cell are normalised over their features: what TensorFlow Addons calls
-- LayerNormLSTMCell: z = norm(x W) + norm(h U) + b,  c = norm(f c + i g),  h = o activation(c).  After Ba, Kiros &
-- Hinton 2016.
return recurrent "LayerNormLSTM" {
  keras = false,
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" }, { "unit_forget_bias", "boolean", true },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "kernel_constraint", "constraint", false },
                { "recurrent_constraint", "constraint", false }, { "bias_constraint", "constraint", false },
                { "dropout", "fraction", 0 }, { "recurrent_dropout", "fraction", 0 },
                { "norm_gamma_initializer", "initializer", "ones" },
                { "norm_beta_initializer", "initializer", "zeros" }, { "norm_epsilon", "positive", 0.001 } },
  state     = { "h", "c" },
  layers    = function(a)
    local function norm()
      return LayerNormalization{ epsilon = a.norm_epsilon, gamma_initializer = a.norm_gamma_initializer,
                                 beta_initializer = a.norm_beta_initializer }
    end
    return { kernel_norm = norm(), recurrent_norm = norm(), state_norm = norm() }
  end,
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
    local p = w.kernel_norm(affine(dropped(x, a.dropout), w.kernel))
    local q = w.recurrent_norm(affine(dropped(s.h, a.recurrent_dropout), w.recurrent_kernel))
    local z = p + q + (w.bias or 0)
    local z_i, z_f, z_g, z_o = gates(z, 4)
    local i = a.recurrent_activation(z_i)
    local f = a.recurrent_activation(z_f)
    local g = a.activation(z_g)
    local o = a.recurrent_activation(z_o)
    local c = w.state_norm(f * s.c + i * g)
    local tanh_c = a.activation(c)
    return { h = o * tanh_c, c = c }
  end,
}
