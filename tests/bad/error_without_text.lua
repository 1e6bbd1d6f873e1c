error{}

-- expect: 1: error was called with a table instead of a message
