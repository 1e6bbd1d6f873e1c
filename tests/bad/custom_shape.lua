local Wide = layer "Wide" {
  shape = function(a, x) return { 5 } end,
  call = function(a, w, x)
    local y = tanh(x)
    return y
  end,
}
return Sequential{ Input{10, 3}, Wide{}, Dense{1}, loss = "mse" }

-- expect: 2: Wide: call returned a value of shape {10, 3}, but shape declares {10, 5}
