activation "far" { call = function(x)
  local n = axes "n"
  local y = tensor{ x.features }
  y[{ n }] = x[{ n + 1 }] return y end }
metric "each" { call = function(y, p)
  return y end }
return Sequential{ Input{5, 3}, Dense{4, activation = "far"}, loss = "mse", metrics = "each" }

-- expect: 6: metric "each": call must return one number for each step, not a value of shape {4}
