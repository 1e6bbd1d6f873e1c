-- rms_normalization.lua: keras.layers.RMSNormalization: at each position the features over the root of the mean of
-- their squares, times a gain of their own.  Zhang & Sennrich 2019.
return layer "RMSNormalization" {
  in_pytorch = "RMSNorm", in_onnx = "RMSNormalization",
  arguments = { { "axis", "axis", -1 }, { "epsilon", "positive", 1e-6 } },
  weights   = function(a, x)
    if a.axis ~= -1 and a.axis ~= x.rank then error("axis " .. a.axis .. " is not the last one: write -1", 0) end
    return { scale = weight({ x.features }, "ones") }
  end,
  call      = function(a, w, x)
    local size = sqrt(mean(x * x) + a.epsilon)
    local y = x / size * w.scale
    return y
  end,
}
