-- adagrad.lua: keras.optimizers.Adagrad: a += g^2, from initial_accumulator_value on;
-- w -= learning_rate g / sqrt(a + epsilon).  Duchi, Hazan & Singer 2011.
return optimizer "adagrad" {
  in_pytorch = "Adagrad", in_onnx = "Adagrad",
  class = "Adagrad", kind = "adagrad",
  arguments = { { "learning_rate", "learning_rate", 0.001 }, { "initial_accumulator_value", "not_negative", 0.1 },
                { "epsilon", "positive", 1e-7 },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
