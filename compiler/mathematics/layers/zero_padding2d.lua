-- zero_padding2d.lua: keras.layers.ZeroPadding2D: zeros around an image.
return layer "ZeroPadding2D" {
  in_pytorch = "ZeroPad2d", in_onnx = "Pad",
  arguments = { { "padding", "border_2d", 1 }, { "data_format", { "channels_last" }, "channels_last" } },
  over      = "sample",
  input     = "image",
  shape     = function(a, x)
    local rows, columns = a.padding[1], a.padding[2]
    return { rows[1] + x.shape[1] + rows[2], columns[1] + x.shape[2] + columns[2], x.features }
  end,
  call      = function(a, w, x)
    local rows, columns = a.padding[1], a.padding[2]
    return pad(x, 1, { rows[1], columns[1] }, { rows[2], columns[2] })
  end,
}
