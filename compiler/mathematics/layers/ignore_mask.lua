-- ignore_mask.lua: what comes out is what comes in, and from here on all steps count: ignore_mask = true of the layer
-- behind, where Keras drops the mask with a warning.
return layer "IgnoreMask" {
  arguments = {},
  over      = "sample",
  input     = "any",
  mask      = "end",
  shape     = function(a, x) return x.shape end,
  call      = function(a, w, x) return x end,
}
