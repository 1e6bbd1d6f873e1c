-- Windows that do not fit, paddings and sizes that are none.
local m = Sequential()
m:add(Input{5, 3})
m:add(Conv1D{4, 3, padding = "full"})
m:add(MaxPooling1D{{2, 2}})
m:add(AveragePooling1D{2, padding = "causal"})
m:add(Conv1D{4, 0, data_format = "channels_first"})
return m

-- expect: 4: Conv1D: "padding" must be "valid", "same", "causal", not "full"
-- expect: 5: MaxPooling1D: "pool_size" must be a whole number, not a table
-- expect: 6: AveragePooling1D: "padding" must be "valid", "same", not "causal"
-- expect: 7: Conv1D: "kernel_size" must be a whole number between 1 and 16777216, not 0
-- expect: 7: Conv1D: "data_format" must be "channels_last", not "channels_first"
