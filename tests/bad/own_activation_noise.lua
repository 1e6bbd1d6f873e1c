activation "noisy" { call = function(x) return x * noise(0.5) end }
loss "out" { call = function(a, y, p) return p[{ 9 }] end }
return Sequential{ Input{5, 3}, Dense{4, activation = "noisy"}, loss = "out" }

-- expect: 1: Dense: noise belongs into the call of a layer
