-- mae.lua: keras.losses.MeanAbsoluteError.
return loss "mae" {
  in_pytorch = "L1Loss",
  class = "MeanAbsoluteError",
  aliases = { "mean_absolute_error" },
  call = function(a, y, p) return mean(abs(p - y)) end,
}
