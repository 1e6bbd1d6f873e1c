local units = 3
assert(units > 3, "units must be more than 3")

-- expect: 2: units must be more than 3
