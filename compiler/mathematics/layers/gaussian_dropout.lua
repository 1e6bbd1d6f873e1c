-- gaussian_dropout.lua: keras.layers.GaussianDropout: in training x times normal noise of mean 1 whose variance is that
-- of a dropout, rate / (1 - rate).  Srivastava et al. 2014.
return layer "GaussianDropout" {
  arguments = { { "rate", "fraction" }, { "seed", "later", false } },
  call      = function(a, w, x)
    local n = normal_noise((a.rate / (1 - a.rate)) ^ 0.5)
    if n == 0 then return x end
    local y = x * (1 + n)
    return y
  end,
}
