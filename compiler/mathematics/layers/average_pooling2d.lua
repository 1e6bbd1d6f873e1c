-- average_pooling2d.lua: keras.layers.AveragePooling2D: of each window of an image the mean, channel by channel, over
-- what is inside of the image.
return layer "AveragePooling2D" {
  in_pytorch = "AvgPool2d", in_onnx = "AveragePool",
  aliases   = { "AvgPool2D" },
  arguments = { { "pool_size", "size_2d" }, { "strides", "size_2d", false },
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
    local padded = pad(x, 1, before, after)
    local total = tensor{ count[1], count[2], x.features }
    total[{ u, v, c }] =
      padded[{ strides[1] * u + axis("i", size[1]), strides[2] * v + axis("j", size[2]), c }] * 1.0
    if a.padding == "valid" then return total * (1 / (size[1] * size[2])) end
    local function inside(d, position)        -- how many places of the window are
      local first = strides[d] * position - before[d]
      return min(first + size[d], x.shape[d]) - max(first, 0)
    end
    local y = tensor{ count[1], count[2], x.features }
    y[{ u, v, c }] = total[{ u, v, c }] / (inside(1, u) * inside(2, v))
    return y
  end,
}
