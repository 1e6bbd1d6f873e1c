return Sequential{ Input{1000, 30}, LSTM{100}, Dense{1}, loss = "mse", batch_size = 4096 }

-- expect: 0: struct too_large_tape_tape would be larger than 2 GB with 2048 rows a tape: choose a smaller batch_size, or more shards
