-- global_max_pooling1d.lua: keras.layers.GlobalMaxPooling1D: the largest of all steps, feature by feature.
return layer "GlobalMaxPooling1D" {
  in_pytorch = "AdaptiveMaxPool1d(1)", in_onnx = "GlobalMaxPool",
  aliases   = { "GlobalMaxPool1D" },
  arguments = { { "data_format", { "channels_last" }, "channels_last" }, { "keepdims", "boolean", false } },
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x) return a.keepdims and { 1, x.features } or { x.features } end,
  call      = function(a, w, x)
    local t, c = axes "t c"
    local y = a.keepdims and tensor{ 1, x.features } or tensor{ x.features }
    y[a.keepdims and { 0, c } or { c }] = largest(x[{ t, c }])
    return y
  end,
}
