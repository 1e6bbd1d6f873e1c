loss "each" { call = function(a, y, p)
  return p - y end }
return Sequential{ Input{3}, Dense{4}, loss = "each" }

-- expect: 2: loss "each": call must return one number for each step, not a value of shape {4}
