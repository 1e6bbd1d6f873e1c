-- softplus.lua: y = log(1 + exp(x)).
return activation "softplus" {
  pytorch = "Softplus", onnx = "Softplus",
  positive = true, call = function(x) return softplus(x) end,
}
