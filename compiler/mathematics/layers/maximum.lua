-- maximum.lua: keras.layers.Maximum: of two flows or more of one shape the largest, element by element; with masks of
-- those that count at a step.
return layer "Maximum" {
  in_pytorch = "maximum", in_onnx = "Max",
  arguments = {},
  over      = "sample",
  input     = "several",
  mask      = "merge",
  call      = function(a, w, x, masks)
    local y = merge(max, x, masks)
    return y
  end,
}
