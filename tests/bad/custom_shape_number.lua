local Wide = layer "Wide" {
  shape = function(a, x)
    return 5
  end,
  call = function(a, w, x) return x end,
}
return Sequential{ Input{10, 3}, Wide{}, Dense{1}, loss = "mse" }

-- expect: 3: Wide: shape must return the sizes of the output: it must be a table of sizes, not 5
