-- sparse_categorical_crossentropy.lua: keras.losses.SparseCategoricalCrossentropy.
-- y is the number of the class; clipped as the other one. Where it is ignore_class nothing counts, neither in the sum
-- nor in what that is divided by: by the weights of samples.
return loss "sparse_categorical_crossentropy" {
  in_pytorch = "CrossEntropyLoss", in_onnx = "SoftmaxCrossEntropyLoss",
  class = "SparseCategoricalCrossentropy", logits = "categorical", classes = true, target = "class",
  arguments = { { "from_logits", "boolean", false }, { "ignore_class", "ignored_class", false } },
  call = function(a, y, p)
    local total = sum(p)
    local q = max(min(p[{ y }] / total[{}], 1 - 0x1p-23), 1e-7)
    local chosen = tensor{}
    chosen[{}] = q
    local l = -log(chosen)
    return l
  end,
  call_logits = function(a, y, z)
    local highest = largest(z)
    local e = exp(z - stop(highest))
    local log_total = log(sum(e))
    local l = tensor{}
    l[{}] = log_total[{}] - (z[{ y }] - stop(highest)[{}])      -- small numbers only, however large z
    return l
  end,
}
