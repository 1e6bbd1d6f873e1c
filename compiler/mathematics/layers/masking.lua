-- masking.lua: keras.layers.Masking: a step all of whose features are mask_value does not count; what comes out is zero
-- there.
local function counting(a, x)
  local t, k = axes "t k"
  local counts = tensor{ x.timesteps }
  counts[{ t }] = largest(1 - equal(x[{ t, k }], a.mask_value))
  return counts
end

return layer "Masking" {
  arguments = { { "mask_value", "number", 0 } },
  over      = "sample",
  input     = "sequence",
  shape     = function(a, x) return x.shape end,
  call      = function(a, w, x)
    local t, k = axes "t k"
    local counts = counting(a, x)
    local y = tensor{ x.timesteps, x.features }
    y[{ t, k }] = keep(counts[{ t }], x[{ t, k }])
    return y
  end,
  mask      = function(a, w, x) return counting(a, x) end,
}
