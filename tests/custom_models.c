/* custom_models.c: what can be said in index notation, as one text of Lua. */
#include "custom_models.h"

#include "oracles.h"

static const char *const definitions[] = {
    /* strides and dilation are affine indices; valid padding */
    "local Convolution = layer 'Convolution' {\n"
    "  arguments = { { 'filters', 'size' }, { 'kernel_size', 'size' }, { 'strides', 'size', 1 }, { 'dilation', 'size', 1 } },\n"
    "  over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { (x.timesteps - a.dilation * (a.kernel_size - 1) - 1) // a.strides + 1, a.filters } end,\n"
    "  weights = function(a, x) return { kernel = weight({ a.kernel_size, x.features, a.filters }), bias = weight{ a.filters } } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, f, k, c = axes 't f k c'\n"
    "    local y = tensor{ (x.timesteps - a.dilation * (a.kernel_size - 1) - 1) // a.strides + 1, a.filters }\n"
    "    y[{ t, f }] = w.kernel[{ k, c, f }] * x[{ t * a.strides + k * a.dilation, c }] + w.bias[{ f }]\n"
    "    return y\n"
    "  end }\n",
    /* a maximum over windows and, of its terms, a computed expression */
    "local Pooling = layer 'Pooling' {\n"
    "  arguments = { { 'size', 'size' }, { 'slope', 'number', 1 } },\n"
    "  over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { x.timesteps // a.size, x.features } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, k, c = axes 't k c'\n"
    "    local window = tensor{ x.timesteps // a.size, a.size, x.features }\n"
    "    window[{ t, k, c }] = x[{ t * a.size + k, c }] * a.slope\n"
    "    local y = tensor{ x.timesteps // a.size, x.features }\n"
    "    y[{ t, c }] = largest(window[{ t, k, c }])\n"
    "    return y\n"
    "  end }\n",
    /* softmax over time of learned scores, then the weighted mean of the sequence */
    "local Attention = layer 'Attention' {\n"
    "  arguments = {},\n"
    "  over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { x.features } end,\n"
    "  weights = function(a, x) return { query = weight({ x.features }, 'ones'), scale = weight({ 1 }, 'ones') } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, s, k, c = axes 't s k c'\n"
    "    local score = tensor{ x.timesteps }\n"
    "    score[{ t }] = x[{ t, k }] * w.query[{ k }]\n"
    "    local highest = largest(score)\n"
    "    local e = exp(score - stop(highest))\n"
    "    local total = sum(e)\n"
    "    local y = tensor{ x.features }\n"
    "    y[{ c }] = e[{ s }] / total[{}] * x[{ s, c }] * w.scale[{ 0 }]\n"
    "    return y\n"
    "  end }\n",
    /* part of it depends on the weights alone, through a transcendental function and a sum */
    "local Squashed = layer 'Squashed' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  shape = function(a, x) return { a.units } end,\n"
    "  weights = function(a, x) return { kernel = weight({ x.features, a.units }), gain = weight{ a.units } } end,\n"
    "  call = function(a, w, x)\n"
    "    local k, n, m = axes 'k n m'\n"
    "    local bounded = tanh(w.kernel)\n"
    "    local length = tensor{ a.units }\n"
    "    length[{ n }] = bounded[{ m, n }] * bounded[{ m, n }] + 0.1\n"
    "    local y = affine(x, bounded) * exp(w.gain) / sqrt(length + 1)\n"
    "    return y\n"
    "  end }\n",
    /* axes as numbers, and the triangle t >= s by a comparison */
    "local Positions = layer 'Positions' {\n"
    "  arguments = {},\n"
    "  over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { x.timesteps, x.features } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, s, c = axes 't s c'\n"
    "    local y = tensor{ x.timesteps, x.features }\n"
    "    y[{ t, c }] = greater(t + 1, s) * x[{ s, c }] / (t + 1) + 0.1 * c\n"
    "    return y\n"
    "  end }\n",
    /* attention to what came before: positions along both axes of a score, a product of two values */
    "local Causal = layer 'Causal' {\n"
    "  arguments = { { 'units', 'size' } }, over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { x.timesteps, a.units } end,\n"
    "  layers = function(a) return { query = Dense{ a.units }, key = Dense{ a.units }, value = Dense{ a.units } } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, s, n = axes 't s n'\n"
    "    local q, k, v = w.query(x), w.key(x), w.value(x)\n"
    "    local score = tensor{ x.timesteps, x.timesteps }\n"
    "    score[{ t, s }] = q[{ t, n }] * k[{ s, n }] - 1000 * greater(s, t) - 0.01 * (2 * t - s) * equal(s, t)\n"
    "    local highest = tensor{ x.timesteps }\n"
    "    highest[{ t }] = largest(score[{ t, s }])\n"
    "    local e = tensor{ x.timesteps, x.timesteps }\n"
    "    e[{ t, s }] = exp(score[{ t, s }] - stop(highest)[{ t }])\n"
    "    local total = tensor{ x.timesteps }\n"
    "    total[{ t }] = e[{ t, s }] * 1.0\n"
    "    local y = tensor{ x.timesteps, a.units }\n"
    "    y[{ t, n }] = e[{ t, s }] / total[{ t }] * v[{ s, n }]\n"
    "    return y\n"
    "  end }\n",
    /* one number for all, dropout inside */
    "local Scaled = layer 'Scaled' {\n"
    "  arguments = { { 'rate', 'rate', 0.25 } },\n"
    "  weights = function(a, x) return { gain = weight({ 1 }, 'ones') } end,\n"
    "  call = function(a, w, x)\n"
    "    local n = axes 'n'\n"
    "    local y = tensor{ x.features }\n"
    "    local noisy = x * noise(a.rate)\n"
    "    y[{ n }] = noisy[{ n }] * w.gain[{ 0 }]\n"
    "    return y\n"
    "  end }\n",
    /* Gers & Schmidhuber 2000: the gates see the cell */
    "local Peephole = recurrent 'Peephole' {\n"
    "  arguments = { { 'units', 'size' }, { 'activation', 'activation', 'tanh' } },\n"
    "  state = { 'h', 'c' },\n"
    "  weights = function(a, x)\n"
    "    return { kernel = weight{ x.features, 4 * a.units }, recurrent_kernel = weight{ a.units, 4 * a.units },\n"
    "             bias = weight{ 4 * a.units }, peephole = weight({ 3, a.units }, 'ones') }\n"
    "  end,\n"
    "  step = function(a, w, x, s)\n"
    "    local z = affine(x, w.kernel, w.bias) + affine(s.h, w.recurrent_kernel)\n"
    "    local z_i, z_f, z_g, z_o = gates(z, 4)\n"
    "    local i = sigmoid(z_i + s.c * row(w.peephole, 0))\n"
    "    local f = sigmoid(z_f + s.c * row(w.peephole, 1))\n"
    "    local c = f * s.c + i * a.activation(z_g)\n"
    "    local o = sigmoid(z_o + c * row(w.peephole, 2))\n"
    "    return { h = o * a.activation(c), c = c }\n"
    "  end }\n",
    "local Minimal = recurrent 'Minimal' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  state = { 'h' },\n"
    "  weights = function(a, x)\n"
    "    return { kernel = weight{ x.features, 2 * a.units }, recurrent_kernel = weight{ a.units, 2 * a.units }, bias = weight{ 2 * a.units } }\n"
    "  end,\n"
    "  step = function(a, w, x, s)\n"
    "    local p = affine(x, w.kernel, w.bias)\n"
    "    local p_f, p_h = gates(p, 2)\n"
    "    local U_f, U_h = gates(w.recurrent_kernel, 2)\n"
    "    local f = sigmoid(p_f + affine(s.h, U_f))\n"
    "    local m = f * s.h\n"
    "    local candidate = tanh(p_h + affine(m, U_h))\n"
    "    return { h = (1 - f) * s.h + f * candidate }\n"
    "  end }\n",
    /* both states are the same value */
    "local Twin = recurrent 'Twin' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  state = { 'h', 'copy' },\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units }, recurrent_kernel = weight{ a.units, a.units } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local h = tanh(affine(x, w.kernel) + affine(s.copy, w.recurrent_kernel) + 0.5 * s.h)\n"
    "    return { h = h, copy = h }\n"
    "  end }\n",
    /* one state moves into the other, one is handed on unchanged */
    "local Frozen = recurrent 'Frozen' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  state = { 'h', 'before', 'still' },\n"
    "  weights = function(a, x) return { kernel = weight{ x.features, a.units } } end,\n"
    "  step = function(a, w, x, s)\n"
    "    local h = tanh(affine(x, w.kernel) + 0.5 * s.h - 0.25 * s.before + s.still)\n"
    "    return { h = h, before = s.h, still = s.still }\n"
    "  end }\n",
    /* the output never changes; its weight gets no gradient */
    "local Idle = recurrent 'Idle' {\n"
    "  arguments = { { 'units', 'size' } },\n"
    "  state = { 'h' },\n"
    "  step = function(a, w, x, s) return { h = s.h } end }\n", NULL };

char *custom_description(Arena *arena, const char *inside)
{
    Out text = { 0 };
    for (int i = 0; definitions[i]; i++)
        put_raw(&text, definitions[i]);
    put_raw(&text, oracle_description(arena, inside));
    char *copy = arena_copy_text(arena, text.text);
    out_free(&text);
    return copy;
}
