local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight({ x.features, 2 }, "glorot_unifrom") }
  end,
  step = function(a, w, x, s)
    return { h = s.h }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 5: Cell: weight: unknown initializer "glorot_unifrom" (did you mean "glorot_uniform"?)
