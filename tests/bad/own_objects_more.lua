loss "mse" { call = function(a, y, p) return mean(p - y) end }
metric "m1" { call = function(y, p) return mean(p - y) end, class = "M1" }
metric "accuracy" { call = function(y, p) return mean(p - y) end }
metric "m3" { }
initializer "i1" { class = "I1" }
initializer "zeros" { value = function(a) return "ones" end }
initializer "i3" { value = function(a) return "onse" end }
activation("twice") { call = function(x) return x end }
activation("twice") { call = function(x) return x end }
return Sequential{ Input{10, 3}, LSTM{4, kernel_initializer = "i1"},
  Dense{1, kernel_initializer = "i3"}, loss = "l8", metrics = {"m1", "m3", "m4"} }

-- expect: 1: loss "mse": there is one of that name already
-- expect: 2: metric "m1": "class" has no place in it
-- expect: 3: metric "accuracy": there is one of that name already
-- expect: 4: metric "m3": needs call = function(y, p)
-- expect: 5: initializer "i1": needs value = function(a)
-- expect: 6: initializer "zeros": there is one of that name already
-- expect: 7: initializer "i3": unknown initializer "onse" (did you mean "ones"?)
-- expect: 9: activation "twice": there is one of that name already
-- expect: 10: Sequential: unknown metric "m4"
-- expect: 10: Sequential: unknown loss "l8"
