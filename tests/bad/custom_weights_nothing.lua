local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return nil, weight
  end,
  step = function(a, w, x, s)
    return { h = s.h }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 5: Cell: weights must return a table of weights, not nothing
