-- initializers.lua: keras.initializers, reduced to the kinds that runtime/init.c draws.
initializer "zeros" { class = "Zeros", value = function(a) return { kind = "constant", a = 0 } end }
initializer "ones" { class = "Ones", value = function(a) return { kind = "constant", a = 1 } end }
initializer "constant" {
  class = "Constant", arguments = { { "value", "constant", 0 } },
  value = function(a)
    local list = type(a.value) == "table" and a.value or nil
    return { kind = "constant", a = not list and a.value or 0, values = list }
  end,
}
initializer "uniform" {
  class = "RandomUniform", aliases = { "random_uniform" },
  arguments = { { "minval", "number", -0.05 }, { "maxval", "number", 0.05 }, { "seed", "later", false } },
  value = function(a) return { kind = "uniform", a = a.minval or -0.05, b = a.maxval or 0.05 } end,
}
initializer "normal" {
  class = "RandomNormal", aliases = { "random_normal" },
  arguments = { { "mean", "number", 0 }, { "stddev", "not_negative", 0.05 }, { "seed", "later", false } },
  value = function(a) return { kind = "normal", a = a.mean or 0, b = a.stddev or 0.05 } end,
}
initializer "truncated_normal" {
  class = "TruncatedNormal",
  arguments = { { "mean", "number", 0 }, { "stddev", "not_negative", 0.05 }, { "seed", "later", false } },
  value = function(a) return { kind = "truncated_normal", a = a.mean or 0, b = a.stddev or 0.05 } end,
}
-- Variance scaling by the fans of the shape: Glorot & Bengio 2010, He et al. 2015, LeCun et al. 1998.
local function scaling(name, class, kind, scale, fan)
  initializer(name) { class = class, arguments = { { "seed", "later", false } },
                      value = function(a) return { kind = kind, a = scale, fan = fan } end }
end
scaling("glorot_uniform", "GlorotUniform", "variance_uniform", 1, "average")
scaling("glorot_normal", "GlorotNormal", "variance_truncated", 1, "average")
scaling("he_uniform", "HeUniform", "variance_uniform", 2, "in")
scaling("he_normal", "HeNormal", "variance_truncated", 2, "in")
scaling("lecun_uniform", "LecunUniform", "variance_uniform", 1, "in")
scaling("lecun_normal", "LecunNormal", "variance_truncated", 1, "in")

local FANS = { fan_in = "in", fan_out = "out", fan_avg = "average" }
local DISTRIBUTIONS = { truncated_normal = "variance_truncated", untruncated_normal = "variance_normal",
                        uniform = "variance_uniform" }
initializer "variance_scaling" {
  class = "VarianceScaling",
  arguments = { { "scale", "positive", 1 }, { "mode", "fan_mode", "fan_in" },
                { "distribution", "distribution", "truncated_normal" }, { "seed", "later", false } },
  value = function(a)
    return { kind = DISTRIBUTIONS[a.distribution or "truncated_normal"], a = a.scale or 1,
             fan = FANS[a.mode or "fan_in"] }
  end,
}
initializer "orthogonal" {
  class = "Orthogonal", arguments = { { "gain", "number", 1 }, { "seed", "later", false } },
  value = function(a) return { kind = "orthogonal", a = a.gain or 1 } end,
}
initializer "identity" {
  class = "Identity", arguments = { { "gain", "number", 1 } },
  value = function(a) return { kind = "identity", a = a.gain or 1 } end,
}
