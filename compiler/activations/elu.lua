-- elu.lua: y = x, or exp(x) - 1 below zero.  Clevert, Unterthiner & Hochreiter 2016.
return activation "elu" {
  call = function(x)
    local e = exp(min(x, 0))
    local y = max(x, 0) + (e - 1)
    return y
  end,
}
