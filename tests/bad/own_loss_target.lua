loss "few" { target_shape = function(a, shape) return { 2, 1 } end, call = function(a, y, p) return mean(p) - mean(y) end }
return Sequential{ Input{5, 3}, Dense{4}, loss = "few" }

-- expect: 1: loss "few": target_shape gives {2, 1}, but each step of the output {5, 4} has a target (over = "sample" sees them all)
