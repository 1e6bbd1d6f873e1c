-- tanh.lua
return activation "tanh" {
  in_pytorch = "Tanh", in_onnx = "Tanh",
  call = function(x) return tanh(x) end,
}
