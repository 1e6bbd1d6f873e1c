-- data.lua: what a description says about its data. The description describes; C reads (runtime/data/: npy.c, csv.c,
-- dataset.c, lines.c, wav.c).
local internal = ...
local report, constructor, items, is_plain = internal.report, internal.constructor, internal.items, internal.is_plain
local type, ipairs, pairs, next, rawget, format = type, ipairs, pairs, next, rawget, string.format

local function data(kind, list, line, given)
  local values = internal.read_arguments(kind, list, given, line)
  values.object, values.kind, values.line = "data", kind, line
  return values
end

-- One file, or of several inputs or outputs a table with one for each: { series = "a.npy", extra = "b.npy" }.
internal.types.arrays = function(v)
  if type(v) == "string" then return v, v end
  if not is_plain(v) or next(v) == nil then
    return nil, format("must be a file, or a table with a file for each array, not %s", internal.shown(v))
  end
  for _, name in ipairs(internal.keys(v)) do
    if type(name) ~= "string" or type(v[name]) ~= "string" then
      return nil, format("must name a file for each array, like { series = \"series.npy\" }; %s is none",
                         internal.shown(v[name]))
    end
  end
  return v
end

local function one_of(names, words)
  return function(v)
    for _, name in ipairs(names) do
      if v == name then return v, v end
    end
    return nil, format("must be %s, not %s", words, internal.shown(v))
  end
end

local padding = one_of({ "pre", "post" }, '"pre" (in front) or "post" (behind)')

-- npy{x = "train_x.npy", y = "train_y.npy", validation_x = , validation_y = , vocabulary = , unknown = }
-- Ids of `vocabulary` and above become `unknown`. Paths are relative to the description. npy{FILE} alone is an array,
-- which a layer begins with.
-- Of Input{lengths = true}: lengths, one for each sample, or offsets, where in x each begins, or padding: steps of
-- zeros in front, or behind, are none.
-- Of the loss "ctc": label_lengths, how many labels each sample has; without it they end in front of blanks.
constructor("npy", function(given, line)
  local y = { "y", "arrays" }
  if is_plain(given) and items(given) == 1 then y[3] = false end         -- a list of one, without names
  return data("npy", { { "x", "arrays" }, y, { "validation_x", "arrays", false },
    { "validation_y", "arrays", false }, { "vocabulary", "size", false }, { "unknown", "count", 0 },
    { "sample_weight", "text", false }, { "lengths", "text", false }, { "validation_lengths", "text", false },
    { "offsets", "text", false }, { "validation_offsets", "text", false }, { "padding", padding, false },
    { "validation_sample_weight", "text", false }, { "label_lengths", "text", false },
    { "validation_label_lengths", "text", false } }, line, given)
end)

-- glove{"glove.txt", vocabulary = {...}}: vectors of words; the word of each id is that of the data, or of the list.
constructor("glove", function(given, line)
  local values = internal.read_arguments("glove", { { "file", "text" }, { "vocabulary", "names", false } }, given, line)
  values.object, values.kind, values.line = "vectors", "glove", line
  return values
end)

-- What a layer's weight begins with, of a file.
function internal.types.vectors(v)
  local kind = type(v) == "table" and rawget(v, "object")
  if kind == "vectors" then return v, nil end
  if kind == "data" and v.kind == "npy" and type(v.x) == "string" and not v.y then
    return { object = "vectors", kind = "npy", file = v.x, line = v.line, failed = v.failed }, nil
  end
  return nil, format('must be npy{"file.npy"} or glove{"file.txt"}, not %s', internal.shown(v))
end

internal.layer_types.vectors = internal.types.vectors

local function list_of(what)
  return function(v)
    if type(v) == "string" then v = { v } end
    if not is_plain(v) or next(v) == nil then
      return nil, format("must be a list of %s, not %s", what, internal.shown(v))
    end
    local count, why = items(v)
    if not count then return nil, why end
    for _, name in ipairs(v) do
      if type(name) ~= "string" then
        return nil, format("must be a list of %s; %s is not one", what, internal.shown(name))
      end
    end
    return v, nil
  end
end
internal.types.names = list_of("names")
local files, labels = list_of("files"), list_of("labels")

