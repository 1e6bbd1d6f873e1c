-- max_pooling2d.lua: keras.layers.MaxPooling2D: of each window of an image the largest, channel by channel. What stands
-- around the image is never the largest.
return layer "MaxPooling2D" {
  in_pytorch = "MaxPool2d", in_onnx = "MaxPool",
  aliases   = { "MaxPool2D" },
  arguments = { { "pool_size", "size_2d", 2 }, { "strides", "size_2d", false },
                { "padding", { "valid", "same" }, "valid" },
                { "data_format", { "channels_last" }, "channels_last" } },
  over      = "sample",
  input     = "image",
  shape     = function(a, x)
    local count = window(x.shape, a.pool_size, a.strides or a.pool_size, { 1, 1 }, a.padding)
    return { count[1], count[2], x.features }
  end,
  call      = function(a, w, x)
    local u, v, c = axes "u v c"
    local size, strides = a.pool_size, a.strides or a.pool_size
    local count, before, after = window(x.shape, size, strides, { 1, 1 }, a.padding)
    local padded = pad(x, 1, before, after, -math.huge)
    local y = tensor{ count[1], count[2], x.features }
    y[{ u, v, c }] = largest(padded[{ strides[1] * u + axis("i", size[1]), strides[2] * v + axis("j", size[2]), c }])
    return y
  end,
}
