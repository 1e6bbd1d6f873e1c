-- zero_padding1d.lua: keras.layers.ZeroPadding1D: zeros in front of a sequence and behind it.
return layer "ZeroPadding1D" {
  in_pytorch = "ConstantPad1d", in_onnx = "Pad",
  arguments = { { "padding", "border_1d", 1 }, { "data_format", { "channels_last" }, "channels_last" } },
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x) return { a.padding[1] + x.timesteps + a.padding[2], x.features } end,
  call      = function(a, w, x)
    return pad(x, 1, a.padding[1], a.padding[2])
  end,
}
