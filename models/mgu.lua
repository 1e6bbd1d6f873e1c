-- mgu.lua: a recurrent cell of one's own: the minimal gated unit (Zhou, Wu, Zhang & Zhou 2016): one gate f both forgets
-- and resets.
--
-- The mathematics below is all that is needed: lstmc derives the backward pass, specialises both, and `lstmc check
-- models/mgu.lua` holds the derivative against finite differences.
--
-- Data: drawn below: numbers in [-1, 1) and a marker; at the end, the number that stood at the marker, 30 steps at most
-- before.
-- Expect: a held-out mean squared error below 0.01; always saying 0 costs 1/3.

local MGU = recurrent "MGU" {
  arguments = { { "units", "size" }, { "activation", "activation", "tanh" },
                { "recurrent_activation", "activation", "sigmoid" },
                { "kernel_initializer", "initializer", "glorot_uniform" },
                { "recurrent_initializer", "initializer", "orthogonal" } },
  state   = { "h" },
  weights = function(a, x)
    return { kernel           = weight({ x.features, 2 * a.units }, a.kernel_initializer),
             recurrent_kernel = weight({ a.units, 2 * a.units }, a.recurrent_initializer),
             bias             = weight({ 2 * a.units }, Ones()) }
  end,
  step    = function(a, w, x, s)
    local p = affine(x, w.kernel, w.bias)
    local p_f, p_h = gates(p, 2)
    local U_f, U_h = gates(w.recurrent_kernel, 2)
    local f = a.recurrent_activation(p_f + affine(s.h, U_f))
    local m = f * s.h
    local candidate = a.activation(p_h + affine(m, U_h))
    return { h = (1 - f) * s.h + f * candidate }
  end,
}

local T = 30

local function recall(random)
  local x, marked = {}, random(T)
  local y
  for t = 1, T do
    local number = 2 * random() - 1
    x[t] = { number, t == marked and 1 or 0 }
    if t == marked then y = number end
  end
  return x, { y }
end

return Sequential{ name = "mgu",
  Input{T, 2}, MGU{24}, Dense{1},
  loss = "mse", optimizer = Adam{learning_rate = 0.005, global_clipnorm = 1.0}, metrics = {"mae"},
  data = samples{recall, samples = 8192, validation_samples = 1024},
  batch_size = 32, epochs = 10,
}
