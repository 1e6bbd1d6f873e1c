-- What follows from the sizes.
return Sequential{ Input{5, 6, 2}, Conv2D{4, {3, 7}}, Dense{2} }

-- expect: 2: Conv2D: a window of 7 places does not fit into 6
