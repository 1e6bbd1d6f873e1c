-- sentiment.lua: is a film review positive? The Keras example, line by line.
--
-- Data: ../shared/data/imdb-ids: 25,000 reviews to train, 10,000 to test, as word ids, the last 200 words of each,
-- padded in front; the 5,000 most frequent words keep their id, the others become 2, "out of vocabulary".
-- Expect: a test accuracy (val_binary_accuracy) of 0.84 to 0.87 from the first epoch on; seen: 0.854 and 0.869 after
-- one epoch, 0.871 after three.
--
-- lengths=true: what is padding is no step. 80 % of the steps are words. Of batches from all reviews (buckets=1) some
-- row needs each step, and a training step takes 1.05 of the time without masks; of those from 20 buckets of similar
-- length, as here, 82 % of the steps are computed, in 0.86 of the time (60 % in 0.66, 30 % in 0.42). Test accuracy
-- 0.862 and 0.861 after one epoch, seeds 1 and 2.

local lengths = arg.lengths == true
local files = "../../shared/data/imdb-ids/"

local model = Sequential()
model:add(Input{200, lengths = lengths})
model:add(Embedding{5000, 32})
model:add(LSTM{100})
model:add(Dense{1, activation = "sigmoid"})
model:compile{loss = "binary_crossentropy", optimizer = "adam", metrics = {"accuracy"}}
model:fit{
  data = npy{x = files .. "train_x.npy", y = files .. "train_y.npy", validation_x = files .. "test_x.npy",
             validation_y = files .. "test_y.npy", vocabulary = 5000, unknown = 2,
             padding = lengths and "pre" or nil},
  buckets = lengths and (arg.buckets or 20) or 1,
  batch_size = 64, epochs = 3,
}
return model
