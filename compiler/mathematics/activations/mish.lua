-- mish.lua: y = x tanh(softplus(x)).  Misra 2019.
return activation "mish" {
  in_pytorch = "Mish", in_onnx = "Mish",
  call = function(x)
    local s = softplus(x)
    local t = tanh(s)
    local y = x * t
    return y
  end,
}
