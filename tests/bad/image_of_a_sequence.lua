-- A sequence is no image, and an image no sequence.
return Sequential{ Input{5, 6}, Conv2D{4, 3}, Dense{2} }

-- expect: 2: Conv2D: needs an image {height, width, channels}, but input gives {5, 6} (Reshape, or Input{height, width, channels}, makes one)
