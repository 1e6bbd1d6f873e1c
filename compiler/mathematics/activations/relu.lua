-- relu.lua: y = max(x, 0); the derivative at 0 is 0.
return activation "relu" {
  in_pytorch = "ReLU", in_onnx = "Relu",
  call = function(x) return max(x, 0) end,
}
