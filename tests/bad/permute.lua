return Sequential{ Input{5, 3}, Permute{{2, 2}} }

-- expect: 1: Permute: dims must be the axes 1 to 2 of {5, 3} in some order
