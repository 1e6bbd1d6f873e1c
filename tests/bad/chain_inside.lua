-- A Sequential inside of another layer is a chain of layers and nothing else.
return Sequential{ Input{3, 4, 2},
  TimeDistributed{Sequential{ Dense{3}, Flatten{}, loss = "mse" }},
  TimeDistributed{Sequential{ Input{3}, Dense{3} }},
  TimeDistributed{Sequential{}},
  Dense{2}, loss = "mse" }

-- expect: 3: Sequential: loss belongs to the whole model
-- expect: 4: TimeDistributed: "layer" must be a layer, like LSTM{8}, not a Sequential model with an Input, which follows from what it reads
-- expect: 5: TimeDistributed: "layer" must be a layer, like LSTM{8}, not a Sequential model without a layer
