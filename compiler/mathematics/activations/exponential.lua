-- exponential.lua: y = exp(x).
return activation "exponential" {
  pytorch = "exp", onnx = "Exp",
  positive = true, call = function(x) return exp(x) end,
}
