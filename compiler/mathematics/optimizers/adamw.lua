-- adamw.lua: keras.optimizers.AdamW: Adam with decoupled weight decay before the step.  Loshchilov & Hutter 2019.
return optimizer "adamw" {
  in_pytorch = "AdamW",
  class = "AdamW", kind = "adamw",
  pytorch_defaults = { epsilon = 1e-8, weight_decay = 0.01 },
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "weight_decay", "not_negative", 0.004 },
                { "beta_1", "decay", 0.9 }, { "beta_2", "decay", 0.999 }, { "epsilon", "positive", 1e-7 },
                { "amsgrad", "boolean", false }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
