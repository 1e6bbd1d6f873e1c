return Sequential{ Input{5, 3}, Dense{3, activation = "softmax"},
  loss = "ctc", metrics = {"sparse_categorical_accuracy", "label_error_rate"},
  data = wav{"recordings", label = 1, sample_rate = 8000, samples = 5, validation_samples = 3, gap = 0.1} }

-- expect: 1: Sequential: metric "sparse_categorical_accuracy" does not fit the targets of loss "ctc", which have a shape of their own (define one: metric "name" { call = function(y, p) ... end })
-- expect: 3: wav: "samples" is of strings of recordings, join = {3, 7}
-- expect: 3: wav: "validation_samples" is of strings of recordings, join = {3, 7}
-- expect: 3: wav: "gap" is of strings of recordings, join = {3, 7}
