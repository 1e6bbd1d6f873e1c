return Sequential{}

-- expect: 1: Sequential: the model is empty: add a layer
