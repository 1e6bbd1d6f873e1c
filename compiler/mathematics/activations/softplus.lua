-- softplus.lua: y = log(1 + exp(x)).
return activation "softplus" { call = function(x) return softplus(x) end }
