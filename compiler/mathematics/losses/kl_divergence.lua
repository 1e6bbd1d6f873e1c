-- kl_divergence.lua: keras.losses.KLDivergence: sum y log(y / p), both clipped to [1e-7, 1].
-- Kullback & Leibler 1951.
return loss "kl_divergence" {
  in_pytorch = "KLDivLoss",
  class = "KLDivergence", aliases = { "kld", "kullback_leibler_divergence" },
  call = function(a, y, p)
    local t, q = max(min(y, 1), 1e-7), max(min(p, 1), 1e-7)
    local l = sum(t * log(t / q))
    return l
  end,
}
