-- cropping2d.lua: keras.layers.Cropping2D: an image without so many rows above and below, columns left and right.
return layer "Cropping2D" {
  in_pytorch = "slices", in_onnx = "Slice",
  arguments = { { "cropping", "border_2d", 0 }, { "data_format", { "channels_last" }, "channels_last" } },
  over      = "sample",
  input     = "image",
  shape     = function(a, x)
    local rows, columns = a.cropping[1], a.cropping[2]
    if rows[1] + rows[2] >= x.shape[1] or columns[1] + columns[2] >= x.shape[2] then
      error("of " .. x.shape[1] .. " rows and " .. x.shape[2] .. " columns nothing is left", 0)
    end
    return { x.shape[1] - rows[1] - rows[2], x.shape[2] - columns[1] - columns[2], x.features }
  end,
  call      = function(a, w, x)
    local rows, columns = a.cropping[1], a.cropping[2]
    local y = crop(x, 1, { rows[1], columns[1] }, { rows[2], columns[2] })
    return y
  end,
}
