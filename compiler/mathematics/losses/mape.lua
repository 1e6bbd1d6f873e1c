-- mape.lua: keras.losses.MeanAbsolutePercentageError: of the target, which counts as 1e-7 at least.
return loss "mape" {
  class = "MeanAbsolutePercentageError", aliases = { "mean_absolute_percentage_error" },
  call = function(a, y, p)
    local e = abs((p - y) / max(abs(y), 1e-7))
    local l = 100 * mean(e)
    return l
  end,
}
