-- selu.lua: 1.0507 elu with alpha 1.6733.  Klambauer et al. 2017.
return activation "selu" {
  call = function(x)
    local e = exp(min(x, 0))
    local y = 1.05070098735548049342 * (max(x, 0) + 1.67326324235437728481 * (e - 1))
    return y
  end,
}
