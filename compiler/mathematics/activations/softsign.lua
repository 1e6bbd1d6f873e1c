-- softsign.lua: y = x / (1 + |x|). Its derivative is written beside it: from the quotient 1 - |y| would follow, which
-- has no digits for large x.
return activation "softsign" {
  in_pytorch = "Softsign", in_onnx = "Softsign",
  call = function(x)
    local r = 1 / (1 + abs(x))
    local y = stop(x * r) + (x - stop(x)) * stop(r * r)
    return y
  end,
}
