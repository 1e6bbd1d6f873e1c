-- softmax.lua: y = exp(x) / sum exp(x) over the last axis, shifted by its largest element. Its loss is computed on x.
return activation "softmax" {
  in_pytorch = "Softmax", in_onnx = "Softmax",
  logit_form = "categorical", positive = true,
  call = function(x)
    local highest = largest(x)
    local e = exp(x - stop(highest))
    local total = sum(e)
    local y = e / total
    return y
  end,
}
