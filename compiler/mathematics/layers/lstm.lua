-- lstm.lua: keras.layers.LSTM.  Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000.
-- use_peepholes: the gates see the cell, i and f the one before, o the new one (Gers & Schmidhuber 2000; rows i, f, o).
-- cell_clip: the new cell lies between -cell_clip and cell_clip (TensorFlow's LSTMCell).
-- projection: h = (o activation(c)) projection_kernel (Sak, Senior & Beaufays 2014; PyTorch's proj_size).
return recurrent "LSTM" {
  in_pytorch = "LSTM", in_onnx = "LSTM",
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" }, { "unit_forget_bias", "boolean", true },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "recurrent_constraint", "constraint", false },
                { "bias_constraint", "constraint", false },
                { "dropout", "fraction", 0 }, { "recurrent_dropout", "fraction", 0 },
                { "seed", "without_effect", false },
                { "return_sequences", "boolean", false }, { "return_state", "boolean", false },
                { "go_backwards", "boolean", false }, { "stateful", "boolean", false },
                { "unroll", "without_effect", false }, { "zero_output_for_mask", "boolean", false },
                { "use_peepholes", "boolean", false }, { "cell_clip", "positive", false },
                { "projection", "size", false } },
  pytorch_defaults = function(a, x)
    local all = drawn("uniform", -a.units ^ -0.5, a.units ^ -0.5)
    return { kernel_initializer = all, recurrent_initializer = all, bias_initializer = all, unit_forget_bias = false }
  end,
  state     = { "h", "c" },
  state_shapes = function(a, x) return { h = { a.projection or a.units } } end,
  weights   = function(a, x)
    local bias_initializer, width = a.bias_initializer, a.projection or a.units
    if a.unit_forget_bias then bias_initializer = with_ones(bias_initializer, a.units, 2 * a.units) end
    return { kernel            = weight({ x.features, 4 * a.units }, a.kernel_initializer,
                                        a.kernel_regularizer, a.kernel_constraint),
             recurrent_kernel  = weight({ width, 4 * a.units }, a.recurrent_initializer,
                                        a.recurrent_regularizer, a.recurrent_constraint),
             bias              = a.use_bias and weight({ 4 * a.units }, bias_initializer,
                                                       a.bias_regularizer, a.bias_constraint),
             peephole_kernel   = a.use_peepholes and weight({ 3, a.units }, a.kernel_initializer,
                                                            a.kernel_regularizer, a.kernel_constraint),
             projection_kernel = a.projection and weight({ a.units, a.projection }, a.kernel_initializer,
                                                         a.kernel_regularizer, a.kernel_constraint) }
  end,
  step      = function(a, w, x, s)
    local draws = a.recurrent_dropout > 0 and 4          -- then Keras draws for each gate, else once for all of them
    local z = affine(dropped(x, a.dropout, draws), w.kernel, w.bias)
            + affine(dropped(s.h, a.recurrent_dropout, draws), w.recurrent_kernel)
    local z_i, z_f, z_g, z_o = gates(z, 4)
    if a.use_peepholes then
      z_i = z_i + row(w.peephole_kernel, 0) * s.c
      z_f = z_f + row(w.peephole_kernel, 1) * s.c
    end
    local i = a.recurrent_activation(z_i)
    local f = a.recurrent_activation(z_f)
    local g = a.activation(z_g)
    local o = not a.use_peepholes and a.recurrent_activation(z_o)
    local c = f * s.c + i * g
    if a.cell_clip then c = min(max(c, -a.cell_clip), a.cell_clip) end
    if a.use_peepholes then o = a.recurrent_activation(z_o + row(w.peephole_kernel, 2) * c) end
    local tanh_c = a.activation(c)
    local h = o * tanh_c
    if a.projection then h = affine(h, w.projection_kernel) end
    return { h = h, c = c }
  end,
}
