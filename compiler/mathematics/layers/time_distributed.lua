-- time_distributed.lua: keras.layers.TimeDistributed: a layer at each step of a sequence of samples, with the same
-- weights: of Dense and the like the same as the layer alone; a cell reads each step's own sequence.
return layer "TimeDistributed" {
  arguments = { { "layer", "layer" } },
  over      = "step",
  input     = "samples",
  mask      = "pass",
  is_loop   = true,
  call      = function(a, w, x)
    local y = a.layer(x)
    return y
  end,
}
