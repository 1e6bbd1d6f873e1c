-- input.lua: keras.layers.Input: the shape of one sample: Input{features}, Input{timesteps, features},
-- Input{timesteps, height, width, channels}; Input{timesteps} before an Embedding: ids.
-- lengths: how many of its steps count comes with each sample; the others are masked.
return input "Input" {
  aliases   = { "InputLayer" },
  arguments = { { "shape", "shape" }, { "batch_size", "size", false }, { "dtype", "later", false },
                { "batch_shape", "batch_shape", false }, { "lengths", "boolean", false } },
}
