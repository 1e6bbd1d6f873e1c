-- layer_normalization.lua: keras.layers.LayerNormalization: at each position the features get mean 0 and variance 1
-- (the biased one), then a gain and an offset of their own.  Ba, Kiros & Hinton 2016.
return layer "LayerNormalization" {
  in_pytorch = "LayerNorm", in_onnx = "LayerNormalization",
  arguments = { { "axis", "axis", -1 }, { "epsilon", "positive", 0.001 },
                { "center", "boolean", true }, { "scale", "boolean", true },
                { "beta_initializer", "initializer", "zeros" }, { "gamma_initializer", "initializer", "ones" },
                { "beta_regularizer", "regularizer", false }, { "gamma_regularizer", "regularizer", false },
                { "beta_constraint", "constraint", false }, { "gamma_constraint", "constraint", false } },
  pytorch_defaults = { epsilon = 1e-5 },
  weights   = function(a, x)
    if a.axis ~= -1 and a.axis ~= x.rank then error("axis " .. a.axis .. " is not the last one: write -1", 0) end
    return { gamma = a.scale and weight({ x.features }, a.gamma_initializer, a.gamma_regularizer, a.gamma_constraint),
             beta  = a.center and weight({ x.features }, a.beta_initializer, a.beta_regularizer, a.beta_constraint) }
  end,
  call      = function(a, w, x)
    local centred = x - mean(x)
    local variance = mean(centred * centred)
    local deviation = sqrt(variance + a.epsilon)
    local y = centred / deviation * (w.gamma or 1) + (w.beta or 0)
    return y
  end,
}
