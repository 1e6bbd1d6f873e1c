return Sequential

-- expect: 0: the description must return a Sequential model, not a function
