local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local z = tensor{ a.units }
    return { h = z }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 9: Cell: a tensor{...} is used but never defined
