-- sgd.lua: keras.optimizers.SGD: m = momentum m - learning_rate g; w += m
-- (nesterov: w += momentum m - learning_rate g).
return optimizer "sgd" {
  in_pytorch = "SGD", in_onnx = "Momentum",
  class = "SGD", kind = "sgd",
  pytorch_defaults = { learning_rate = 0.001 },
  arguments = { { "learning_rate", "learning_rate", 0.01 }, { "momentum", "decay", 0 },
                { "nesterov", "boolean", false },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false },
                { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "boolean", false }, { "ema_momentum", "decay", 0.99 },
                { "ema_overwrite_frequency", "size", false },
                { "loss_scale_factor", "later", false }, { "gradient_accumulation_steps", "size", false } },
}
