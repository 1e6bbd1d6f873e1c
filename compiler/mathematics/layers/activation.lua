-- activation.lua: keras.layers.Activation: any activation by its name.
return layer "Activation" {
  arguments = { { "activation", "activation" } },
  call      = function(a, w, x)
    local y = a.activation(x)
    return y
  end,
}
