-- input.lua: keras.layers.Input: the shape of one sample: Input{features}, Input{timesteps, features},
-- Input{timesteps, height, width, channels}; Input{timesteps} before an Embedding: ids.
return input "Input" {
  arguments = { { "shape", "shape" }, { "batch_size", "later", false }, { "dtype", "later", false } },
}
