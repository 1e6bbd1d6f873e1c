-- ctc.lua: keras.losses.CTC: minus the logarithm of the probability that a path through the steps, one class at each,
-- reads as the labels, repeats taken for one, then blanks left out.  Graves, Fernandez, Gomez & Schmidhuber 2006.
-- y: labels that end at the first blank; z: logits, as Keras has them, whatever the last activation is. Nothing is
-- divided by the number of labels. Steps that a mask leaves out are not there; labels that do not fit into the others
-- have the loss 0, and no gradient.
local NEVER = -1e30                       -- stands for the logarithm of 0: whatever is added to it leaves no trace

local function all_of(count, number)
  local n = axes "n"
  local v = tensor{ count }
  v[{ n }] = number
  return v
end

local function at(v, t)
  local one = tensor{}
  one[{}] = v[{ t }]
  return one
end

-- log(exp u + exp v + exp w), of values
local function log_of_sum(u, v, w)
  local most = max(u, v)
  if w then most = max(most, w) end
  most = stop(most)
  local total = exp(u - most) + exp(v - most)
  if w then total = total + exp(w - most) end
  local logarithm = log(total)
  return logarithm + most
end

-- Of each label whether it stands in front of the first blank, and whether it is the one before it once more.
local function read_labels(y, blank)
  local n, m = axes "n m"
  local blanks, within, repeats = tensor{ y.features }, tensor{ y.features }, tensor{ y.features }
  blanks[{ n }] = equal(y[{ m }], blank) * (1 - greater(m, n))
  within[{ n }] = equal(blanks[{ n }], 0)
  repeats[{ n }] = equal(y[{ n }], y[{ m }]) * equal(n, m + 1)
  return within, repeats
end

-- The logarithms of the probabilities of the blank, {steps}, and of the labels, {steps, labels}.
local function log_probabilities(y, z, blank)
  local t, n = axes "t n"
  local highest = stop(largest(z))
  local exponentials = exp(z - highest)
  local log_total = log(sum(exponentials))
  local of_blank, of_labels = tensor{ z.timesteps }, tensor{ z.timesteps, y.features }
  of_blank[{ t }] = z[{ t, blank }] - highest[{ t, 0 }] - log_total[{ t, 0 }]
  of_labels[{ t, n }] = z[{ t, y[{ n }] }] - highest[{ t, 0 }] - log_total[{ t, 0 }]
  return of_blank, of_labels
end

-- Of the paths through all steps that have read n labels: {labels + 1}. The states: of those through the steps so far
-- that end in a blank behind n labels, and of those that end in the last one of n labels: of none there is no path.
-- Both are kept near 0, where floats are fine; `scale` is what was taken from them.
local function log_paths(y, z, mask, blank, repeats)
  local count = y.features
  local of_blank, of_labels = log_probabilities(y, z, blank)
  local _, last = scan{ over = z.timesteps, state = { blank = { count + 1 }, label = { count + 1 }, scale = { 1 } },
    initial = { blank = pad(all_of(1, 0), 1, 0, count, NEVER), label = all_of(count + 1, NEVER) },
    step = function(t, s)
      local stay, enter = crop(s.label, 1, 1, 0), crop(s.blank, 1, 0, 1)
      local follow = crop(s.label, 1, 0, 1) + NEVER * repeats     -- only a blank parts a label from itself
      local to_label = log_of_sum(stay, enter, follow) + row(of_labels, t)
      local to_blank = log_of_sum(s.blank, s.label) + at(of_blank, t)
      local highest = stop(max(largest(to_label), largest(to_blank)))
      local label, blank = pad(to_label - highest, 1, 1, 0, NEVER), to_blank - highest
      local scale = s.scale + highest
      if mask then
        local counts = at(mask, t)
        label, blank = keep(counts, label) + keep(1 - counts, s.label), keep(counts, blank) + keep(1 - counts, s.blank)
        scale = keep(counts, scale) + keep(1 - counts, s.scale)
      end
      return { blank = blank, label = label, scale = scale }
    end }
  return log_of_sum(last.blank, last.label) + sum(last.scale)
end

local function blank_of(a, shape) return a.blank == "last" and shape[2] - 1 or 0 end

local function call(a, y, z, mask)
  local n, t = axes "n t"
  local blank = blank_of(a, z.shape)
  local within, repeats = read_labels(y, blank)
  local length, needed, steps = tensor{}, tensor{}, z.timesteps
  length[{}] = within[{ n }]
  needed[{}] = within[{ n }] + within[{ n }] * repeats[{ n }]      -- a step each, and one between those that repeat
  if mask then
    steps = tensor{}
    steps[{}] = mask[{ t }]
  end
  local paths, log_probability, k = log_paths(y, z, mask, blank, repeats), tensor{}, axes "k"
  log_probability[{}] = keep(equal(k, length), paths[{ k }])
  local l = keep(1 - greater(needed, steps), -log_probability)
  return l
end

return loss "ctc" {
  in_pytorch = "CTCLoss",
  class = "CTC", logits = "categorical", classes = true, target = "class", over = "sample",
  arguments = { { "labels", "size", false }, { "blank", "blank", 0 }, { "from_logits", "boolean", false } },
  target_shape = function(a, shape)
    if #shape ~= 2 then error("reads scores of classes at each step, {timesteps, classes}", 0) end
    return { a.labels or shape[1] }
  end,
  blank = blank_of,                       -- behind the labels of a target
  call = call, call_logits = call,
}
