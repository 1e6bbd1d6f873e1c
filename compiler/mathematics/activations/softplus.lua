-- softplus.lua: y = log(1 + exp(x)).
return activation "softplus" { positive = true, call = function(x) return softplus(x) end }
