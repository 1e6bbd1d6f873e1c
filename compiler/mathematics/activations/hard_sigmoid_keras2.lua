-- hard_sigmoid_keras2.lua: y = min(max(0.2 x + 0.5, 0), 1), as in Keras 1 and 2: for weights trained there.
return activation "hard_sigmoid_keras2" {
  keras = false,
  call = function(x) return min(max(0.2 * x + 0.5, 0), 1) end,
}
