-- nadam.lua: keras.optimizers.Nadam: Adam with Nesterov's look ahead, whose momentum grows as
-- beta_1 (1 - 0.96^t / 2).  Dozat 2016.
return optimizer "nadam" {
  in_pytorch = "NAdam",
  class = "Nadam", kind = "nadam",
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "beta_1", "decay", 0.9 }, { "beta_2", "decay", 0.999 },
                { "epsilon", "positive", 1e-7 },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
