-- rescaling.lua: keras.layers.Rescaling: scale x + offset.
return layer "Rescaling" {
  arguments = { { "scale", "number" }, { "offset", "number", 0 } },
  call      = function(a, w, x)
    local y = a.scale * x + a.offset
    return y
  end,
}
