loss "last" { over = "sample", target_shape = function(a, shape) return { 2 } end, call = function(a, y, p) return mean(y) end }
metric "each" { call = function(y, p)
  return y end }
return Sequential{ Input{5, 3}, Dense{4}, loss = "last", metrics = {"mse", "each"} }

-- expect: 4: Sequential: metric "mse" does not fit the targets of loss "last", which have a shape of their own (define one: metric "name" { call = function(y, p) ... end })
