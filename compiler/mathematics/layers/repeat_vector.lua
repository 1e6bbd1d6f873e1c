-- repeat_vector.lua: keras.layers.RepeatVector: the same vector at each of n time steps.
return layer "RepeatVector" {
  in_pytorch = "repeat", in_onnx = "Tile",
  arguments = { { "n", "size" } },
  over      = "sample",
  input     = "vector",
  shape     = function(a, x) return { a.n, x.features } end,
  call      = function(a, w, x)
    local t, k = axes "t k"
    local y = tensor{ a.n, x.features }
    y[{ t, k }] = x[{ k }]
    return y
  end,
}
