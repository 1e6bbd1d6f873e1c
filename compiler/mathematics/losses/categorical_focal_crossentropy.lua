-- categorical_focal_crossentropy.lua: keras.losses.CategoricalFocalCrossentropy: alpha (1 - q)^gamma times the
-- cross-entropy of each class.  Lin et al. 2017. Logits and probabilities q as in categorical_crossentropy.lua.
local function smooth(a, y)
  return a.label_smoothing > 0 and y * (1 - a.label_smoothing) + a.label_smoothing / y.features or y
end

return loss "categorical_focal_crossentropy" {
  class = "CategoricalFocalCrossentropy", logits = "categorical", classes = true,
  arguments = { { "alpha", "rate", 0.25 }, { "gamma", "not_negative", 2.0 }, { "from_logits", "boolean", false },
                { "label_smoothing", "rate", 0 } },
  call = function(a, y, p)
    local total = sum(p)
    local q = max(min(p / total, 1 - 0x1p-23), 1e-7)
    local l = -a.alpha * sum(power(1 - q, a.gamma) * smooth(a, y) * log(q))
    return l
  end,
  call_logits = function(a, y, z)
    local highest = largest(z)
    local e = exp(z - stop(highest))
    local log_total = log(sum(e))
    local log_q = z - stop(highest) - log_total
    local l = -a.alpha * sum(power(-expm1(log_q), a.gamma) * smooth(a, y) * log_q)
    return l
  end,
}
