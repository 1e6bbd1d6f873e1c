-- permute.lua: keras.layers.Permute: the axes of a sample in another order; dims = {2, 1}: the second one is first.
return layer "Permute" {
  in_pytorch = "permute", in_onnx = "Transpose",
  arguments = { { "dims", "axes" } },
  over      = "sample",
  shape     = function(a, x)
    local shape, seen = {}, {}
    for d, from in ipairs(a.dims) do
      if not x.shape[from] or seen[from] then break end
      seen[from], shape[d] = true, x.shape[from]
    end
    if #shape ~= #x.shape or #a.dims ~= #x.shape then
      error("dims must be the axes 1 to " .. #x.shape .. " of {" .. table.concat(x.shape, ", ") .. "} in some order", 0)
    end
    return shape
  end,
  call      = function(a, w, x)
    local index, moved, shape = axes_of(x), {}, {}
    for d, from in ipairs(a.dims) do moved[d], shape[d] = index[from], x.shape[from] end
    local y = tensor(shape)
    y[moved] = x[index]
    return y
  end,
}
