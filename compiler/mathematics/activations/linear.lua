-- linear.lua: y = x.
return activation "linear" {
  in_pytorch = "Identity", in_onnx = "Identity",
  call = function(x) return x end,
}
