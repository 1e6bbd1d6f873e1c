local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local h = s.h
    for i = 1, 500 do h = (h + 1) * 0.5 end
    return { h = h }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 13: Cell: an expression has more than 64 operations inside each other: give its parts names (local part = ...)
