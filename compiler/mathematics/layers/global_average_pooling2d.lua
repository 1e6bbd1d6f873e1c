-- global_average_pooling2d.lua: keras.layers.GlobalAveragePooling2D: the mean of a whole image, channel by channel.
return layer "GlobalAveragePooling2D" {
  in_pytorch = "AdaptiveAvgPool2d(1)", in_onnx = "GlobalAveragePool",
  aliases   = { "GlobalAvgPool2D" },
  arguments = { { "data_format", { "channels_last" }, "channels_last" }, { "keepdims", "boolean", false } },
  over      = "sample",
  input     = "image",
  shape     = function(a, x) return a.keepdims and { 1, 1, x.features } or { x.features } end,
  call      = function(a, w, x)
    local u, v, c = axes "u v c"
    local y = a.keepdims and tensor{ 1, 1, x.features } or tensor{ x.features }
    y[a.keepdims and { 0, 0, c } or { c }] = x[{ u, v, c }] * (1 / (x.shape[1] * x.shape[2]))
    return y
  end,
}
