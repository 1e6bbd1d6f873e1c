-- add.lua: keras.layers.Add: of two flows or more of one shape a sum, elementwise.
return layer "Add" {
  in_pytorch = "+", in_onnx = "Add",
  arguments = {},
  over      = "sample",
  input     = "several",
  mask      = "merge",
  call      = function(a, w, x)
    local y = x[1]
    for k = 2, #x do y = y + x[k] end
    return y
  end,
}
