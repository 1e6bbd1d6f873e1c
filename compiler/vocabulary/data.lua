-- data.lua: what a description says about its data. The description describes; C reads (runtime/npy.c, csv.c, data.c).
local internal = ...
local report, caller_line = internal.report, internal.caller_line
local type, ipairs, format, visible = type, ipairs, string.format, internal.visible

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
  if type(v) ~= "table" or #v == 0 then return nil, format("must be a list of column names, not %s", internal.shown(v)) end
  for _, name in ipairs(v) do
    if type(name) ~= "string" then return nil, format("must be a list of column names; %s is not one", internal.shown(name)) end
  end
  return v, nil
end

local NORMALIZATIONS = { none = true, standard = true, minmax = true }
function internal.types.normalization(v)
  if NORMALIZATIONS[v] then return v, v end
  return nil, format('must be "none", "standard" or "minmax", not %s', internal.shown(v))
end

-- csv{file, columns = {"Sunspots"}, targets = , window = , horizon = , normalization = "standard", split = 0.8}
-- With a window: forecasts of `targets`, `horizon` rows ahead, from the `window` rows before. Without one: each row is a sample.
internal.constructors.csv = visible(function(given)
  local line = caller_line()
  local values = data("csv", { { "file", "text" }, { "columns", "names" }, { "targets", "names", false }, { "window", "size", false },
    { "horizon", "size", 1 }, { "normalization", "normalization", "none" }, { "split", "rate", 0.8 } }, line, given)
  if not values.failed and not values.window and not values.targets then
    report(line, 'csv: "targets" must be given, or a window for a forecast of the columns themselves')
  end
  return values
end)

-- characters{file, window = 64, split = 0.9, stateful = true}: the next character of a text. Stateful: the text is cut into as many streams as a
-- batch has samples, and each goes on with the states that its last window has left.
internal.constructors.characters = visible(function(given)
  return data("characters", { { "file", "text" }, { "window", "size" }, { "split", "rate", 0.9 }, { "stateful", "boolean", false } }, caller_line(), given)
end)

-- samples(function(random) ... return x, y end) or samples{function, samples = 1024, validation_samples = 256}:
-- a pure function of a generator keyed by (seed, index): random() in [0,1), random(n) in 1..n, random(a, b) in a..b.
internal.constructors.samples = visible(function(given)
  local line = caller_line()
  if type(given) == "function" then given = { given } end
  return data("samples", { { "generate", "generator" }, { "samples", "size", 1024 }, { "validation_samples", "size", 256 } }, line, given)
end)

function internal.types.generator(v)
  if type(v) ~= "function" then return nil, format("must be a function(random) that returns x and y, not %s", internal.shown(v)) end
  return v, nil
end
