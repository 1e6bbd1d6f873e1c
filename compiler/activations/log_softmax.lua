-- log_softmax.lua: y = x - log sum exp(x) over the last axis.
return activation "log_softmax" {
  call = function(x)
    local highest = largest(x)
    local e = exp(x - stop(highest))
    local log_total = log(sum(e))
    local y = x - stop(highest) - log_total
    return y
  end,
}
