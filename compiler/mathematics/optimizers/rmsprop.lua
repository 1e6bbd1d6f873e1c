-- rmsprop.lua: keras.optimizers.RMSprop: v = rho v + (1 - rho) g^2; w -= learning_rate g / sqrt(v + epsilon).
return optimizer "rmsprop" {
  in_pytorch = "RMSprop",
  class = "RMSprop", kind = "rmsprop",
  pytorch_defaults = { learning_rate = 0.01, rho = 0.99, epsilon = 1e-8 },
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "rho", "decay", 0.9 }, { "momentum", "decay", 0 },
                { "epsilon", "positive", 1e-7 }, { "centered", "boolean", false },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
