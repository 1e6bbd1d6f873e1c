-- gaussian_noise.lua: keras.layers.GaussianNoise: in training x and normal noise of mean 0.
return layer "GaussianNoise" {
  arguments = { { "stddev", "not_negative" }, { "seed", "later", false } },
  call      = function(a, w, x)
    local n = normal_noise(a.stddev)
    if n == 0 then return x end
    local y = x + n
    return y
  end,
}
