-- huber.lua: keras.losses.Huber: e^2/2 up to delta, delta |e| - delta^2/2 beyond.  Huber 1964.
return loss "huber" {
  in_pytorch = "HuberLoss",
  class = "Huber",
  arguments = { { "delta", "positive", 1.0 } },
  call = function(a, y, p)
    local e = abs(p - y)
    local near = min(e, a.delta)
    local l = mean(near * (e - 0.5 * near))
    return l
  end,
}
