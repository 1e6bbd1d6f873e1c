local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local n, m = axes "n m"
    local z = tensor{ a.units }
    z[{ n }] = w.kernel[{ m, n * m }]
    return { h = z }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 10: Cell: an index is affine: axes cannot be multiplied with each other
