-- elu.lua: y = x, or exp(x) - 1 below zero: the larger of the two, so that the derivative at 0 is 1.
-- Clevert, Unterthiner & Hochreiter 2016.
return activation "elu" {
  in_pytorch = "ELU", in_onnx = "Elu",
  call = function(x)
    local e = expm1(min(x, 0))
    local y = max(x, e)
    return y
  end,
}
