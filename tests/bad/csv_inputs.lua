local series, weather = Input{4, 2, name = "series"}, Input{1, name = "weather"}
local y = Dense{1}(Concatenate{}{LSTM{3}(series), weather})
return Model{ inputs = {series, weather}, outputs = y, loss = "mse",
  data = csv{"a.csv", columns = { serie = {"a", "b"}, other = "c" }, window = 4, relative = true} }

-- expect: 4: csv: columns has none for the input series: series = {"a", "b"}
-- expect: 4: csv: columns has none for the input weather: weather = {"a", "b"}
-- expect: 4: csv: columns: "other" is no input of the model
-- expect: 4: csv: columns: "serie" is no input of the model (did you mean "series"?)
-- expect: 4: csv: relative is for models of one input: use normalization, or subtract in the table
