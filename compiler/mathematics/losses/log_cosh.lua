-- log_cosh.lua: keras.losses.LogCosh: log cosh e = |e| + log(1 + exp(-2 |e|)) - log 2.
return loss "log_cosh" {
  class = "LogCosh", aliases = { "logcosh" },
  call = function(a, y, p)
    local e = abs(p - y)
    local l = mean(e + softplus(-2 * e) - 0.69314718055994531)
    return l
  end,
}
