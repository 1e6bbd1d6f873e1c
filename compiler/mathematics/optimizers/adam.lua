-- adam.lua: keras.optimizers.Adam.  Kingma & Ba 2015, epsilon beside the square root before the correction, as in
-- Keras.
return optimizer "adam" {
  in_pytorch = "Adam", in_onnx = "Adam",
  class = "Adam", kind = "adam",
  pytorch_defaults = { epsilon = 1e-8 },
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "beta_1", "decay", 0.9 }, { "beta_2", "decay", 0.999 },
                { "epsilon", "positive", 1e-7 }, { "amsgrad", "boolean", false },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
