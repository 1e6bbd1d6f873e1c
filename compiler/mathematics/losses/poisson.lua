-- poisson.lua: keras.losses.Poisson: p - y log(p + 1e-7): of predictions that are rates, above zero.
return loss "poisson" {
  in_pytorch = "PoissonNLLLoss",
  class = "Poisson", positive = true,
  call = function(a, y, p)
    local l = mean(p - y * log(p + 1e-7))
    return l
  end,
}
