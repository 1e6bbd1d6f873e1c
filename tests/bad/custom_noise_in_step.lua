local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  step = function(a, w, x, s)
    return { h = tanh(s.h) * noise(0.5) }
  end,
}
return Sequential{ Input{10, 3}, Dropout{0.4}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 5: Cell: noise belongs into the call of a layer
