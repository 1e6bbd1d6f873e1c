-- meter.lua: what a meter says: four digits of a seven-segment display, read off a picture of it.
--
-- Two convolutions look at the picture, and what they make of it is cut into four columns, which a cell reads from both
-- ends: a convolutional recurrent network (Shi, Bai & Yao 2015), the usual reader of lines of text. The picture lies on
-- its side, so that its first axis, time, runs along the digits; those stand not quite where they should, and reach
-- into each other's columns.
--
-- Data: drawn below: 32 x 14 pixels with noise, the digits lighter or darker, moved by up to two pixels as a whole and
-- by up to one each.
-- Expect: sequence_accuracy on held-out pictures, the share of numbers that are right in every digit, >= 0.98;
-- guessing: 1/10000. Seen: 0.998.

local DIGITS, WIDTH, HEIGHT = 4, 32, 14

-- Which segments are lit: top, upper left and right, middle, lower left and right, bottom.
local lit = { "1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111",
              "1111011" }
-- Where they lie, from the left and the top: column, row, width, height.
local segments = { { 1, 0, 3, 1 }, { 0, 1, 1, 3 }, { 4, 1, 1, 3 }, { 1, 4, 3, 1 }, { 0, 5, 1, 3 }, { 4, 5, 1, 3 },
                   { 1, 8, 3, 1 } }

local function draw(picture, digit, left, top, light)
  for s, place in ipairs(segments) do
    if string.sub(lit[digit + 1], s, s) == "1" then
      for column = left + place[1], left + place[1] + place[3] - 1 do
        for row = top + place[2], top + place[2] + place[4] - 1 do
          picture[column * HEIGHT + row + 1] = picture[column * HEIGHT + row + 1] + light
        end
      end
    end
  end
end

local function reading(random)
  local picture, digits = {}, {}
  for pixel = 1, WIDTH * HEIGHT do picture[pixel] = 0.3 * (random() - 0.5) end
  local left, top, light = random(3), random(4), 0.4 + 0.6 * random()
  for d = 1, DIGITS do
    digits[d] = random(10) - 1
    draw(picture, digits[d], 7 * (d - 1) + left + random(2) - 1, top, light)
  end
  return picture, digits
end

return Sequential{ name = "meter",
  Input{WIDTH, HEIGHT, 1},
  Conv2D{8, 3, padding = "same", activation = "relu"}, MaxPooling2D{2},
  Conv2D{16, 3, padding = "same", activation = "relu"}, MaxPooling2D{{4, 2}, padding = "same"},
  Reshape{DIGITS, -1}, Bidirectional{GRU{24, return_sequences = true}}, Dense{10, activation = "softmax"},
  loss = "sparse_categorical_crossentropy", optimizer = Adam{learning_rate = 3e-3, global_clipnorm = 1.0},
  metrics = {"accuracy", "sequence_accuracy"},
  data = samples{reading, samples = 8192, validation_samples = 1024},
  batch_size = 32, epochs = 6,
}
