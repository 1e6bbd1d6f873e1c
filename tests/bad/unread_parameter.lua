-- parameters: unit=3 epochs=4
return Sequential{ Input{10, 3}, LSTM{arg.units or 4}, Dense{1}, loss = "mse", epochs = arg.epochs }

-- expect: 0: parameter unit is never read by the description (did you mean "units"?)
