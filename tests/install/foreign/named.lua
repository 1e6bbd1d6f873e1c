return Sequential{ name = "pump", Input{4, 2}, GRU{5}, Dense{1}, loss = "mse" }
