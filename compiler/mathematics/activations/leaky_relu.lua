-- leaky_relu.lua: y = x, or 0.2 x below zero (the slope of Keras's function) and at 0.
return activation "leaky_relu" {
  in_pytorch = "LeakyReLU", in_onnx = "LeakyRelu",
  call = function(x) return max(0.2 * x, x) end,
}
