-- cosine_similarity.lua: keras.losses.CosineSimilarity: minus the cosine of the angle between target and prediction; a
-- norm counts as 1e-7 at least.
return loss "cosine_similarity" {
  in_pytorch = "CosineEmbeddingLoss",
  class = "CosineSimilarity",
  call = function(a, y, p)
    local norm_y = sqrt(max(sum(y * y), 1e-14))
    local norm_p = sqrt(max(sum(p * p), 1e-14))
    local l = -sum(y * p) / (norm_y * norm_p)
    return l
  end,
}
