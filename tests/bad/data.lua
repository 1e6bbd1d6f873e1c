local model = Sequential{ Input{10, 1}, LSTM{4}, Dense{1}, loss = "mse" }
npy{x = "a.npy"}
npy{x = "a.npy", y = 3, vocabulary = -1}
csv{"a.csv", columns = {1, 2}, window = 0, horizon = -1, normalization = "standart", split = 2}
csv{"a.csv", columns = "a"}
characters{"a.txt"}
samples(3)
samples{function(random) end, sample = 3, validation_samples = 0}
model:fit{data = {}}
return model

-- expect: 2: npy: missing argument "y"
-- expect: 3: npy: "y" must be a string, not 3
-- expect: 3: npy: "vocabulary" must be a whole number between 1 and 16777216, not -1
-- expect: 4: csv: "columns" must be a list of names; 1 is not one
-- expect: 4: csv: "window" must be a whole number between 1 and 16777216, not 0
-- expect: 4: csv: "horizon" must be a whole number or a list of them, not -1
-- expect: 4: csv: "normalization" must be "none", "standard" or "minmax", not "standart"
-- expect: 4: csv: "split" must be between 0 and 1, not 2
-- expect: 5: csv: "targets" must be given, or a window for a forecast of the columns themselves
-- expect: 6: characters: missing argument "window"
-- expect: 7: samples: "generate" must be a function(random) that returns x and y, not 3
-- expect: 8: samples: "validation_samples" must be a whole number between 1 and 16777216, not 0
-- expect: 8: samples: unknown argument "sample" (did you mean "samples"?)
-- expect: 9: Sequential: "data" must be npy{...}, csv{...}, characters{...} or samples(...), not a table
