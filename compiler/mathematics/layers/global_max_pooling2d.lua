-- global_max_pooling2d.lua: keras.layers.GlobalMaxPooling2D: the largest of a whole image, channel by channel.
return layer "GlobalMaxPooling2D" {
  in_pytorch = "AdaptiveMaxPool2d(1)", in_onnx = "GlobalMaxPool",
  aliases   = { "GlobalMaxPool2D" },
  arguments = { { "data_format", { "channels_last" }, "channels_last" }, { "keepdims", "boolean", false } },
  over      = "sample",
  input     = "image",
  shape     = function(a, x) return a.keepdims and { 1, 1, x.features } or { x.features } end,
  call      = function(a, w, x)
    local u, v, c = axes "u v c"
    local y = a.keepdims and tensor{ 1, 1, x.features } or tensor{ x.features }
    y[a.keepdims and { 0, 0, c } or { c }] = largest(x[{ u, v, c }])
    return y
  end,
}
