-- sandbox.lua: the bare world of a description: no files, no processes, no load; no pcall, coroutines or string patterns either, because a
-- loop inside them escapes the count of instructions.
local internal = ...
local report, caller_line, suggestion, keys = internal.report, internal.caller_line, internal.suggestion, internal.keys
local byte, format, rawget, rawset, type, pairs, setmetatable = string.byte, string.format, rawget, rawset, type, pairs, setmetatable

local user = {}
internal.user_globals = user

local plain = { "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawlen", "select", "tonumber", "tostring", "type" }
for _, name in ipairs(plain) do user[name] = _G[name] end

user.math, user.table, user.string, user.utf8 = {}, {}, {}, nil
for name, f in pairs(math) do user.math[name] = f end
user.math.random, user.math.randomseed = nil, nil            -- the same file gives the same model
for name, f in pairs(table) do user.table[name] = f end
for _, name in ipairs{ "byte", "char", "format", "len", "lower", "upper", "rep", "reverse", "sub" } do user.string[name] = string[name] end

-- print goes to standard error: standard output belongs to the command.
user.print = internal.print

for name, f in pairs(internal.vocabulary) do
  if name ~= "activation" and name ~= "loss" and name ~= "optimizer" and name ~= "initializer" and name ~= "regularizer" and name ~= "input" then user[name] = f end
end
user.abs, user.max, user.min = internal.vocabulary.abs, internal.vocabulary.max, internal.vocabulary.min

-- What an unknown name gives: it takes every use and says nothing more, so that the next mistake is seen too.
local recorder = { object = "unknown" }
setmetatable(recorder, {
  __call = function() return recorder end, __index = function() return recorder end, __newindex = function() end,
  __add = function() return recorder end, __sub = function() return recorder end, __mul = function() return recorder end,
  __div = function() return recorder end, __unm = function() return recorder end, __concat = function() return "" end, __metatable = "unknown",
})

local REMOVED = { io = true, os = true, require = true, load = true, loadfile = true, dofile = true, loadstring = true, pcall = true, xpcall = true,
                  coroutine = true, debug = true, package = true, setmetatable = true, getmetatable = true, rawset = true, rawget = true,
                  collectgarbage = true, utf8 = true }

function internal.finish_sandbox()
  for name, f in pairs(internal.constructors) do user[name] = f end
  local reserved = {}
  for name in pairs(user) do reserved[name] = true end
  setmetatable(user, {
    __metatable = "globals",
    __index = function(_, name)
      if type(name) ~= "string" then return nil end
      local line = caller_line()
      if REMOVED[name] then
        report(line, format("%s is not available in a description (no files, no processes, no code loading)", name))
        return recorder
      end
      local first = byte(name, 1)
      local kind = first >= 65 and first <= 90 and "layer or object" or "name"
      report(line, format("%s: unknown %s%s", name, kind, suggestion(name, keys(user))))
      internal.unknown_used = true
      return recorder
    end,
  })
end

-- NAME=VALUE of the command line: the global table arg. A value that nobody reads is an error.
function internal.set_parameters(values)
  local read = {}
  user.arg = setmetatable({}, {
    __index = function(_, name) read[name] = true return values[name] end,
    __newindex = function(_, name) report(caller_line(), format("arg.%s cannot be set: it comes from the command line", tostring(name))) end,
    __metatable = "arg",
  })
  internal.unread_parameters = function()
    for _, name in ipairs(keys(values)) do
      if not read[name] then report(0, format("parameter %s is never read by the description%s", name, suggestion(name, keys(read)))) end
    end
  end
end
