-- exponential.lua: y = exp(x).
return activation "exponential" { positive = true, call = function(x) return exp(x) end }
