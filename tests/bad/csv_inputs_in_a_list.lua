local series, weather = Input{4, 2, name = "series"}, Input{1, name = "weather"}
local y = Dense{1}(Concatenate{}{LSTM{3}(series), weather})
return Model{ inputs = {series, weather}, outputs = y, loss = "mse",
  data = csv{"a.csv", columns = {"a", "b", "c"}, window = 4} }

-- expect: 4: csv: the model has several inputs: columns = { series = {"a", "b"}, ... }
