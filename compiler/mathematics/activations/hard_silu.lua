-- hard_silu.lua: y = x hard_sigmoid(x).  Howard et al. 2019.
return activation "hard_silu" {
  in_pytorch = "Hardswish", in_onnx = "HardSwish",
  aliases = { "hard_swish" },
  call = function(x) return x * min(max(x * (1 / 6) + 0.5, 0), 1) end,
}
