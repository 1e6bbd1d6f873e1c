-- A name that nobody knows is reported where it stands; the mistakes behind it are still seen, and nothing follows from it.
local units = UNITS
local cell = LTSM
for i, v in ipairs(LAYERS) do print(v) end
if Threshold > 3 then print "large" end
return Sequential{
  Input{10, units},
  cell{units * 2 + 1, return_sequences = true},
  GRUU{4},
  Dense{1, activation = "sigmod"},
  loss = "msee",
}

-- expect: 2: UNITS: unknown layer or object
-- expect: 3: LTSM: unknown layer or object (did you mean "LSTM"?)
-- expect: 4: LAYERS: unknown layer or object (did you mean "layer"?)
-- expect: 5: Threshold: unknown layer or object (did you mean "ThresholdedReLU"?)
-- expect: 6: Sequential: unknown loss "msee" (did you mean "mse"?)
-- expect: 9: GRUU: unknown layer or object (did you mean "GRU"?)
-- expect: 10: Dense: unknown activation "sigmod" (did you mean "sigmoid"?)
