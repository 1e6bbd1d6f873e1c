-- hard_sigmoid.lua: y = min(max(x/6 + 0.5, 0), 1), as in Keras 3.
return activation "hard_sigmoid" {
  in_pytorch = "Hardsigmoid", in_onnx = "HardSigmoid",
  call = function(x) return min(max(x * (1 / 6) + 0.5, 0), 1) end,
}
