local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    return affine(x, w.kernel)
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 8: Cell: step must return a table with the next state, { h = ... }, not a value
