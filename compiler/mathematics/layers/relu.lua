-- relu.lua: keras.layers.ReLU: x from the threshold on, at most max_value; below it negative_slope (x - threshold).
return layer "ReLU" {
  in_pytorch = "ReLU", in_onnx = "Relu",
  arguments = { { "max_value", "not_negative", false }, { "negative_slope", "not_negative", 0 },
                { "threshold", "not_negative", 0 } },
  call      = function(a, w, x)
    local y = a.threshold == 0 and max(x, 0) or keep(greater(x, a.threshold), x)
    if a.max_value then y = min(y, a.max_value) end
    if a.negative_slope > 0 then y = y - a.negative_slope * max(a.threshold - x, 0) end
    return y
  end,
}
