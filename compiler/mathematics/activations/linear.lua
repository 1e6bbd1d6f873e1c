-- linear.lua: y = x.
return activation "linear" {
  pytorch = "Identity", onnx = "Identity",
  call = function(x) return x end,
}
