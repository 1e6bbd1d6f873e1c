-- sgd.lua: keras.optimizers.SGD: m = momentum m - learning_rate g; w += m (nesterov: w += momentum m - learning_rate g).
return optimizer "sgd" {
  class = "SGD", kind = "sgd",
  arguments = { { "learning_rate", "positive", 0.01 }, { "momentum", "decay", 0 }, { "nesterov", "boolean", false },
                { "weight_decay", "not_negative", 0 }, { "clipnorm", "positive", false }, { "clipvalue", "positive", false }, { "global_clipnorm", "positive", false },
                { "use_ema", "later", false } },
}
