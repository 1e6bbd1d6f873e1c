return LSTM{4}

-- expect: 0: the description must return a Sequential model, not the layer LSTM
