-- sequential.lua: keras.Sequential inside of another layer: each of its layers reads what the one before it makes.
return layer "Sequential" {
  in_pytorch = "Sequential",
  arguments = { { "layers", "layers" } },
  over      = "sample",
  call      = function(a, w, x)
    for _, inner in ipairs(a.layers) do
      local y, mask = inner(x)
      if mask then error(inner.name .. " makes a mask, which does not go on inside of a layer", 0) end
      x = y
    end
    local y = x
    return y
  end,
}
