-- relu6.lua: y = min(max(x, 0), 6).
return activation "relu6" {
  in_pytorch = "ReLU6", in_onnx = "Clip",
  call = function(x) return min(max(x, 0), 6) end,
}
