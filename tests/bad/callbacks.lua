return Sequential{
  Input{10, 3}, LSTM{4}, Dense{1}, loss = "mse",
  callbacks = { EarlyStopping, ReduceLROnPlateau{} },
  class_weight = { yes = 1 },
}

-- expect: 1: Sequential: "callbacks" must be a list of callbacks; a function is not one (call it, like EarlyStopping())
-- expect: 1: Sequential: "class_weight" must name classes from 0; "yes" is none