-- Names of columns, or of several inputs a table with a list for each: { series = {"a", "b"}, weather = {"c"} }.
internal.types.columns = function(v)
  for key in pairs(is_plain(v) and v or {}) do
    if type(key) ~= "string" then return internal.types.names(v) end
  end
  if not is_plain(v) or next(v) == nil then return internal.types.names(v) end
  local lists = {}
  for _, name in ipairs(internal.keys(v)) do
    local list, why = internal.types.names(v[name])
    if not list then return nil, format('of %s %s', internal.shown(name), why) end
    lists[name] = list
  end
  return { by_input = lists }, nil
end

internal.types.normalization = one_of({ "none", "standard", "minmax" }, '"none", "standard" or "minmax"')
internal.types.missing = one_of({ "error", "drop", "previous", "interpolate" },
                                '"error", "drop", "previous" or "interpolate"')
local level = one_of({ "character", "word" }, '"character" or "word"')
local level_of_text = one_of({ "byte", "character" }, '"byte" or "character" (words are words{...})')

local function separator(v)
  if type(v) == "string" and #v == 1 and v ~= "\n" and v ~= "\r" and string.byte(v) < 128 then return v, v end
  return nil, format("must be one ASCII character, not %s", internal.shown(v))
end

-- 12 or {1, 6, 12}: ascending whole numbers; 0 is the window's last row.
function internal.types.horizons(v)
  local list, before = is_plain(v) and v or { v }, -1
  local count, why = items(list)
  if not count then return nil, why end
  if count == 0 then return nil, "must be a whole number or a list of them, like {1, 6, 12}" end
  for i, ahead in ipairs(list) do
    if ahead ~= 0 and not internal.types.size(ahead) then
      return nil, format("must be a whole number or a list of them, not %s", internal.shown(ahead))
    end
    if ahead <= before then
      return nil, format("must ascend: %s does not belong behind %s", internal.shown(ahead), internal.shown(before))
    end
    before = ahead
  end
  return list, nil
end

-- csv{file, columns = {"Sunspots"}, targets = , window = , horizon = , ...}: the manual's data.md says what each option
-- does. With a window: forecasts of `targets`, `horizon` rows ahead, from the `window` rows before. Without one: each
-- row is a sample.
local CSV = {
  { "file", "text" }, { "columns", "columns" }, { "targets", "names", false }, { "window", "size", false },
  { "horizon", "horizons", 1 }, { "normalization", "normalization", "none" }, { "split", "rate", false },
  { "missing", "missing", "error" }, { "group", "text", false }, { "validation", "text", false },
  { "validation_remaining", "text", false }, { "last_only", "boolean", false },
  { "at_most", "number", false }, { "above", "number", false }, { "relative", "boolean", false },
  { "sample_weight", "text", false }, { "header", "header", 0 },
}

-- Whether the first line is names: 1, -1; 0: by its looks.
function internal.types.header(v)
  if v == 0 then return 0, 0 end
  if type(v) ~= "boolean" then
    return nil, format("must be true (the first line is names) or false (it is not), not %s", internal.shown(v))
  end
  return v and 1 or -1, v
end

-- Words of pandas and of scripts, and what is written here instead.
local separators = "cells are separated by , ; tab | or blanks, whatever the first line has"
local SAID_OTHERWISE = {
  { "sep", separators }, { "delimiter", separators }, { "separator", separators },
  { "decimal", "numbers have a decimal point" }, { "thousands", "numbers have nothing between thousands" },
  { "encoding", "a table is UTF-8" }, { "compression", "gzip files are known by their first bytes" },
  { "skiprows", "nothing may stand before the line of names" },
  { "names", '"columns" takes names of the first line, or positions from "1"' },
  { "usecols", '"columns" and "targets" name what is read' }, { "index_col", "a column that is not named is not read" },
  { "na_values", 'a missing cell is empty, ?, NA, NaN or null, and "missing" says what to do about it' },
  { "lookback", "write window" }, { "look_back", "write window" }, { "timesteps", "write window" },
  { "sequence_length", "write window" }, { "target", "write targets" },
  { "test_size", "write split, the fraction that trains" },
  { "validation_split", "write split, the fraction that trains" },
  { "scaler", 'write normalization = "standard" or "minmax"' },
  { "normalize", 'write normalization = "standard" or "minmax"' },
}

-- What does not go together in csv{...}: { option, whether its company is there, what it needs }.
local function csv_conflicts(v)
  return {
    { "relative", v.window and v.horizon[1] > 0, "a window, and a horizon from 1" },
    { "validation_remaining", v.validation and v.group, '"validation" and "group"' },
    { "last_only", v.group, '"group"' },
    { "above", v.at_most and v.above and v.at_most <= v.above, 'an "at_most" that is not beyond it' },
    { "split", not v.validation, 'no "validation", which is what is held out' },
  }
