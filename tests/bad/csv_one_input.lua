csv{"a.csv", columns = { a = {}, b = {"x"} }, window = 4}
csv{"a.csv", columns = { a = {"x", 2}, b = {"x"} }, window = 4}
csv{"a.csv", columns = { "x", b = {"y"} }, window = 4}
return Sequential{ Input{4, 2, name = "series"}, LSTM{3}, Dense{1}, loss = "mse",
  data = csv{"a.csv", columns = { series = {"a", "b"} }, targets = "a", window = 4} }

-- expect: 1: csv: "columns" of "a" must be a list of names, not a table
-- expect: 2: csv: "columns" of "a" must be a list of names; 2 is not one
-- expect: 3: csv: "columns" must be a list; "b" has no place in it
-- expect: 5: csv: the model has one input: columns = {"a", "b"}
