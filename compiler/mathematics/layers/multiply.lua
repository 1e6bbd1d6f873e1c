-- multiply.lua: keras.layers.Multiply: of two flows or more of one shape a product, elementwise.
return layer "Multiply" {
  in_pytorch = "*", in_onnx = "Mul",
  arguments = {},
  over      = "sample",
  input     = "several",
  call      = function(a, w, x)
    local y = x[1]
    for k = 2, #x do y = y * x[k] end
    return y
  end,
}
