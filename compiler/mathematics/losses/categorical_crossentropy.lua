-- categorical_crossentropy.lua: keras.losses.CategoricalCrossentropy. On logits: log-sum-exp; on probabilities, scaled
-- to sum 1 and clipped to [1e-7, 1 - 1e-7], as floats: the upper end is 1 - 2^-23.
local function smooth(a, y)
  return a.label_smoothing > 0 and y * (1 - a.label_smoothing) + a.label_smoothing / y.features or y
end

return loss "categorical_crossentropy" {
  in_pytorch = "CrossEntropyLoss", in_onnx = "SoftmaxCrossEntropyLoss",
  class = "CategoricalCrossentropy", logits = "categorical", classes = true,
  arguments = { { "from_logits", "boolean", false }, { "label_smoothing", "rate", 0 } },
  call = function(a, y, p)
    local total = sum(p)
    local q = max(min(p / total, 1 - 0x1p-23), 1e-7)
    local log_q = log(q)
    local l = -sum(smooth(a, y) * log_q)
    return l
  end,
  call_logits = function(a, y, z)
    local highest = largest(z)
    local e = exp(z - stop(highest))
    local log_total = log(sum(e))
    local l = sum(smooth(a, y) * (log_total - (z - stop(highest))))      -- small numbers only, however large z
    return l
  end,
}
