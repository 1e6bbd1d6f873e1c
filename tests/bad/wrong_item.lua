return Sequential{
  Input{10, 3},
  LSTM,
  "Dense",
  nil,
  { Dense{3} },
  Adam(),
  loss = Huber, optimizer = RMSprop, data = "x.csv",
}

-- expect: 1: Sequential: item 2 is a function: call it, like LSTM{100}
-- expect: 1: Sequential: item 3 is "Dense", not a layer
-- expect: 1: Sequential: item 4 is nothing, not a layer
-- expect: 1: Sequential: item 5 is a table, not a layer
-- expect: 1: Sequential: item 6 is the optimizer Adam, not a layer
-- expect: 1: Sequential: "data" must be npy{...}, csv{...}, characters{...}, words{...}, lines{...}, wav{...}, ts{...}, multi_hot{...} or samples(...), not "x.csv"
-- expect: 1: Sequential: loss is a function: call it, like Huber()
-- expect: 1: Sequential: optimizer is a function: call it, like Adam()
