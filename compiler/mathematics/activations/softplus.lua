-- softplus.lua: y = log(1 + exp(x)).
return activation "softplus" {
  in_pytorch = "Softplus", in_onnx = "Softplus",
  positive = true, call = function(x) return softplus(x) end,
}
