-- gelu.lua: y = x Phi(x), by the error function.  Hendrycks & Gimpel 2016.
return activation "gelu" {
  call = function(x)
    local e = erf(0.70710678118654752440 * x)
    local y = 0.5 * x * (1 + e)
    return y
  end,
}
