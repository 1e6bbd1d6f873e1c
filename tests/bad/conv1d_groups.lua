-- Groups are equal parts of the channels and of the filters.
return Sequential{ Input{5, 3}, Conv1D{4, 2, groups = 2} }

-- expect: 2: Conv1D: groups must divide 3 channels and 4 filters
