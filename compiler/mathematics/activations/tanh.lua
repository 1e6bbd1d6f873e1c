-- tanh.lua
return activation "tanh" { call = function(x) return tanh(x) end }
