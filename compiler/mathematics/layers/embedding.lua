-- embedding.lua: keras.layers.Embedding: row x[t] of a table. An id outside [0, input_dim) is read as 0.
return layer "Embedding" {
  in_pytorch = "Embedding", in_onnx = "Gather",
  arguments = { { "input_dim", "size" }, { "output_dim", "size" },
                { "embeddings_initializer", "initializer", "uniform" },
                { "embeddings_regularizer", "regularizer", false }, { "embeddings_constraint", "constraint", false },
                { "mask_zero", "boolean", false }, { "input_length", "size", false },
                { "weights", "vectors", false } },
  pytorch_defaults = { embeddings_initializer = drawn("normal", 0, 1) },
  over      = "sample",
  input     = "tokens",
  shape     = function(a, x) return { x.timesteps, a.output_dim } end,
  weights   = function(a, x)
    local embeddings = weight({ a.input_dim, a.output_dim }, a.embeddings_initializer,
                              a.embeddings_regularizer, a.embeddings_constraint)
    return { embeddings = pretrained(embeddings, a.weights) }
  end,
  call      = function(a, w, x)
    local t, n = axes "t n"
    local y = tensor{ x.features, a.output_dim }
    y[{ t, n }] = w.embeddings[{ x[{ t }], n }]
    return y
  end,
  masks     = function(a) return a.mask_zero end,
  mask      = function(a, w, x)
    local t = axes "t"
    local counts = tensor{ x.features }
    counts[{ t }] = greater(x[{ t }], 0) * greater(a.input_dim, x[{ t }])
    return counts
  end,
}
