-- concatenate.lua: keras.layers.Concatenate: flows side by side along an axis; as in Keras axis 0 is the batch, -1 the
-- last one.
local function axis_of(a, x)
  local axis = a.axis < 0 and #x[1].shape + 1 + a.axis or a.axis
  if axis < 1 or axis > #x[1].shape then
    error("axis " .. a.axis .. " is none of a sample: they are 1 to " .. #x[1].shape .. ", or -1 for the last", 0)
  end
  return axis
end

return layer "Concatenate" {
  in_pytorch = "cat", in_onnx = "Concat",
  arguments = { { "axis", "axis", -1 } },
  over      = "sample",
  input     = "several",
  shape     = function(a, x)
    local axis, shape = axis_of(a, x), {}
    for d, extent in ipairs(x[1].shape) do shape[d] = extent end
    for k = 2, #x do
      for d = 1, #shape do
        local same = #x[k].shape == #shape and (d == axis or x[k].shape[d] == shape[d])
        if not same then
          error("{" .. table.concat(x[1].shape, ", ") .. "} and {" .. table.concat(x[k].shape, ", ") ..
                "} do not go together along axis " .. axis, 0)
        end
      end
      shape[axis] = shape[axis] + x[k].shape[axis]
    end
    return shape
  end,
  call      = function(a, w, x)
    return concatenate(x, axis_of(a, x))
  end,
}
