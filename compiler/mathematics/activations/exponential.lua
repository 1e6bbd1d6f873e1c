-- exponential.lua: y = exp(x).
return activation "exponential" { call = function(x) return exp(x) end }
