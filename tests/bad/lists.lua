return Sequential{ Input{5, 3}, Permute{2}, Reshape{{-1, -1}}, ZeroPadding1D{{1, 2, 3}}, Permute{{0}} }

-- expect: 1: Reshape: "target_shape" item 2 is a second -1
-- expect: 1: ZeroPadding1D: "padding" must have 1 to 2 items, not 3
-- expect: 1: Permute: "dims" item 1 must be a whole number from 1 to 4, not 0
-- expect: 1: Permute: dims must be the axes 1 to 2 of {5, 3} in some order
