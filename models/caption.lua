-- caption.lua: a picture described in words: "large dark triangle at the bottom left".
--
-- A vector that describes the picture is given to an LSTM at each step, and the LSTM says one word at each: the way a
-- caption is made of the features of a real image (Vinyals et al. 2015), here of a dense layer's. The state knows how
-- far the sentence has come; "at the left" and "in the middle" are shorter than "at the top left", and . fills up.
--
-- Data: drawn below: 16 x 16 pixels with noise; one of four shapes, in two sizes, two shades of grey and nine places,
-- 144 captions in all.
-- Expect: sequence_accuracy on held-out pictures, the share of captions that are right in every word, >= 0.9; guessing:
-- 1/144. Seen, seeds 1, 2, 3: 0.938, 0.939, 0.923.

local SIDE, WORDS = 16, 7
local vocabulary = { ".", "small", "large", "light", "dark", "square", "disc", "triangle", "cross", "at", "in", "the",
                     "top", "bottom", "left", "right", "middle" }
local id = {}
for i, word in ipairs(vocabulary) do id[word] = i - 1 end

-- Whether a point is inside a shape; u and v are its distances from the centre to the right and downwards, by the
-- shape's radius.
local shapes = {
  { "square",   function(u, v) return math.max(math.abs(u), math.abs(v)) <= 1 end },
  { "disc",     function(u, v) return u * u + v * v <= 1 end },
  { "triangle", function(u, v) return v <= 0.8 and math.abs(u) <= (v + 1) * 0.55 end },
  { "cross",    function(u, v)
    return math.min(math.abs(u), math.abs(v)) <= 0.3 and math.max(math.abs(u), math.abs(v)) <= 1
  end },
}
local sizes = { { "small", 2.5 }, { "large", 4 } }
local shades = { { "light", 0.4 }, { "dark", 0.8 } }
local rows = { { "top", 4.5 }, { nil, 8.5 }, { "bottom", 12.5 } }
local columns = { { "left", 4.5 }, { nil, 8.5 }, { "right", 12.5 } }

local function between(random, low, high) return low + (high - low) * random() end

local function place(row, column)
  if not row and not column then return { "in", "the", "middle" } end
  local words = { "at", "the" }
  words[#words + 1] = row
  words[#words + 1] = column
  return words
end

local function picture(random)
  local shape, size, shade = shapes[random(#shapes)], sizes[random(2)], shades[random(2)]
  local row, column = rows[random(3)], columns[random(3)]
  local radius = size[2] * between(random, 0.9, 1.1)
  local x0, y0 = column[2] + between(random, -0.6, 0.6), row[2] + between(random, -0.6, 0.6)
  local pixels, words = {}, { id[size[1]], id[shade[1]], id[shape[1]] }
  for y = 1, SIDE do
    for x = 1, SIDE do
      local ink = shape[2]((x - x0) / radius, (y - y0) / radius) and shade[2] or 0
      pixels[#pixels + 1] = ink + between(random, -0.15, 0.15)
    end
  end
  for _, word in ipairs(place(row[1], column[1])) do words[#words + 1] = id[word] end
  while #words < WORDS do words[#words + 1] = id["."] end
  return pixels, words
end

return Sequential{ name = "caption",
  Input{SIDE * SIDE}, Dense{64, activation = "relu"}, RepeatVector{WORDS}, LSTM{64, return_sequences = true},
  Dense{#vocabulary, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = Adam{learning_rate = 2e-3, global_clipnorm = 1.0},
  metrics = {"accuracy", "sequence_accuracy"},
  data = samples{picture, samples = 24576, validation_samples = 2048, labels = vocabulary},
  batch_size = 32, epochs = 10,
}
