-- selu.lua: 1.0507 elu with alpha 1.6733; the derivative at 0 is that above.  Klambauer et al. 2017.
return activation "selu" {
  in_pytorch = "SELU", in_onnx = "Selu",
  call = function(x)
    local e = expm1(min(x, 0))
    local y = 1.05070098735548049342 * (max(x, e) + 0.67326324235437728481 * e)
    return y
  end,
}
