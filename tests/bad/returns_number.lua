return 42

-- expect: 0: the description must return a Sequential model, not 42
