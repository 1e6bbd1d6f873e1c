-- categorical_hinge.lua: keras.losses.CategoricalHinge: by how much the right class is not 1 above the highest other.
return loss "categorical_hinge" {
  class = "CategoricalHinge",
  call = function(a, y, p)
    local right = sum(y * p)
    local highest = largest((1 - y) * p)
    local l = max(highest - right + 1, 0)
    return l
  end,
}
