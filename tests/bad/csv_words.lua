return Sequential{ Input{4, 1}, LSTM{2}, Dense{1}, loss = "mse",
  data = csv{"x.csv", colums = {"a"}, columns = {"value"}, window = 4, sep = ";", decimal = ",", lookback = 3, skiprows = 1,
             test_size = 0.2, missing = "skip", header = 3} }

-- expect: 2: csv: unknown argument "sep": cells are separated by , ; tab | or blanks, whatever the first line has
-- expect: 2: csv: unknown argument "decimal": numbers have a decimal point
-- expect: 2: csv: unknown argument "skiprows": nothing may stand before the line of names
-- expect: 2: csv: unknown argument "lookback": write window
-- expect: 2: csv: unknown argument "test_size": write split, the fraction that trains
-- expect: 2: csv: "missing" must be "error", "drop", "previous" or "interpolate", not "skip"
-- expect: 2: csv: "header" must be true (the first line is names) or false (it is not), not 3
-- expect: 2: csv: unknown argument "colums" (did you mean "columns"?)
