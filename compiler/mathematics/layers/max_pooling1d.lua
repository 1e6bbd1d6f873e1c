-- max_pooling1d.lua: keras.layers.MaxPooling1D: of each window of steps the largest, feature by feature. What stands
-- around the sequence is never the largest.
return layer "MaxPooling1D" {
  in_pytorch = "MaxPool1d", in_onnx = "MaxPool",
  aliases   = { "MaxPool1D" },
  arguments = { { "pool_size", "size_1d", 2 }, { "strides", "size_1d", false },
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
    local count, padded = slide(x, a.pool_size, strides, 1, a.padding, -math.huge)
    local y = tensor{ count, x.features }
    y[{ t, c }] = largest(padded[{ strides * t + axis("k", a.pool_size), c }])
    return y
  end,
}
