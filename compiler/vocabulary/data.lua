-- data.lua: what a description says about its data. The description describes; C reads (runtime/npy.c, csv.c, data.c).
local internal = ...
local report, caller_line = internal.report, internal.caller_line
local type, ipairs, format, concat, visible = type, ipairs, string.format, table.concat, internal.visible

local function data(kind, list, line, given)
  local values = internal.read_arguments(kind, list, given, line)
  values.object, values.kind, values.line = "data", kind, line
  return values
end

-- npy{x = "train_x.npy", y = "train_y.npy", validation_x = , validation_y = , vocabulary = , unknown = }
-- Ids of `vocabulary` and above become `unknown`. Paths are relative to the description.
internal.constructors.npy = visible(function(given)
  return data("npy", { { "x", "text" }, { "y", "text" }, { "validation_x", "text", false }, { "validation_y", "text", false },
    { "vocabulary", "size", false }, { "unknown", "not_negative", 0 } }, caller_line(), given)
end)

function internal.types.names(v)
  if type(v) == "string" then v = { v } end
  if type(v) ~= "table" or #v == 0 then return nil, format("must be a list of names, not %s", internal.shown(v)) end
  for _, name in ipairs(v) do
    if type(name) ~= "string" then return nil, format("must be a list of names; %s is not one", internal.shown(name)) end
  end
  return v, nil
end

local function choice(list)
  return function(v)
    for _, name in ipairs(list) do
      if v == name then return v, v end
    end
    return nil, format('must be "%s" or "%s", not %s', concat(list, '", "', 1, #list - 1), list[#list], internal.shown(v))
  end
end
internal.types.normalization = choice{ "none", "standard", "minmax" }
internal.types.missing = choice{ "error", "drop", "previous", "interpolate" }

-- 12 or {1, 6, 12}: ascending whole numbers; 0 is the window's last row.
function internal.types.horizons(v)
  local list, before = type(v) == "table" and v or { v }, -1
  if #list == 0 then return nil, "must be a whole number or a list of them, like {1, 6, 12}" end
  for i, ahead in ipairs(list) do
    if ahead ~= 0 and not internal.types.size(ahead) then return nil, format("must be a whole number or a list of them, not %s", internal.shown(ahead)) end
    if ahead <= before then return nil, format("must ascend: %s does not belong behind %s", internal.shown(ahead), internal.shown(before)) end
    before = ahead
  end
  return list, nil
end

-- csv{file, columns = {"Sunspots"}, targets = , window = , horizon = , ...}: README.md, "Data", says what each option does.
-- With a window: forecasts of `targets`, `horizon` rows ahead, from the `window` rows before. Without one: each row is a sample.
local CSV = {
  { "file", "text" }, { "columns", "names" }, { "targets", "names", false }, { "window", "size", false }, { "horizon", "horizons", 1 },
  { "normalization", "normalization", "none" }, { "split", "rate", false }, { "missing", "missing", "error" }, { "group", "text", false },
  { "validation", "text", false }, { "validation_remaining", "text", false }, { "last_only", "boolean", false },
  { "at_most", "number", false }, { "relative", "boolean", false },
}

-- What does not go together in csv{...}: { option, whether its company is there, what it needs }.
local function csv_conflicts(v)
  return {
    { "relative", v.window and v.horizon[1] > 0, "a window, and a horizon from 1" },
    { "validation_remaining", v.validation and v.group, '"validation" and "group"' },
    { "last_only", v.group, '"group"' },
    { "split", not v.validation, 'no "validation", which is what is held out' },
  }
end

internal.constructors.csv = visible(function(given)
  local line = caller_line()
  local values = data("csv", CSV, line, given)
  if values.failed then return values end
  if not values.targets and (not values.window or values.horizon[1] == 0) then
    report(line, 'csv: "targets" must be given, or a window for a forecast of the columns themselves')
  end
  for _, conflict in ipairs(csv_conflicts(values)) do
    if values[conflict[1]] and not conflict[2] then report(line, format('csv: "%s" needs %s', conflict[1], conflict[3])) end
  end
  values.split = values.split or 0.8
  return values
end)

-- characters{file, window = 64, split = 0.9}: the next character of a text.
internal.constructors.characters = visible(function(given)
  return data("characters", { { "file", "text" }, { "window", "size" }, { "split", "rate", 0.9 } }, caller_line(), given)
end)

-- samples(function(random) ... return x, y end) or samples{function, samples = 1024, validation_samples = 256}:
-- a pure function of a generator keyed by (seed, index): random() in [0,1), random(n) in 1..n, random(a, b) in a..b. labels: the classes' names.
internal.constructors.samples = visible(function(given)
  local line = caller_line()
  if type(given) == "function" then given = { given } end
  return data("samples", { { "generate", "generator" }, { "samples", "size", 1024 }, { "validation_samples", "size", 256 },
    { "labels", "names", false } }, line, given)
end)

function internal.types.generator(v)
  if type(v) ~= "function" then return nil, format("must be a function(random) that returns x and y, not %s", internal.shown(v)) end
  return v, nil
end