end

-- The arguments without those, each of which is a mistake.
local function without_known_words(given, line)
  if not is_plain(given) then return given end
  local rest = {}
  for key, v in pairs(given) do rest[key] = v end
  for _, word in ipairs(SAID_OTHERWISE) do
    local name, instead = word[1], word[2]
    if rest[name] ~= nil then report(line, format('csv: unknown argument "%s": %s', name, instead)) end
    rest[name] = nil
  end
  return rest
end

constructor("csv", function(given, line)
  local values = data("csv", CSV, line, without_known_words(given, line))
  if values.failed then return values end
  if not values.targets and (not values.window or values.horizon[1] == 0) then
    report(line, 'csv: "targets" must be given, or a window for a forecast of the columns themselves')
  end
  for _, conflict in ipairs(csv_conflicts(values)) do
    if values[conflict[1]] and not conflict[2] then
      report(line, format('csv: "%s" needs %s', conflict[1], conflict[3]))
    end
  end
  values.split = values.split or 0.8
  values.first_line, values.header = values.header, nil       -- lines{...} has a header that is true or false
  return values
end)

-- characters{file, window = 64, split = 0.9, stateful = true}, words{{"a.txt", "b.txt"}, window = 32, vocabulary =
-- 5000}: the next token of a text. Stateful: the text is cut into as many streams as a batch has samples, and each
-- goes on with the states that its last window has left.
local RUNNING = { { "file", files }, { "window", "size" }, { "split", "rate", 0.9 }, { "stateful", "boolean", false },
  { "lower", "boolean", false }, { "vocabulary", "size", false } }

local function running_text(kind, list, given, line)
  local values = data(kind, list, line, given)
  values.files, values.file = values.file, nil
  return values
end

