local optimizer = SGD{0.1, clipnorm = 1, clipvalue = 2, global_clipnorm = 3}
return Sequential{ Input{10, 3}, LSTM{4}, Dense{1}, loss = "mse", optimizer = optimizer }

-- expect: 1: SGD: clipnorm and clipvalue and global_clipnorm cannot be set together: choose one
