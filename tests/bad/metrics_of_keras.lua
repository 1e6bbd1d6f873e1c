-- Objects of metrics: what they cannot be given, and what does not go with an output.
local x = Input{3}
return Model{ inputs = x, outputs = {Dense{3, activation = "softmax", name = "kind"}(x), Dense{1, name = "size"}(x)},
  loss = {kind = "sparse_categorical_crossentropy", size = "mse"},
  metrics = {
    kind = {AUC{}, "perplexity", TopKCategoricalAccuracy{2}},
    size = {Precision{{0.2, 0.7}}, Recall{thresholds = 2}, AUC{num_thresholds = 1, curve = "roc", multi_label = true},
            F1Score{}, "f1_score", RootMeanSquaredError{name = "error"}, "perplexity"} } }

-- expect: 3: Model: metric "f1_score" without a threshold takes every prediction for class 1 where there is one output: write F1Score{threshold = 0.5}
-- expect: 3: Model: metric "perplexity" is that of a choice among classes: it goes with categorical_crossentropy and its sparse form
-- expect: 6: Model: metric "auc" does not go with integer classes (did you mean "sparse_categorical_accuracy"?)
-- expect: 6: Model: metric "top_k_categorical_accuracy" does not go with integer classes (did you mean "sparse_top_k_categorical_accuracy"?)
-- expect: 7: Precision: "thresholds" must be one number: several would make several metrics
-- expect: 7: Recall: "thresholds" must be between 0 and 1, not 2
-- expect: 7: AUC: "num_thresholds" must be 2 or more
-- expect: 7: AUC: "curve" must be "ROC", "PR", not "roc"
-- expect: 7: AUC: "multi_label" is not supported by this version
-- expect: 8: RootMeanSquaredError: "name" can only be "rmse", as Keras calls it
-- expect: 8: Model: metric "f1_score" without a threshold takes every prediction for class 1 where there is one output: write F1Score{threshold = 0.5}
