local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local n = axes "n"
    local z = tensor{ a.units }
    z[{ n }] = s.h[{ n }]
    z[{ n }] = s.h[{ n }]
    return { h = z }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 11: Cell: this value is defined already
