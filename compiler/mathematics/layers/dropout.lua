-- dropout.lua: keras.layers.Dropout: in training an element survives with probability 1 - rate and grows by
-- 1 / (1 - rate).  Srivastava et al. 2014.
return layer "Dropout" {
  in_pytorch = "Dropout", in_onnx = "Dropout",
  arguments = { { "rate", "rate" }, { "noise_shape", "later", false }, { "seed", "later", false } },
  call      = function(a, w, x)
    local y = x * noise(a.rate)
    return y
  end,
}
