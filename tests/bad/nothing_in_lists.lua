-- `condition and item or nil` leaves a hole in a list: said, wherever there is a list.
local f = false
local a = Sequential{ Input{10, 3}, f and Dropout{0.1} or nil, LSTM{4}, Dense{1}, loss = "mse",
  callbacks = { f and CSVLogger{"a.csv"} or nil, EarlyStopping{} }, metrics = { nil, "mae" } }
local b = csv{"a.csv", columns = { nil, "b" }, window = 3, horizon = { nil, 2 }}
local c = lines{{ nil, "a.txt" }, labels = { "a", nil, "b" }, text = 1, label = 2}
local d = PiecewiseConstantDecay{{ nil, 2 }, { 1, nil, 3 }}
local e = layer "E" { arguments = { nil, { "units", "size" } }, call = function(a, w, x) return x end }
local g = recurrent "G" { arguments = { { "units", "size" } }, state = { "h", nil, "c" }, step = function(a, w, x, s) return s end }
return a

-- expect: 3: Sequential: item 2 is nothing, not a layer
-- expect: 3: Sequential: "metrics" must be a list; its item 1 is nothing
-- expect: 3: Sequential: "callbacks" must be a list; its item 1 is nothing
-- expect: 5: csv: "columns" must be a list; its item 1 is nothing
-- expect: 5: csv: "horizon" must be a list; its item 1 is nothing
-- expect: 6: lines: "files" must be a list; its item 1 is nothing
-- expect: 6: lines: "labels" must be a list; its item 2 is nothing
-- expect: 7: PiecewiseConstantDecay: "boundaries" must be a list; its item 1 is nothing
-- expect: 7: PiecewiseConstantDecay: "values" must be a list; its item 2 is nothing
-- expect: 8: layer "E": arguments must be a list; its item 1 is nothing
-- expect: 9: recurrent "G": needs state = {"h"}, the names of its states
