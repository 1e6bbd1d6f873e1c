-- concatenate.lua: keras.layers.Concatenate: flows side by side along an axis; as in Keras axis 0 is the batch, -1 the
-- last one.
local function axis_of(a, shape)
  local axis = a.axis < 0 and #shape + 1 + a.axis or a.axis
  if axis < 1 or axis > #shape then
    error("axis " .. a.axis .. " is none of a sample: they are 1 to " .. #shape .. ", or -1 for the last", 0)
  end
  return axis
end

return layer "Concatenate" {
  in_pytorch = "cat", in_onnx = "Concat",
  arguments = { { "axis", "axis", -1 } },
  over      = "sample",
  input     = "several",
  mask      = "merge",
  along_time = function(a, shape) return a.axis == 1 or a.axis == -#shape end,
  shape     = function(a, x)
    local axis, shape = axis_of(a, x[1].shape), {}
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
    return concatenate(x, axis_of(a, x[1].shape))
  end,
}
