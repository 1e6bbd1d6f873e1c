activation "narrowed" { call = function(x) return sum(x) end }
return Sequential{ Input{3}, Dense{4, activation = "narrowed"}, loss = "mse" }

-- expect: 1: Dense: activation "narrowed": call must return a value of the shape of x, {4}, not of shape {}
