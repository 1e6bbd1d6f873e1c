-- What Keras has and this version has not is "not supported", prefixes and Python's data are answered.
local m = keras.Sequential()
m:add(keras.layers.LSTM(50, {input_shape = {3, 2}, dtype = "float32"}))
m:add(layers.Conv3D(3))
m:add(GroupQueryAttention{})
m:add(TimeDistributed(Dense{3}))
m:add(Dense{1, activation = "celu", kernel_initializer = "stft", dtype = "float16"})
m:summary()
m:save("m.h5")
m:sumary()
m:compile{loss = "dice", optimizer = "ftrl", metrics = {"fbeta_score"}, loss_weights = {1}, lr = 0.1}
m:fit{X_train, y_train, epochs = 3, validation_data = {x_test, y_test}, steps_per_epoch = 3}
local a = np.array({1, 2})
local adam = Adam{lr = 0.1, decay = 1e-6}
local callbacks = {TensorBoard{"logs"}, tf.keras.callbacks.EarlyStopping{}}
Input{nil, 3}
Dense{3, input_dim = 4, batch_input_shape = {1.5, 2, 3}}
return m

-- expect: 2: keras.Sequential: names stand alone in a description: write Sequential
-- expect: 3: keras.layers.LSTM: names stand alone in a description: write LSTM
-- expect: 3: LSTM: "dtype" is not supported by this version
-- expect: 4: Conv3D is not supported by this version
-- expect: 5: GroupQueryAttention is not supported by this version
-- expect: 7: Dense: activation "celu" is not supported by this version
-- expect: 7: Dense: initializer "stft" is not supported by this version
-- expect: 7: Dense: "dtype" is not supported by this version
-- expect: 8: summary: a description only describes; the command lstmc summary MODEL.lua does that
-- expect: 9: save: a description only describes; the command lstmc train MODEL.lua does that
-- expect: 10: a Sequential model has no "sumary"; there are add, compile, fit
-- expect: 11: compile: unknown argument "lr" (did you mean "learning_rate"?)
-- expect: 11: Sequential: metric "fbeta_score" is not supported by this version
-- expect: 11: Sequential: "loss_weights" weighs the losses of several outputs; this model has one
-- expect: 11: Sequential: loss "dice" is not supported by this version
-- expect: 11: Sequential: optimizer "ftrl" is not supported by this version
-- expect: 12: data is named, not passed: write fit{data = npy{x = "x.npy", y = "y.npy"}, ...}, or csv{...}, lines{...}
-- expect: 12: fit: "steps_per_epoch" is not supported by this version: an epoch is the whole data; samples{..., samples = N} draws N samples an epoch
-- expect: 12: fit: "validation_data" is not supported by this version: write validation_split, or name what is held out: npy{x = , y = , validation_x = , validation_y = }
-- expect: 13: np: a description is Lua, without Python's libraries; data is named, not passed: write fit{data = npy{x = "x.npy", y = "y.npy"}, ...}, or csv{...}, lines{...}
-- expect: 14: Adam: "decay" is not supported by this version: write learning_rate = InverseTimeDecay{initial_learning_rate = 0.01, decay_steps = 1, decay_rate = 0.001}
-- expect: 14: Adam: unknown argument "lr" (did you mean "learning_rate"?)
-- expect: 15: TensorBoard is not supported by this version: lstmc train writes MODEL.log.csv and MODEL.report.html
-- expect: 15: tf.keras.callbacks.EarlyStopping: names stand alone in a description: write EarlyStopping
-- expect: 16: Input: "shape" must be a list; its item 1 is nothing: every extent is known, so write how many time steps a sample has
-- expect: 17: Dense: "batch_input_shape" begins with the size of a batch, which must be a whole number between 1 and 16777216, not 1.5
-- expect: 17: Dense: "input_dim" is not supported by this version: write Input{features} or Input{timesteps, features} before the layer
