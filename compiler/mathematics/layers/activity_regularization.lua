-- activity_regularization.lua: keras.layers.ActivityRegularization: y = x; l1 sum |y| + l2 sum y^2, over the number of
-- samples, is added to the loss.
return layer "ActivityRegularization" {
  arguments = { { "l1", "not_negative", 0 }, { "l2", "not_negative", 0 } },
  activity  = function(a) return { l1 = a.l1, l2 = a.l2 } end,
  call      = function(a, w, x) return x end,
}
