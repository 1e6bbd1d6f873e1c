-- constraints.lua: keras.constraints: what weights are held to behind each update; the holding is runtime/train's
-- (constraint.c). axis: the axis of the weight, or a list of them, along which norms are taken; as in Keras 0 is the
-- first one, -1 the last. Of a kernel whose columns are units, 0 holds what comes into each unit.
constraint "max_norm" {
  class = "MaxNorm", arguments = { { "max_value", "not_negative", 2 }, { "axis", "norm_axes", 0 } },
  value = function(a) return { kind = "max_norm", max_value = a.max_value or 2, axes = a.axis or { 0 } } end,
}
constraint "non_neg" {
  class = "NonNeg", value = function(a) return { kind = "non_neg", axes = {} } end,
}
constraint "unit_norm" {
  class = "UnitNorm", arguments = { { "axis", "norm_axes", 0 } },
  value = function(a) return { kind = "unit_norm", axes = a.axis or { 0 } } end,
}
constraint "min_max_norm" {
  class = "MinMaxNorm",
  arguments = { { "min_value", "not_negative", 0 }, { "max_value", "not_negative", 1 }, { "rate", "rate", 1 },
                { "axis", "norm_axes", 0 } },
  value = function(a)
    return { kind = "min_max_norm", min_value = a.min_value or 0, max_value = a.max_value or 1, rate = a.rate or 1,
             axes = a.axis or { 0 } }
  end,
}
