local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight({ a.units }, noise(0.5)) }
  end,
  step = function(a, w, x, s)
    return { h = tanh(s.h) * w.kernel }
  end,
}
return Sequential{ Input{10, 3}, Dropout{0.4}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 5: Cell: noise belongs into the call of a layer
