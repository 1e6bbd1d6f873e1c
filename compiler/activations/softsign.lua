-- softsign.lua: y = x / (1 + |x|).
return activation "softsign" { call = function(x) return x / (1 + abs(x)) end }
