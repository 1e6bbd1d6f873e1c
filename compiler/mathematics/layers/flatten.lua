-- flatten.lua: keras.layers.Flatten: all axes of a sample in one, row-major.
local function count(x)
  local product = 1
  for _, extent in ipairs(x.shape) do product = product * extent end
  return product
end

return layer "Flatten" {
  in_pytorch = "Flatten", in_onnx = "Flatten",
  arguments = { { "data_format", { "channels_last" }, "channels_last" } },
  over      = "sample",
  shape     = function(a, x) return { count(x) } end,
  call      = function(a, w, x)
    if #x.shape == 1 then return x end
    local index = axes_of(x)
    local y = tensor{ count(x) }
    y[{ row_major(index, x.shape) }] = x[index]
    return y
  end,
}
