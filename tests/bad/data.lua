local model = Sequential{ Input{10, 1}, LSTM{4}, Dense{1}, loss = "mse" }
npy{x = "a.npy"}
npy{x = "a.npy", y = 3, vocabulary = -1}
csv{"a.csv", columns = {1, 2}, window = 0, horizon = -1, normalization = "standart", split = 2}
csv{"a.csv", columns = "a"}
characters{"a.txt"}
samples(3)
samples{function(random) end, sample = 3, validation_samples = 0}
model:fit{data = {}}
lines{"a.txt", folder = "b", except = "c"}
lines{level = "letter", separator = ", ", padding = "front", labels = 3, seed = 0.5}
lines{{"a.txt", 3}}
lines{"a.txt", label = 1, target_text = 2, labels = {"x"}, target_vocabulary = 9}
lines{"a.txt", text = 1, target_vocabulary = 9, split = 1.5}
lines{"a.txt", text = 1, target_vocabulary = 9}
wav{folder = "a", label = 1, sample_rate = 8000, test = {field = 3}}
wav{folder = "a", label = 1, sample_rate = 8000, test = {field = 3, at_most = 4.5}}
wav{folder = "a", label = 1, sample_rate = 8000, test = {field = 3, among = {4}}}
wav{folder = "a", label = 1, sample_rate = 8000, test = {field = 3, among = "theo", above = 3}}
wav{folder = "a", label = 1, sample_rate = 8000, test = {field = 3, among = "theo"}, split = 0.8}
wav{"a", low = -1}
return model

-- expect: 2: npy: missing argument "y"
-- expect: 3: npy: "y" must be a file, or a table with a file for each array, not 3
-- expect: 3: npy: "vocabulary" must be a whole number between 1 and 16777216, not -1
-- expect: 4: csv: "columns" must be a list of names; 1 is not one
-- expect: 4: csv: "window" must be a whole number between 1 and 16777216, not 0
-- expect: 4: csv: "horizon" must be a whole number or a list of them, not -1
-- expect: 4: csv: "normalization" must be "none", "standard" or "minmax", not "standart"
-- expect: 4: csv: "split" must be between 0 and 1, not 2
-- expect: 5: csv: "targets" must be given, or a window for a forecast of the columns themselves
-- expect: 6: characters: missing argument "window"
-- expect: 7: samples: "generate" must be a function(random) that returns x and y, not 3
-- expect: 8: samples: "validation_samples" must be a whole number between 1 and 16777216, not 0
-- expect: 8: samples: unknown argument "sample" (did you mean "samples"?)
-- expect: 9: Sequential: "data" must be npy{...}, csv{...}, characters{...}, words{...}, lines{...}, wav{...}, ts{...}, multi_hot{...} or samples(...), not a table
-- expect: 10: lines: either "files" or a "folder" must be given
-- expect: 11: lines: "level" must be "character" or "word", not "letter"
-- expect: 11: lines: "labels" must be a list of labels, not 3
-- expect: 11: lines: "separator" must be one ASCII character, not ", "
-- expect: 11: lines: "padding" must be "pre" (in front) or "post" (behind), not "front"
-- expect: 11: lines: "seed" must be a whole number between 1 and 16777216, not 0.5
-- expect: 12: lines: "files" must be a list of files; 3 is not one
-- expect: 13: lines: a line has a "label" or a "target_text", not both
-- expect: 13: lines: "text" must say which field is the text
-- expect: 13: lines: "labels" are not for a "target_text"
-- expect: 14: lines: "split" must be between 0 and 1, not 1.5
-- expect: 15: lines: "target_vocabulary" is for a "target_text"
-- expect: 16: wav: "test" must be {field = 3, at_most = 4} or {field = 3, among = {"a", "b"}}, not a table
-- expect: 17: wav: "test" "at_most" must be a whole number from 0 to 1000000000, not 4.5
-- expect: 18: wav: "test" "among" must be a list of names; 4 is not one
-- expect: 19: wav: "test" has no place for "above"
-- expect: 20: wav: either "test" or "split" says what is held out
-- expect: 21: wav: missing argument "label"
-- expect: 21: wav: missing argument "sample_rate"
-- expect: 21: wav: "low" must be zero or more, not -1
