-- conv_lstm2d.lua: keras.layers.ConvLSTM2D: an LSTM over a sequence of images, whose products are convolutions: that of
-- the state keeps its size.  Shi et al. 2015.
return recurrent "ConvLSTM2D" {
  arguments = { { "filters", "size" }, { "kernel_size", "size_2d" }, { "strides", "size_2d", 1 },
                { "padding", { "valid", "same" }, "valid" }, { "data_format", { "channels_last" }, "channels_last" },
                { "dilation_rate", "size_2d", 1 }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" }, { "use_bias", "boolean", true },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" },
                { "bias_initializer", "initializer", "zeros" }, { "unit_forget_bias", "boolean", true },
                { "kernel_regularizer", "regularizer", false }, { "recurrent_regularizer", "regularizer", false },
                { "bias_regularizer", "regularizer", false }, { "activity_regularizer", "regularizer", false },
                { "kernel_constraint", "constraint", false }, { "recurrent_constraint", "constraint", false },
                { "bias_constraint", "constraint", false },
                { "dropout", "fraction", 0 }, { "recurrent_dropout", "fraction", 0 } },
  input     = "images",
  state     = { "h", "c" },
  state_shapes = function(a, x)
    local count = window(x.shape, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    local shape = { count[1], count[2], a.filters }
    return { h = shape, c = shape }
  end,
  weights   = function(a, x)
    local rows, columns, bias_initializer = a.kernel_size[1], a.kernel_size[2], a.bias_initializer
    if a.unit_forget_bias then bias_initializer = with_ones(bias_initializer, a.filters, 2 * a.filters) end
    return { kernel           = weight({ rows, columns, x.features, 4 * a.filters }, a.kernel_initializer,
                                       a.kernel_regularizer, a.kernel_constraint),
             recurrent_kernel = weight({ rows, columns, a.filters, 4 * a.filters }, a.recurrent_initializer,
                                       a.recurrent_regularizer, a.recurrent_constraint),
             bias             = a.use_bias and weight({ 4 * a.filters }, bias_initializer, a.bias_regularizer,
                                                      a.bias_constraint) }
  end,
  step      = function(a, w, x, s)
    local u, v, gate, filter = axes "u v g f"
    local count, before, after = window(x.shape, a.kernel_size, a.strides, a.dilation_rate, a.padding)
    local _, above, below = window(count, a.kernel_size, { 1, 1 }, { 1, 1 }, "same")
    -- What each gate reads, with its border: the same, or what its own draw has left of it.
    local function bordered(value, rate, before, after)
      local kept = dropped(value, rate, rate > 0 and 4)         -- Keras draws for each gate
      return pad(kept, #kept.shape - 2, before, after)
    end
    local function read(value, index) return value[#value.shape == 4 and { gate, table.unpack(index) } or index] end
    local padded_x = bordered(x, a.dropout, before, after)
    local padded_h = bordered(s.h, a.recurrent_dropout, above, below)
    local row, column, channel = axes "i j c"
    local of_x = read(padded_x, { a.strides[1] * u + a.dilation_rate[1] * row,
                                  a.strides[2] * v + a.dilation_rate[2] * column, channel })
    local lower, further, unit = axes "k l m"
    local of_h = read(padded_h, { u + lower, v + further, unit })
    local of_gate = a.filters * gate + filter
    local sum = w.kernel[{ row, column, channel, of_gate }] * of_x
              + w.recurrent_kernel[{ lower, further, unit, of_gate }] * of_h
    local z = tensor{ count[1], count[2], 4, a.filters }
    z[{ u, v, gate, filter }] = w.bias and w.bias[{ of_gate }] + sum or sum
    local function z_of(n)
      local part = tensor{ count[1], count[2], a.filters }
      part[{ u, v, filter }] = z[{ u, v, n, filter }]
      return part
    end
    local i = a.recurrent_activation(z_of(0))
    local f = a.recurrent_activation(z_of(1))
    local g = a.activation(z_of(2))
    local o = a.recurrent_activation(z_of(3))
    local c = f * s.c + i * g
    local tanh_c = a.activation(c)
    return { h = o * tanh_c, c = c }
  end,
}
