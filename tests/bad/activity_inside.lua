return Sequential{
  Input{5, 4, 3},
  TimeDistributed{Dense{2, activity_regularizer = "l2"}},
  Flatten{}, Dense{1}, loss = "mse",
}

-- expect: 3: TimeDistributed: what the outputs of Dense cost is not added up inside of another layer: write ActivityRegularization{l1 = , l2 = } behind it
