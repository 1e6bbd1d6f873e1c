arg.units = 3
return Sequential{ Input{10, 3}, LSTM{arg.units or 4}, Dense{1}, loss = "mse" }

-- expect: 1: arg.units cannot be set: it comes from the command line