constructor("characters", function(given, line)
  local list = { table.unpack(RUNNING) }
  list[#list + 1] = { "level", level_of_text, "byte" }
  local values = running_text("characters", list, given, line)
  for _, option in ipairs{ "lower", "vocabulary" } do
    if not values.failed and values.level == "byte" and values[option] then
      report(line, format('characters: "%s" needs level = "character": bytes are read as they are', option))
    end
  end
  return values
end)

constructor("words", function(given, line) return running_text("words", RUNNING, given, line) end)

-- lines{{"Arabic.txt", "Czech.txt"}}, lines{folder = "names", except = {"SOURCE.txt"}}: each file is a class, each line
-- a text; lines{"reviews.tsv", label = 1, text = 2}; lines{"pairs.tsv", text = 1, target_text = 2}: a text for each
-- text; lines{"names.txt", next_token = true}: the next token of each.
constructor("lines", function(given, line)
  local values = data("lines", { { "files", files, false }, { "folder", "text", false }, { "except", files, false },
    { "level", level, "character" }, { "text", "size", false }, { "label", "size", false },
    { "target_text", "size", false }, { "target_level", level, false }, { "labels", labels, false },
    { "separator", separator, "\t" }, { "header", "boolean", false }, { "lower", "boolean", false },
    { "vocabulary", "size", false }, { "target_vocabulary", "size", false }, { "padding", padding, false },
    { "split", "rate", 0.8 }, { "seed", "size", 1 },
    { "next_token", "boolean", false } }, line, given)
  if values.failed then return values end
  values.target_level = values.target_level or values.level
  if not values.files == not values.folder then report(line, 'lines: either "files" or a "folder" must be given') end
  if values.except and not values.folder then report(line, 'lines: "except" is for a "folder"') end
  if values.label and values.target_text then
    report(line, 'lines: a line has a "label" or a "target_text", not both')
  end
  if (values.label or values.target_text) and not values.text then
    report(line, 'lines: "text" must say which field is the text')
  end
  for _, option in ipairs(values.next_token and { "label", "target_text", "labels" } or {}) do
    if values[option] then
      report(line, format('lines: "%s" and "next_token" do not go together: both say what is predicted', option))
    end
  end
  if values.labels and values.target_text then report(line, 'lines: "labels" are not for a "target_text"') end
  if values.target_vocabulary and not values.target_text then
    report(line, 'lines: "target_vocabulary" is for a "target_text"')
  end
  return values
end)

-- {field = 3, at_most = 4}: held out is what has a number up to 4 in the third field of its name;
-- {field = 2, among = {"theo"}}: what has a name.
local function test_of_names(v)
  local at_most, among = type(v) == "table" and v.at_most, type(v) == "table" and v.among
  if type(v) ~= "table" or not internal.types.size(v.field) or not at_most == not among then
    return nil, format('must be {field = 3, at_most = 4} or {field = 3, among = {"a", "b"}}, not %s', internal.shown(v))
  end
  for name in pairs(v) do
    if name ~= "field" and name ~= "at_most" and name ~= "among" then
      return nil, format("has no place for %s", internal.shown(name))
    end
  end
  if among then
    local checked, why = list_of("names")(among)
    return checked and { field = v.field, among = checked }, checked == nil and '"among" ' .. why or nil
  end
  local checked, why = internal.types.count(at_most)
  return checked and { field = v.field, at_most = checked }, checked == nil and '"at_most" ' .. why or nil
end

-- {3, 7}: so many recordings, the fewest and the most.
local function join(v)
  local least, most = type(v) == "table" and internal.types.size(v[1]), type(v) == "table" and internal.types.size(v[2])
  if not least or not most or #v ~= 2 or least > most or most > 100 then
    return nil, format("must be how many recordings, the fewest and the most, like {3, 7}, up to 100, not %s",
                       internal.shown(v))
  end
  return { least = least, most = most }
end

-- wav{folder = "recordings", label = 1, test = {field = 3, at_most = 4}, sample_rate = 8000}: recordings that are named
-- 7_theo_12.wav. join = {3, 7}: samples are strings of so many of them, with so many labels: `samples` that train,
-- `validation_samples` that are held out, joined of recordings that are; between two is silence of up to `gap` seconds.
constructor("wav", function(given, line)
  local values = data("wav", { { "folder", "text" }, { "label", "size" }, { "sample_rate", "size" },
    { "separator", separator, "_" }, { "labels", labels, false }, { "test", test_of_names, false },
    { "split", "rate", false }, { "seed", "size", 1 }, { "frame", "size", 256 }, { "step", "size", 128 },
    { "low", "not_negative", 0 }, { "high", "positive", false }, { "padding", padding, false },
    { "join", join, false }, { "samples", "size", false }, { "validation_samples", "size", false },
    { "gap", "not_negative", false } }, line, given)
  if values.failed then return values end
  if values.test and values.split then report(line, 'wav: either "test" or "split" says what is held out') end
  for _, name in ipairs{ "samples", "validation_samples", "gap" } do
    if values[name] and not values.join then
      report(line, format('wav: "%s" is of strings of recordings, join = {3, 7}', name))
    end
  end
  values.samples, values.validation_samples = values.samples or 1024, values.validation_samples or 256
  values.gap = values.gap or 0.1
  values.split = values.split or (values.test and 1 or 0.8)
  return values
end)

-- ts{"JapaneseVowels_TRAIN.ts", validation = "JapaneseVowels_TEST.ts", normalization = "standard"}: series of the UEA
-- and UCR archives, each with its class or number.
constructor("ts", function(given, line)
  return data("ts", { { "file", "text" }, { "validation", "text", false }, { "labels", labels, false },
    { "normalization", "normalization", "none" } }, line, given)
end)

-- multi_hot{"chorales.json", training = "train", validation = "test", first = 21}: sequences of sets of whole numbers,
-- as JSON; each step reads the set before it and predicts its own. `first` is the number of the first feature.
constructor("multi_hot", function(given, line)
  return data("multi_hot", { { "file", "text" }, { "training", "text", "train" }, { "validation", "text", "test" },
    { "first", "count", 0 } }, line, given)
end)

-- samples(function(random) ... return x, y end) or samples{function, samples = 1024, validation_samples = 256}:
-- a pure function of a generator keyed by (seed, index): random() in [0,1), random(n) in 1..n, random(a, b) in a..b.
-- labels: the classes' names.
constructor("samples", function(given, line)
  return data("samples", { { "generate", "generator" }, { "samples", "size", 1024 },
    { "validation_samples", "size", 256 }, { "labels", "names", false } }, line, given)
end)

function internal.types.generator(v)
  if type(v) ~= "function" then
    return nil, format("must be a function(random) that returns x and y, not %s", internal.shown(v))
  end
  return v, nil
end
