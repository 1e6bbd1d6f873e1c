-- normalization.lua: keras.layers.Normalization: (x - mean) / sqrt(variance) for each feature of the last axis, or back
-- again with `invert`. Mean and variance are given, or those of the samples that a training reads.
local EPSILON = 1e-7                    -- keras.config.epsilon(), under which no deviation is
return layer "Normalization" {
  arguments = { { "axis", "axis", -1 }, { "mean", "numbers_1d", false }, { "variance", "numbers_1d", false },
                { "invert", "boolean", false } },
  weights   = function(a, x)
    if a.axis ~= -1 and a.axis ~= x.rank then error("axis " .. a.axis .. " is not the last one: write -1", 0) end
    if a.mean and not a.variance or a.variance and not a.mean then error("mean and variance go together", 0) end
    local features = { x.features }
    return { mean     = a.mean and statistic(features, a.mean) or adapted(features, "mean"),
             variance = a.variance and statistic(features, a.variance) or adapted(features, "variance") }
  end,
  call      = function(a, w, x)
    local deviation = max(sqrt(w.variance), EPSILON)
    local y
    if a.invert then y = x * deviation + w.mean
    else y = (x - w.mean) / deviation end
    return y
  end,
}
