-- flatten.lua: keras.layers.Flatten: all axes of a sample in one, row-major.
local AXES = { "n", "t n", "t s n", "t s r n" }

local function count(x)
  local product = 1
  for _, extent in ipairs(x.shape) do product = product * extent end
  return product
end

return layer "Flatten" {
  arguments = {},
  over      = "sample",
  shape     = function(a, x) return { count(x) } end,
  call      = function(a, w, x)
    if #x.shape == 1 then return x end
    local index = { axes(AXES[#x.shape]) }
    local place = 0
    for d, axis in ipairs(index) do place = x.shape[d] * place + axis end
    local y = tensor{ count(x) }
    y[{ place }] = x[index]
    return y
  end,
}
