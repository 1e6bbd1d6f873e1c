-- Without an Input nobody knows what it reads.
return Sequential{ Conv2D{4, 3}, Flatten{}, Dense{2} }

-- expect: 2: Conv2D: the first layer needs the shape of the input (write Input{height, width, channels} before it)
