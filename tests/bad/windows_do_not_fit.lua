-- A window is longer than what is left of a sequence.
return Sequential{ Input{5, 3}, Conv1D{4, 2}, MaxPooling1D{5} }

-- expect: 2: MaxPooling1D: a window of 5 places does not fit into 4
