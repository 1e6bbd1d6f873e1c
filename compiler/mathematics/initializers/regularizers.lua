-- regularizers.lua: keras.regularizers: l1 sum |w| + l2 sum w^2, added to the loss.
regularizer "l1" {
  class = "L1", arguments = { { "l1", "not_negative", 0.01 } },
  value = function(a) return { l1 = a.l1 or 0.01, l2 = 0 } end,
}
regularizer "l2" {
  class = "L2", arguments = { { "l2", "not_negative", 0.01 } },
  value = function(a) return { l1 = 0, l2 = a.l2 or 0.01 } end,
}
regularizer "l1_l2" {
  class = "L1L2", arguments = { { "l1", "not_negative", 0 }, { "l2", "not_negative", 0 } },
  value = function(a) return { l1 = a.l1 or 0.01, l2 = a.l2 or 0.01 } end,
}
