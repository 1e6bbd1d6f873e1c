-- alpha_dropout.lua: keras.layers.AlphaDropout: what is dropped becomes the value that SELU saturates at, and the whole
-- is scaled so that mean and variance stay.  Klambauer et al. 2017.
local SATURATION = -1.6732632423543772 * 1.0507009873554805

return layer "AlphaDropout" {
  in_pytorch = "AlphaDropout",
  arguments = { { "rate", "fraction" }, { "noise_shape", "later", false }, { "seed", "later", false } },
  call      = function(a, w, x)
    local n = noise(a.rate)
    if n == 1 then return x end
    local factor = ((1 - a.rate) * (1 + a.rate * SATURATION * SATURATION)) ^ -0.5
    local kept = min(n, 1)
    local dropped = factor * (keep(kept, x) + SATURATION * (1 - kept - a.rate))
    local off = equal(n, 1)             -- the noise of an evaluation
    local y = keep(off, x) + keep(1 - off, dropped)
    return y
  end,
}
