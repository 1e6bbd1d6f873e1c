-- adadelta.lua: keras.optimizers.Adadelta: a = rho a + (1 - rho) g^2;
-- change = -sqrt(d + epsilon) / sqrt(a + epsilon) g; d = rho d + (1 - rho) change^2; w += learning_rate change.
-- Zeiler 2012.
return optimizer "adadelta" {
  in_pytorch = "Adadelta",
  class = "Adadelta", kind = "adadelta",
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "rho", "decay", 0.95 }, { "epsilon", "positive", 1e-7 },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
