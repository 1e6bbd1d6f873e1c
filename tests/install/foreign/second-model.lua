return Sequential{ Input{4, 1}, LSTM{arg.units}, Dense{1} }
