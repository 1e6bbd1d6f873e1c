-- flatten.lua: keras.layers.Flatten: all axes of a sample in one, row-major.
return layer "Flatten" {
  arguments = {},
  over      = "sample",
  shape     = function(a, x) return { x.shape[2] and x.shape[1] * x.shape[2] or x.shape[1] } end,
  call      = function(a, w, x)
    if #x.shape == 1 then return x end
    local t, n = axes "t n"
    local y = tensor{ x.shape[1] * x.shape[2] }
    y[{ x.shape[2] * t + n }] = x[{ t, n }]
    return y
  end,
}
