-- hinge.lua: keras.losses.Hinge: max(1 - y p, 0), y being -1 or 1; a label of 0 is one of -1.
return loss "hinge" {
  in_pytorch = "HingeEmbeddingLoss",
  class = "Hinge",
  call = function(a, y, p)
    local side = y - equal(y, 0)
    local l = mean(max(1 - side * p, 0))
    return l
  end,
}
