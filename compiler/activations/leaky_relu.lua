-- leaky_relu.lua: y = x, or 0.2 x below zero (the slope of Keras's function).
return activation "leaky_relu" { call = function(x) return max(x, 0) + 0.2 * min(x, 0) end }
