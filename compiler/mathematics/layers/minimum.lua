-- minimum.lua: keras.layers.Minimum: of two flows or more of one shape the smallest, element by element.
return layer "Minimum" {
  in_pytorch = "minimum", in_onnx = "Min",
  arguments = {},
  over      = "sample",
  input     = "several",
  call      = function(a, w, x)
    local y = x[1]
    for k = 2, #x do y = min(y, x[k]) end
    return y
  end,
}
