local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local n, m = axes "n m"
    local z = tensor{ a.units }
    z[{ n }] = x[{ n + 1 }]
    return { h = z }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 14: Cell: cell.h[t+1,b,n] = x[b,t,n+1]     over b n     in loop t: index 2 of x runs from 1 to 3, but the extent is 3
