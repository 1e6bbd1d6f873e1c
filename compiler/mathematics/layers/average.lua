-- average.lua: keras.layers.Average: of two flows or more of one shape their mean, element by element.
return layer "Average" {
  in_onnx = "Mean",
  arguments = {},
  over      = "sample",
  input     = "several",
  mask      = "merge",
  call      = function(a, w, x)
    local y = x[1]
    for k = 2, #x do y = y + x[k] end
    return y * (1 / #x)
  end,
}
