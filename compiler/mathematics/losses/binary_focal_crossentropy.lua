-- binary_focal_crossentropy.lua: keras.losses.BinaryFocalCrossentropy: the cross-entropy by how wrong p is, to the
-- power of gamma; alpha for class 1 and 1 - alpha for class 0 if classes are balanced.  Lin et al. 2017. On logits as
-- binary_crossentropy.lua; of probabilities those in the logarithm are clipped as there.
local function smooth(a, y)
  return a.label_smoothing > 0 and y * (1 - a.label_smoothing) + 0.5 * a.label_smoothing or y
end

local function balance(a, s)
  return a.apply_class_balancing and s * a.alpha + (1 - s) * (1 - a.alpha) or 1
end

return loss "binary_focal_crossentropy" {
  class = "BinaryFocalCrossentropy", logits = "binary",
  arguments = { { "apply_class_balancing", "boolean", false }, { "alpha", "rate", 0.25 },
                { "gamma", "not_negative", 2.0 }, { "from_logits", "boolean", false },
                { "label_smoothing", "rate", 0 } },
  call = function(a, y, p)
    local s = smooth(a, y)
    local q = max(min(p, 1 - 0x1p-23), 1e-7)
    local entropy = -(s * log(q) + (1 - s) * log(1 - q))
    local wrong = s * (1 - p) + (1 - s) * p
    local l = mean(balance(a, s) * power(wrong, a.gamma) * entropy)
    return l
  end,
  call_logits = function(a, y, z)
    local s = smooth(a, y)
    local side = greater(z, 0)
    local entropy = softplus((1 - 2 * side) * z) + (side - s) * z
    local wrong = s * sigmoid(-z) + (1 - s) * sigmoid(z)
    local l = mean(balance(a, s) * power(wrong, a.gamma) * entropy)
    return l
  end,
}
