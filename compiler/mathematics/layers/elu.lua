-- elu.lua: keras.layers.ELU: x, below zero alpha (exp(x) - 1).  Clevert, Unterthiner & Hochreiter 2015.
return layer "ELU" {
  in_pytorch = "ELU", in_onnx = "Elu",
  arguments = { { "alpha", "number", 1 } },
  call      = function(a, w, x)
    local y = max(x, 0) + a.alpha * expm1(min(x, 0))
    return y
  end,
}
