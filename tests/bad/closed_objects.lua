-- Nothing of an object can be read or changed: what a description holds are handles.
local l = LSTM{4}
l.definition.name = "*/ int evil; /*"
l.units = 8
l[1] = 3
EarlyStopping{}.arguments.filepath = "/tmp/x"
Adam{}.definition.kind = nil
samples{function(random) end}.kind = nil
print(csv.kind)

-- expect: 3: the layer LSTM has no field "definition": its arguments are set where it is made
-- expect: 4: the layer LSTM cannot be changed: its arguments are set where it is made
-- expect: 5: the layer LSTM cannot be changed: its arguments are set where it is made
-- expect: 6: the callback EarlyStopping has no field "arguments": its arguments are set where it is made
-- expect: 7: the optimizer Adam has no field "definition": its arguments are set where it is made
-- expect: 8: the data samples{...} cannot be changed: its arguments are set where it is made
-- expect: 9: attempt to index a function value (global 'csv')
