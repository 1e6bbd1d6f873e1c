-- multiply.lua: keras.layers.Multiply: of two flows or more of one shape a product, elementwise; with masks of those
-- that count at a step, and zeros where none does.
return layer "Multiply" {
  in_pytorch = "*", in_onnx = "Mul",
  arguments = {},
  over      = "sample",
  input     = "several",
  mask      = "merge",
  call      = function(a, w, x, masks)
    local product, counts = merge(function(one, other) return one * other end, x, masks)
    local y = counts and #x > 1 and keep(counts, product) or product        -- of one flow it is that
    return y
  end,
}
