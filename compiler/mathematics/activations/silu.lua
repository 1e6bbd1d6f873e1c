-- silu.lua: y = x sigmoid(x).  Hendrycks & Gimpel 2016; "swish": Ramachandran, Zoph & Le 2017.
return activation "silu" {
  in_pytorch = "SiLU", in_onnx = "Swish",
  aliases = { "swish" },
  call = function(x)
    local s = sigmoid(x)
    local y = x * s
    return y
  end,
}
