-- tanh.lua
return activation "tanh" {
  pytorch = "Tanh", onnx = "Tanh",
  call = function(x) return tanh(x) end,
}
