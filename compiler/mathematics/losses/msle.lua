-- msle.lua: keras.losses.MeanSquaredLogarithmicError: of log(1 + p) and log(1 + y), both clipped at 1e-7.
return loss "msle" {
  class = "MeanSquaredLogarithmicError", aliases = { "mean_squared_logarithmic_error" },
  call = function(a, y, p)
    local e = log1p(max(p, 1e-7)) - log1p(max(y, 1e-7))
    local l = mean(e * e)
    return l
  end,
}
