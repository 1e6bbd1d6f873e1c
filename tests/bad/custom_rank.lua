local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local n, m = axes "n m"
    local z = tensor{ a.units }
    z[{ n }] = w.kernel[{ n }]
    return { h = z }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 10: Cell: 1 indices for a value of rank 2
