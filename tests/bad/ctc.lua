local blank = Sequential{ Input{5, 3}, LSTM{4, return_sequences = true}, Dense{3}, loss = CTC{blank = 1, lables = 3} }
return Sequential{ Input{5, 3}, LSTM{4, return_sequences = true}, Dense{3}, loss = "ctc", metrics = {"accuracy"},
  data = wav{"recordings", label = 1, sample_rate = 8000, join = {7, 3}, gap = 0.1} }

-- expect: 1: CTC: "blank" must be 0 or "last", the last class of the output, not 1
-- expect: 1: CTC: unknown argument "lables" (did you mean "labels"?)
-- expect: 2: Sequential: metric "accuracy" does not fit the targets of loss "ctc", which have a shape of their own (define one: metric "name" { call = function(y, p) ... end })
-- expect: 3: wav: "join" must be how many recordings, the fewest and the most, like {3, 7}, up to 100, not a table
