-- gelu.lua: y = x Phi(x), by the error function: 1 + erf(-5) would have no digits.  Hendrycks & Gimpel 2016.
return activation "gelu" {
  in_pytorch = "GELU", in_onnx = "Gelu",
  call = function(x)
    local e = erfc(-0.70710678118654752440 * x)
    local y = 0.5 * x * e
    return y
  end,
}
