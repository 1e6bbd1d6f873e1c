-- subtract.lua: keras.layers.Subtract: the first of two flows of one shape without the second.
return layer "Subtract" {
  in_pytorch = "-", in_onnx = "Sub",
  arguments = {},
  over      = "sample",
  input     = "several",
  mask      = "merge",
  call      = function(a, w, x)
    if #x ~= 2 then error("reads two outputs, not " .. #x, 0) end
    return x[1] - x[2]
  end,
}
