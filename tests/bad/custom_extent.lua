local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local n, m = axes "n m"
    local z = tensor{ a.units }
    z[{ n }] = w.kernel[{ 2 * m, n + a.units }]
    return { h = z }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 11: Cell: cannot tell the extent of axis m: it never stands alone as an index
