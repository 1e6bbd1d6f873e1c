-- log_softmax.lua: y = x - log sum exp(x) over the last axis. The largest terms of the sum are ones; the first of them
-- is left out, since 1 + small would lose the others.
return activation "log_softmax" {
  in_pytorch = "LogSoftmax", in_onnx = "LogSoftmax",
  call = function(x)
    local highest = stop(largest(x))
    local e = exp(x - highest)
    local ones = equal(x, highest)
    local others = sum(e - ones) + (sum(ones) - 1)
    local log_total = log1p(others)
    local y = x - highest - log_total
    return y
  end,
}
