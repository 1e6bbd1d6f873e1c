-- adamax.lua: keras.optimizers.Adamax: Adam with the largest gradient of late, max(beta_2 u, |g|), where Adam has the
-- root of a mean square.  Kingma & Ba 2015, section 7.
return optimizer "adamax" {
  in_pytorch = "Adamax",
  class = "Adamax", kind = "adamax",
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "beta_1", "decay", 0.9 }, { "beta_2", "decay", 0.999 },
                { "epsilon", "positive", 1e-7 },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
