-- unit_normalization.lua: keras.layers.UnitNormalization: at each position the features as a vector of length 1.
return layer "UnitNormalization" {
  in_pytorch = "normalize", in_onnx = "LpNormalization",
  arguments = { { "axis", "axis", -1 } },
  weights   = function(a, x)
    if a.axis ~= -1 and a.axis ~= x.rank then error("axis " .. a.axis .. " is not the last one: write -1", 0) end
    return {}
  end,
  call      = function(a, w, x)
    local length = sqrt(max(sum(x * x), 1e-24))
    local y = x / length
    return y
  end,
}
