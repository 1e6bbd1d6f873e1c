-- prelu.lua: keras.layers.PReLU: x, below zero alpha x; alpha learns, of each position of a sample its own, along
-- shared_axes (from 1) one for all.  He et al. 2015.
local function alpha_shape(a, x)
  local shape = {}
  for d, extent in ipairs(x.shape) do shape[d] = extent end
  for _, axis in ipairs(a.shared_axes or {}) do
    if not shape[axis] then error("shared_axes: axis " .. axis .. " is none of 1 to " .. #shape, 0) end
    shape[axis] = 1
  end
  return shape
end

return layer "PReLU" {
  in_pytorch = "PReLU", in_onnx = "PRelu",
  arguments = { { "alpha_initializer", "initializer", "zeros" }, { "alpha_regularizer", "regularizer", false },
                { "alpha_constraint", "constraint", false }, { "shared_axes", "axes", false } },
  over      = "sample",
  mask      = "pass",
  weights   = function(a, x)
    return { alpha = weight(alpha_shape(a, x), a.alpha_initializer, a.alpha_regularizer, a.alpha_constraint) }
  end,
  call      = function(a, w, x)
    local y = max(x, 0) - w.alpha * max(-x, 0)
    return y
  end,
}
