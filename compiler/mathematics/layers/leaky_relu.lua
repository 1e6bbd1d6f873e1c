-- leaky_relu.lua: keras.layers.LeakyReLU: x, below zero negative_slope x. Keras 2 calls the slope alpha.
return layer "LeakyReLU" {
  in_pytorch = "LeakyReLU", in_onnx = "LeakyRelu",
  arguments = { { "negative_slope", "not_negative", 0.3 }, { "alpha", "not_negative", false } },
  call      = function(a, w, x)
    local slope = a.alpha or a.negative_slope
    local y = slope * x + (1 - slope) * max(x, 0)
    return y
  end,
}
