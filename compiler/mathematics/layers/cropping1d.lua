-- cropping1d.lua: keras.layers.Cropping1D: a sequence without so many steps in front and behind.
return layer "Cropping1D" {
  in_pytorch = "slices", in_onnx = "Slice",
  arguments = { { "cropping", "border_1d", 1 }, { "data_format", { "channels_last" }, "channels_last" } },
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x)
    local left = x.timesteps - a.cropping[1] - a.cropping[2]
    if left < 1 then error("of " .. x.timesteps .. " steps nothing is left", 0) end
    return { left, x.features }
  end,
  call      = function(a, w, x)
    local y = crop(x, 1, a.cropping[1], a.cropping[2])
    return y
  end,
}
