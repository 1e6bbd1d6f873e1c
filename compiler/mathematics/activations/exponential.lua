-- exponential.lua: y = exp(x).
return activation "exponential" {
  in_pytorch = "exp", in_onnx = "Exp",
  positive = true, call = function(x) return exp(x) end,
}
