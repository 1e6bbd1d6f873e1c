-- spatial_dropout1d.lua: keras.layers.SpatialDropout1D: Dropout of whole features: one draw for all steps.
return layer "SpatialDropout1D" {
  in_pytorch = "Dropout1d",
  arguments = { { "rate", "rate" }, { "seed", "later", false } },
  over      = "sample",
  input     = "sequence",
  mask      = "pass",
  call      = function(a, w, x)
    local t, c = axes "t c"
    local n = noise(a.rate, { x.features })
    if n == 1 then return x end
    local y = tensor{ x.timesteps, x.features }
    y[{ t, c }] = x[{ t, c }] * n[{ c }]
    return y
  end,
}
