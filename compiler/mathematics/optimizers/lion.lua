-- lion.lua: keras.optimizers.Lion: w -= learning_rate sign(beta_1 m + (1 - beta_1) g); m = beta_2 m + (1 - beta_2) g.
-- Chen et al. 2023.
return optimizer "lion" {
  class = "Lion", kind = "lion",
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "beta_1", "decay", 0.9 }, { "beta_2", "decay", 0.99 },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
