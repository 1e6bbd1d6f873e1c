-- sigmoid.lua: y = 1 / (1 + exp(-x)). Its loss is computed on x.
return activation "sigmoid" {
  in_pytorch = "Sigmoid", in_onnx = "Sigmoid",
  logit_form = "binary", positive = true,
  call = function(x) return sigmoid(x) end,
}
