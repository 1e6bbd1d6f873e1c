return Sequential{ Input{5, 3}, PReLU{shared_axes = {3}} }

-- expect: 1: PReLU: shared_axes: axis 3 is none of 1 to 2
