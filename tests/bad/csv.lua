local columns = {"a"}
csv{"a.csv", columns = columns, window = 4, horizon = {1, "2"}}
csv{"a.csv", columns = columns, window = 4, horizon = {6, 1}}
csv{"a.csv", columns = columns, window = 4, horizon = {}}
csv{"a.csv", columns = columns, window = 4, horizon = 0}
csv{"a.csv", columns = columns, window = 4, missing = "zero"}
csv{"a.csv", columns = columns, targets = "b", relative = true}
csv{"a.csv", columns = columns, targets = "b", window = 4, horizon = 0, relative = true}
csv{"a.csv", columns = columns, window = 4, validation = "b.csv", split = 0.5}
csv{"a.csv", columns = columns, window = 4, validation = "b.csv", validation_remaining = "c.txt"}
csv{"a.csv", columns = columns, window = 4, last_only = true, treshold = 30}
csv{"a.csv", columns = columns, window = 4, last_only = true, at_most = "30"}
csv{"a.csv", columns = columns, window = 4, last_only = true}
csv{"a.csv", columns = columns, window = 4, above = 30}
csv{"a.csv", columns = columns, window = 4, at_most = 31, above = 30}
samples{function(random) end, labels = {1, 2}}
return Sequential{ Input{4, 1}, LSTM{4}, Dense{1}, loss = "mse" }

-- expect: 2: csv: "horizon" must be a whole number or a list of them, not "2"
-- expect: 3: csv: "horizon" must ascend: 1 does not belong behind 6
-- expect: 4: csv: "horizon" must be a whole number or a list of them, like {1, 6, 12}
-- expect: 5: csv: "targets" must be given, or a window for a forecast of the columns themselves
-- expect: 6: csv: "missing" must be "error", "drop", "previous" or "interpolate", not "zero"
-- expect: 7: csv: "relative" needs a window, and a horizon from 1
-- expect: 8: csv: "relative" needs a window, and a horizon from 1
-- expect: 9: csv: "split" needs no "validation", which is what is held out
-- expect: 10: csv: "validation_remaining" needs "validation" and "group"
-- expect: 11: csv: unknown argument "treshold"
-- expect: 12: csv: "at_most" must be a number, not "30"
-- expect: 13: csv: "last_only" needs "group"
-- expect: 14: csv: "above" needs an "at_most" that is not beyond it
-- expect: 15: csv: "above" needs an "at_most" that is not beyond it
-- expect: 16: samples: "labels" must be a list of names; 1 is not one
