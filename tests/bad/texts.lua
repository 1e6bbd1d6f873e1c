local model = Sequential{ Input{10}, Embedding{4, 4}, LSTM{4}, Dense{4}, loss = "sparse_categorical_crossentropy" }
characters{"a.txt", window = 10, level = "word"}
characters{"a.txt", window = 10, lower = true, vocabulary = 9}
characters{{"a.txt", 3}, window = 10}
words{"a.txt", vocabulary = 0}
words{"a.txt", window = 10, level = "word"}
lines{"a.txt", next_token = true, label = 1, text = 2, labels = {"x"}}
lines{"a.txt", next_token = 1, text = 1, target_text = 2}
lines{"a.txt", next_token = true, text = 1, target_text = 2}
return model

-- expect: 2: characters: "level" must be "byte" or "character" (words are words{...}), not "word"
-- expect: 3: characters: "lower" needs level = "character": bytes are read as they are
-- expect: 3: characters: "vocabulary" needs level = "character": bytes are read as they are
-- expect: 4: characters: "file" must be a list of files; 3 is not one
-- expect: 5: words: missing argument "window"
-- expect: 5: words: "vocabulary" must be a whole number between 1 and 16777216, not 0
-- expect: 6: words: unknown argument "level"
-- expect: 7: lines: "label" and "next_token" do not go together: both say what is predicted
-- expect: 7: lines: "labels" and "next_token" do not go together: both say what is predicted
-- expect: 8: lines: "next_token" must be true or false, not 1
-- expect: 9: lines: "target_text" and "next_token" do not go together: both say what is predicted
