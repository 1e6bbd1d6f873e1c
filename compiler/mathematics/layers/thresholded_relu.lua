-- thresholded_relu.lua: keras.layers.ThresholdedReLU of Keras 2: x where it is larger than theta, else 0.
return layer "ThresholdedReLU" {
  in_pytorch = "Threshold", in_onnx = "ThresholdedRelu",
  arguments = { { "theta", "not_negative", 1 } },
  call      = function(a, w, x)
    local y = keep(greater(x, a.theta), x)
    return y
  end,
}
