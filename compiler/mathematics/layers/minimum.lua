-- minimum.lua: keras.layers.Minimum: of two flows or more of one shape the smallest, element by element; with masks of
-- those that count at a step.
return layer "Minimum" {
  in_pytorch = "minimum", in_onnx = "Min",
  arguments = {},
  over      = "sample",
  input     = "several",
  mask      = "merge",
  call      = function(a, w, x, masks)
    local y = merge(min, x, masks)
    return y
  end,
}
