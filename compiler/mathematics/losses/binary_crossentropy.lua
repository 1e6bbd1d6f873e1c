-- binary_crossentropy.lua: keras.losses.BinaryCrossentropy. On logits: softplus(z) - z y, written so that what is small
-- where z is right about y is added up from small numbers; on probabilities clipped to [1e-7, 1 - 1e-7], as floats: the
-- upper end is 1 - 2^-23.
local function smooth(a, y)
  return a.label_smoothing > 0 and y * (1 - a.label_smoothing) + 0.5 * a.label_smoothing or y
end

return loss "binary_crossentropy" {
  in_pytorch = "BCELoss",
  class = "BinaryCrossentropy", aliases = { "bce" }, logits = "binary",
  arguments = { { "from_logits", "boolean", false }, { "label_smoothing", "rate", 0 } },
  call = function(a, y, p)
    local q = max(min(p, 1 - 0x1p-23), 1e-7)
    local log_q, log_not_q = log(q), log(1 - q)
    local s = smooth(a, y)
    local l = mean(-(s * log_q + (1 - s) * log_not_q))
    return l
  end,
  call_logits = function(a, y, z)
    local s = smooth(a, y)
    local side = greater(z, 0)
    local softplus_z = softplus((1 - 2 * side) * z)                       -- of -|z|
    local l = mean(softplus_z + (side - s) * z)
    return l
  end,
}
