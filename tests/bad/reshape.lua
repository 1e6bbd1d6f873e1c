return Sequential{ Input{5, 3}, Reshape{{4, -1}} }

-- expect: 1: Reshape: {5, 3} has 15 numbers, which do not fill {4, -1}
