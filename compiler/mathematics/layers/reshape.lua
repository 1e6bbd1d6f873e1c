-- reshape.lua: keras.layers.Reshape: the same numbers, row-major, in other axes; one of these may be -1: what is left.
local function count(shape)
  local product = 1
  for _, extent in ipairs(shape) do product = product * extent end
  return product
end

local function new_shape(a, x)
  local shape, open = {}, nil
  for d, extent in ipairs(a.target_shape) do
    shape[d] = extent == -1 and 1 or extent
    if extent == -1 then open = d end
  end
  if open then shape[open] = math.max(count(x.shape) // count(shape), 1) end
  if count(shape) ~= count(x.shape) then
    error("{" .. table.concat(x.shape, ", ") .. "} has " .. count(x.shape) .. " numbers, which do not fill {" ..
          table.concat(a.target_shape, ", ") .. "}", 0)
  end
  return shape
end

return layer "Reshape" {
  in_pytorch = "reshape", in_onnx = "Reshape",
  arguments = { { "target_shape", "target_shape" } },
  over      = "sample",
  shape     = new_shape,
  call      = function(a, w, x)
    local flat, index = tensor{ count(x.shape) }, axes_of(x)
    flat[{ row_major(index, x.shape) }] = x[index]
    local y = tensor(new_shape(a, x))
    local place = axes_of(y)
    y[place] = flat[{ row_major(place, y.shape) }]
    return y
  end,
}
