-- up_sampling1d.lua: keras.layers.UpSampling1D: each step `size` times, one behind the other.
return layer "UpSampling1D" {
  in_pytorch = "Upsample", in_onnx = "Resize",
  arguments = { { "size", "size", 2 } },
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x) return { a.size * x.timesteps, x.features } end,
  call      = function(a, w, x)
    local t, c = axes "t c"
    local y = tensor{ a.size * x.timesteps, x.features }
    y[{ a.size * t + axis("k", a.size), c }] = x[{ t, c }]
    return y
  end,
}
