-- average_pooling1d.lua: keras.layers.AveragePooling1D: of each window of steps the mean, feature by feature, over
-- those that are inside of the sequence.
return layer "AveragePooling1D" {
  in_pytorch = "AvgPool1d", in_onnx = "AveragePool",
  aliases   = { "AvgPool1D" },
  arguments = { { "pool_size", "size_1d" }, { "strides", "size_1d", false },
                { "padding", { "valid", "same" }, "valid" },
                { "data_format", { "channels_last" }, "channels_last" } },
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x)
    local count = window(x.timesteps, a.pool_size, a.strides or a.pool_size, 1, a.padding)
    return { count, x.features }
  end,
  call      = function(a, w, x)
    local t, c = axes "t c"
    local strides = a.strides or a.pool_size
    local count, padded = slide(x, a.pool_size, strides, 1, a.padding)
    local _, before, after = window(x.timesteps, a.pool_size, strides, 1, a.padding)
    local total = tensor{ count, x.features }
    total[{ t, c }] = padded[{ strides * t + axis("k", a.pool_size), c }] * 1.0
    if before + after == 0 then return total * (1 / a.pool_size) end
    local first = strides * t - before
    local inside = min(first + a.pool_size, x.timesteps) - max(first, 0)
    local y = tensor{ count, x.features }
    y[{ t, c }] = total[{ t, c }] / inside
    return y
  end,
}
