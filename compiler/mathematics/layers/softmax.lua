-- softmax.lua: keras.layers.Softmax: exp(x) / sum exp(x) along an axis; as in Keras axis 0 is the batch, -1 the last
-- one.
return layer "Softmax" {
  in_pytorch = "Softmax", in_onnx = "Softmax",
  arguments = { { "axis", "axis", -1 } },
  over      = "sample",
  mask      = "pass",
  call      = function(a, w, x)
    local axis = a.axis < 0 and #x.shape + 1 + a.axis or a.axis
    if axis < 1 or axis > #x.shape then
      error("axis " .. a.axis .. " is none of a sample: they are 1 to " .. #x.shape .. ", or -1 for the last", 0)
    end
    if axis == #x.shape then
      local y = activate(x, "softmax")
      return y
    end
    local index, others, shape = axes_of(x), {}, {}
    for d, place in ipairs(index) do
      others[d], shape[d] = d == axis and 0 or place, d == axis and 1 or x.shape[d]
    end
    local highest, total = tensor(shape), tensor(shape)
    highest[others] = largest(x[index])
    local e = exp(x - stop(highest))
    total[others] = e[index] * 1.0
    local y = e / total
    return y
  end,
}
