-- mse.lua: keras.losses.MeanSquaredError.
return loss "mse" {
  in_pytorch = "MSELoss",
  class = "MeanSquaredError", aliases = { "mean_squared_error" },
  call = function(a, y, p)
    local e = p - y
    local l = mean(e * e)
    return l
  end,
}
