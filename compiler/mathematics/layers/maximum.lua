-- maximum.lua: keras.layers.Maximum: of two flows or more of one shape the largest, element by element.
return layer "Maximum" {
  in_pytorch = "maximum", in_onnx = "Max",
  arguments = {},
  over      = "sample",
  input     = "several",
  call      = function(a, w, x)
    local y = x[1]
    for k = 2, #x do y = max(y, x[k]) end
    return y
  end,
}
