local dense = Dense{4}
return Sequential{
  Input{10}, dense, dense, Dense{1}, loss = "mse" }

-- expect: 2: Dense: the same layer object is added twice: make a second one
