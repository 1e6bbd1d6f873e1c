local Cell = recurrent "Cell" {
  arguments = { { "units", "size" } },
  state = { "h" },
  weights = function(a, x)
    return { kernel = weight{ x.features, 2 * a.units } }
  end,
  step = function(a, w, x, s)
    local z = affine(s.h, w.kernel)
    return { h = affine(x, w.kernel) * affine(s.h, affine) }
  end,
}
return Sequential{ Input{10, 3}, Cell{3}, Dense{1}, loss = "mse" }

-- expect: 9: Cell: affine takes x, a kernel and perhaps a bias
