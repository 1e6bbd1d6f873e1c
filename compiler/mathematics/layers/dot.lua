-- dot.lua: keras.layers.Dot: of two flows the sums of products along an axis of each, a number for both or {of the
-- first, of the second}; as in Keras axis 0 is the batch, -1 the last one. The other axes of the first come first, then
-- those of the second. With normalize by vectors of length 1: cosines.
local function place_of(axis, shape)
  local place = axis < 0 and #shape + 1 + axis or axis
  if place < 1 or place > #shape then
    error("axis " .. axis .. " is none of {" .. table.concat(shape, ", ") .. "}: they are 1 to " .. #shape ..
          ", or -1 for the last", 0)
  end
  return place
end

-- Which axis is summed over, of both.
local function places_of(a, x)
  if #x ~= 2 then error("reads two outputs, not " .. #x, 0) end
  local first, second = place_of(a.axes[1], x[1].shape), place_of(a.axes[2] or a.axes[1], x[2].shape)
  local many, more = x[1].shape[first], x[2].shape[second]
  if many ~= more then error("the axes have extents of " .. many .. " and " .. more, 0) end
  return first, second
end

local function others(shape, place)
  local list = {}
  for d, extent in ipairs(shape) do
    if d ~= place then list[#list + 1] = extent end
  end
  return list
end

local function output_shape(a, x)
  local first, second = places_of(a, x)
  local shape = others(x[1].shape, first)
  for _, extent in ipairs(others(x[2].shape, second)) do shape[#shape + 1] = extent end
  if #shape > 4 then error("its output would have more than four axes", 0) end
  return shape[1] and shape or { 1 }
end

-- Those of the names behind `used` that stand for axes, and `c` at its place; how many are used then.
local function index_of(shape, place, c, names, used)
  local index = {}
  for d = 1, #shape do
    if d ~= place then used = used + 1 end
    index[d] = d == place and c or names[used]
  end
  return index, used
end

local function normalized(x, place, c, names, used)
  local index = index_of(x.shape, place, c, names, used)
  local rest = others(index, place)
  local squares, length, along = tensor(others(x.shape, place)), tensor(others(x.shape, place)), tensor(x.shape)
  squares[rest] = x[index] * x[index]
  length[rest] = sqrt(max(squares[rest], 1e-14))
  along[index] = x[index] / length[rest]
  return along, squares, length
end

return layer "Dot" {
  in_pytorch = "einsum", in_onnx = "Einsum",
  arguments = { { "axes", "axes_of_two" }, { "normalize", "boolean", false } },
  over      = "sample",
  input     = "several",
  mask      = "end",
  shape     = output_shape,
  call      = function(a, w, x)
    local c, i, j, k, l, m = axes "c i j k l m"
    local names, one, other = { i, j, k, l, m }, x[1], x[2]
    local first, second = places_of(a, x)
    if a.normalize then
      local along, squares, length = normalized(one, first, c, names, 0)
      local along_2, squares_2, length_2 = normalized(other, second, c, names, #one.shape - 1)
      one, other = along, along_2
    end
    local y, index = tensor(output_shape(a, x)), {}
    local left, used = index_of(one.shape, first, c, names, 0)
    local right, all = index_of(other.shape, second, c, names, used)
    for n = 1, all do index[n] = names[n] end
    y[all > 0 and index or { 0 }] = one[left] * other[right]
    return y
  end,
}
