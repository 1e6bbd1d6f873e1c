initializer "loop" { value = function(a) return "loop" end }
loss "out" { target_shape = function(a, shape) return nil end, call = function(a, y, p) return mean(p) end }
return Sequential{ Input{5, 3}, Dense{4, kernel_initializer="loop"}, loss = "out" }

-- expect: 1: initializer "loop": its value is made of itself
-- expect: 2: loss "out": target_shape must be a table of sizes, not nothing
