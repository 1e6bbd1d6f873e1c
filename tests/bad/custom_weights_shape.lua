local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 0 } }
  end,
  step = function(a, w, x, s)
    return { h = s.h }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 5: Cell: weight: extent 2 must be a whole number between 1 and 16777216, not 0
