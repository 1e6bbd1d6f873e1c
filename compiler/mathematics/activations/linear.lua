-- linear.lua: y = x.
return activation "linear" { call = function(x) return x end }
