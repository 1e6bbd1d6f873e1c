-- sentiment.lua: is a film review positive? The Keras example, line by line.
--
-- Data: ../shared/data/imdb-ids: 25,000 reviews to train, 10,000 to test, as word ids, the last 200 words of each,
-- padded in front; the 5,000 most frequent words keep their id, the others become 2, "out of vocabulary".
-- Expect: a test accuracy (val_binary_accuracy) of 0.84 to 0.87 from the first epoch on; seen: 0.854 and 0.869 after
-- one epoch, 0.871 after three.

local model = Sequential()
model:add(Embedding{5000, 32, input_length = 200})
model:add(LSTM{100})
model:add(Dense{1, activation = "sigmoid"})
model:compile{loss = "binary_crossentropy", optimizer = "adam", metrics = {"accuracy"}}
model:fit{
  data = npy{x = "../../shared/data/imdb-ids/train_x.npy", y = "../../shared/data/imdb-ids/train_y.npy",
             validation_x = "../../shared/data/imdb-ids/test_x.npy",
             validation_y = "../../shared/data/imdb-ids/test_y.npy",
             vocabulary = 5000, unknown = 2},
  batch_size = 64, epochs = 3,
}
return model
