-- squared_hinge.lua: keras.losses.SquaredHinge: max(1 - y p, 0)^2, y being -1 or 1; a label of 0 is one of -1.
return loss "squared_hinge" {
  class = "SquaredHinge",
  call = function(a, y, p)
    local side = y - equal(y, 0)
    local missing = max(1 - side * p, 0)
    local l = mean(missing * missing)
    return l
  end,
}
