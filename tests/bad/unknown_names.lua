local model = Sequential{
  Input{10, 3},
  LSTM{4, kernel_initializer = "glorot", recurrent_initializer = "ortogonal", bias_initializer = "xyzzy"},
  Dense{1, activation = "Sigmoid ", kernel_regularizer = "l3"},
  Activation{"relu7"},
}
model:compile{
  loss = "binary_cross_entropy", optimizer = "adamm", metrics = {"acuracy", "mse"},
}
return model

-- expect: 3: LSTM: unknown initializer "glorot" (did you mean "glorot_normal" or "glorot_uniform"?)
-- expect: 3: LSTM: unknown initializer "ortogonal" (did you mean "orthogonal"?)
-- expect: 3: LSTM: unknown initializer "xyzzy"
-- expect: 4: Dense: unknown activation "Sigmoid " (did you mean "sigmoid"?)
-- expect: 4: Dense: unknown regularizer "l3" (did you mean "l1"?)
-- expect: 5: Activation: unknown activation "relu7" (did you mean "relu"?)
-- expect: 7: Sequential: unknown metric "acuracy" (did you mean "accuracy"?)
-- expect: 7: Sequential: unknown loss "binary_cross_entropy" (did you mean "binary_crossentropy"?)
-- expect: 7: Sequential: unknown optimizer "adamm" (did you mean "adam"?)
