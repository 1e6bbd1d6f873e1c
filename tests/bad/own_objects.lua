activation "a1" { call = 3 }
activation "tanh" { call = function(x) return x end }
activation "9a" { call = function(x) return x end }
local a4 = activation "a4" { cal = function(x) return x end, call = function(x) return x end }
loss "l1" { class = "L1Loss" }
loss "l2" { class = "Adam", call = function(a, y, p) return mean(p - y) end }
loss "l3" { class = "4", call = function(a, y, p) return mean(p - y) end }
loss "l4" { over = "step", call = function(a, y, p) return mean(p - y) end }
loss "l5" { target = "classes", call = function(a, y, p) return mean(p - y) end }
loss "l6" { target_shape = { 3 }, call = function(a, y, p) return mean(p - y) end }
loss "l7" { arguments = { { "gamma", "numbr" } }, call = function(a, y, p) return mean(p - y) end }
return Sequential{ Input{10, 3}, LSTM{4, activation = "a1", recurrent_activation = a4}, Dense{1, activation = "a5"},
  loss = "l1", metrics = {"m4"} }

-- expect: 1: activation "a1": needs call = function(x)
-- expect: 2: activation "tanh": there is one of that name already
-- expect: 3: activation "9a": a name is letters, digits and _, and starts with a letter
-- expect: 4: activation "a4": "cal" has no place in it (did you mean "call"?)
-- expect: 5: loss "l1": needs call = function(a, y, p)
-- expect: 6: loss "l2": class "Adam" is there already
-- expect: 7: loss "l3": class must be letters, digits and _, and start with a letter, not "4"
-- expect: 8: loss "l4": over must be "sample", not "step"
-- expect: 9: loss "l5": target must be "class", not "classes"
-- expect: 10: loss "l6": target_shape must be a function(a, shape), not a table
-- expect: 11: loss "l7": argument "gamma" has the unknown type "numbr" (did you mean "number"?); there are: activation, axes, axes_of_two, axis, batch_shape, boolean, border_1d, border_2d, constraint, count, decay, distribution, fan_mode, fraction, initializer, not_negative, number, numbers_1d, positive, rate, regularizer, seed, shape, size, size_1d, size_2d, target_shape, text
-- expect: 12: Dense: unknown activation "a5"
-- expect: 12: Sequential: unknown metric "m4"
