-- What images are made of, and what does not fit into them.
local x = Input{5, 6, 2}
Conv2D{4, {3, 3, 3}}(x)
Conv2D{4, {3, 0}}(x)
MaxPooling2D{"2"}(x)
ZeroPadding2D{{{1, 2}, {1, 2, 3}}}(x)
Conv2D{4, 3, padding = "causal"}(x)
UpSampling2D{2, interpolation = "bilinear"}(x)
return Model{inputs = x, outputs = Dense{2}(x)}

-- expect: 3: Conv2D: "kernel_size" must be a whole number, or two: along rows and columns, not a table
-- expect: 4: Conv2D: "kernel_size" item 2 must be a whole number between 1 and 16777216, not 0
-- expect: 5: MaxPooling2D: "pool_size" must be a whole number, or two: along rows and columns, not "2"
-- expect: 6: ZeroPadding2D: "padding" item 2 must have 1 to 2 items, not 3
-- expect: 7: Conv2D: "padding" must be "valid", "same", not "causal"
-- expect: 8: UpSampling2D: "interpolation" must be "nearest", not "bilinear"
