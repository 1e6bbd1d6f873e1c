return Sequential{ Input{5, 3}, Cropping1D{{3, 2}} }

-- expect: 1: Cropping1D: of 5 steps nothing is left
