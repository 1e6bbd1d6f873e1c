-- batch_normalization.lua: keras.layers.BatchNormalization: in training by the mean and the (biased) variance of each
-- feature in the whole batch, over all its samples and the steps that count; else by their moving averages.  Ioffe &
-- Szegedy 2015. With `unbiased` the moving variance is one of n / (n - 1) times that variance, as in PyTorch; of one
-- number alone it is that of Keras.
return layer "BatchNormalization" {
  in_pytorch = "BatchNorm1d", in_onnx = "BatchNormalization",
  arguments = { { "axis", "axis", -1 }, { "momentum", "rate", 0.99 }, { "epsilon", "positive", 0.001 },
                { "center", "boolean", true }, { "scale", "boolean", true },
                { "beta_initializer", "initializer", "zeros" }, { "gamma_initializer", "initializer", "ones" },
                { "moving_mean_initializer", "initializer", "zeros" },
                { "moving_variance_initializer", "initializer", "ones" },
                { "beta_regularizer", "regularizer", false }, { "gamma_regularizer", "regularizer", false },
                { "beta_constraint", "constraint", false }, { "gamma_constraint", "constraint", false },
                { "synchronized", "without_effect", false }, { "unbiased", "boolean", false } },
  pytorch_defaults = { momentum = 0.9, epsilon = 1e-5, unbiased = true },
  weights   = function(a, x)
    if a.axis ~= -1 and a.axis ~= x.rank then error("axis " .. a.axis .. " is not the last one: write -1", 0) end
    local features = { x.features }
    return { gamma           = a.scale and weight(features, a.gamma_initializer,
                                                  a.gamma_regularizer, a.gamma_constraint),
             beta            = a.center and weight(features, a.beta_initializer, a.beta_regularizer, a.beta_constraint),
             moving_mean     = statistic(features, a.moving_mean_initializer),
             moving_variance = statistic(features, a.moving_variance_initializer) }
  end,
  call      = function(a, w, x)
    local samples, total = batch_sum(1), batch_sum(x)
    local count = max(samples, 1)
    local batch_mean = total / count
    local mean = in_training(batch_mean, w.moving_mean)
    local centred = x - mean
    local batch_variance = batch_sum(centred * centred) / count
    local variance = in_training(batch_variance, w.moving_variance)
    local next_mean = moving_average(w.moving_mean, batch_mean, a.momentum)
    local kept_variance = a.unbiased and batch_variance * (count / max(samples - 1, 1)) or batch_variance
    local next_variance = moving_average(w.moving_variance, kept_variance, a.momentum)
    update(w.moving_mean, next_mean)
    update(w.moving_variance, next_variance)
    local deviation = sqrt(variance + a.epsilon)
    local gain = (w.gamma or 1) / deviation
    local y = centred * gain + (w.beta or 0)
    return y
  end,
}
