-- global_average_pooling1d.lua: keras.layers.GlobalAveragePooling1D: the mean of all steps, feature by feature; with a
-- mask that of the steps that count, zeros where none does. The mask ends here.
return layer "GlobalAveragePooling1D" {
  in_pytorch = "AdaptiveAvgPool1d(1)", in_onnx = "GlobalAveragePool",
  aliases   = { "GlobalAvgPool1D" },
  arguments = { { "data_format", { "channels_last" }, "channels_last" }, { "keepdims", "boolean", false } },
  over      = "sample",
  input     = "sequence",
  mask      = "end",
  shape     = function(a, x) return a.keepdims and { 1, x.features } or { x.features } end,
  call      = function(a, w, x, mask)
    local t, c = axes "t c"
    local place = a.keepdims and { 0, c } or { c }
    local total = a.keepdims and tensor{ 1, x.features } or tensor{ x.features }
    if not mask then
      total[place] = x[{ t, c }] * (1 / x.timesteps)
      return total
    end
    total[place] = keep(mask[{ t }], x[{ t, c }]) * 1.0
    local y = total / max(sum(mask), 1)
    return y
  end,
}
