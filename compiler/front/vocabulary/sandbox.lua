-- sandbox.lua: the bare world of a description: no files, no processes, no load; no pcall, coroutines or string
-- patterns either, because a loop inside them escapes the count of instructions.
local internal = ...
local report, caller_line, suggestion, keys = internal.report, internal.caller_line, internal.suggestion, internal.keys
local byte, format, type, pairs, setmetatable = string.byte, string.format, type, pairs, setmetatable

local user = {}
internal.user_globals = user

local plain = { "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawlen", "select", "tonumber", "tostring",
                "type" }
for _, name in ipairs(plain) do user[name] = _G[name] end

user.math, user.table, user.string = {}, {}, {}
for name, f in pairs(math) do user.math[name] = f end
user.math.random, user.math.randomseed = nil, nil            -- the same file gives the same model
for name, f in pairs(table) do user.table[name] = f end
for _, name in ipairs{ "byte", "char", "format", "len", "lower", "upper", "rep", "reverse", "sub" } do
  user.string[name] = string[name]
end

-- print goes to standard error: standard output belongs to the command.
user.print = print

local PRIVATE = { optimizer = true, regularizer = true, constraint = true, input = true,
                  drawn = true }
for name, f in pairs(internal.vocabulary) do
  if not PRIVATE[name] then user[name] = internal.visible(f, name) end
end

-- What an unknown name gives: it takes every use and says nothing more, so that the next mistake is seen too. Where Lua
-- itself refuses it, the message bears __name, and lua_state.c drops it.
local unknown = internal.unknown
local function itself() return unknown end
local function never() return false end
local metatable = {
  __metatable = "unknown", __name = "unknown name's value", __newindex = function() end,
  __lt = never, __le = never, __len = function() return 0 end, __concat = function() return "" end,
  __pairs = function() return next, {} end,
  __index = function(_, key) if type(key) == "string" then return unknown end end,
}
for _, event in ipairs{ "call", "add", "sub", "mul", "div", "idiv", "mod", "pow", "unm" } do
  metatable["__" .. event] = itself
end
setmetatable(unknown, metatable)

local FILES, CODE = "a description reads and writes no files", "a description loads no other code"
local ERRORS = "an error ends the description and is reported with its line"
local PLAIN = "tables of a description are plain"
local REMOVED = {
  io = FILES, os = "a description starts no processes and sees neither clock nor environment",
  require = CODE, load = CODE, loadfile = CODE, dofile = CODE, loadstring = CODE, package = CODE,
  pcall = ERRORS, xpcall = ERRORS, coroutine = "use functions and loops",
  debug = "use print or error", setmetatable = PLAIN, getmetatable = PLAIN, rawset = PLAIN, rawget = PLAIN,
  collectgarbage = "memory is bounded, and freed by itself", utf8 = "use string.byte",
  None = "write false, or leave the argument out",
  True = "write true", False = "write false",
}
local RANDOM = "the same file gives the same model; " ..
               "the function in samples(function(random) ... end) is given a generator"
local PATTERNS = "string patterns can run without end; use string.sub and string.byte"
local REMOVED_PARTS = {
  math = { random = RANDOM, randomseed = RANDOM },
  string = { find = PATTERNS, match = PATTERNS, gmatch = PATTERNS, gsub = PATTERNS, dump = CODE,
             pack = "use string.char", unpack = "use string.byte", packsize = "use string.byte" },
  table = {},
}

local function part_missing(library)
  return { __metatable = library, __index = function(part, name)
    if type(name) ~= "string" then return nil end
    local why = REMOVED_PARTS[library][name]
    report(caller_line(), why and format("%s.%s is not available in a description: %s", library, name, why)
           or format("%s.%s: unknown name%s", library, name, suggestion(name, keys(part))))
    return unknown
  end }
end

function internal.finish_sandbox()
  for name, f in pairs(internal.constructors) do user[name] = internal.close(f) end
  for name in pairs(REMOVED_PARTS) do setmetatable(user[name], part_missing(name)) end
  -- methods of strings reach the library's own table
  for name in pairs(REMOVED_PARTS.string) do string[name] = nil end
  setmetatable(string, part_missing "string")
  setmetatable(user, {
    __metatable = "globals",
    __index = function(_, name)
      if type(name) ~= "string" then return nil end
      local line = caller_line()
      if REMOVED[name] then
        report(line, format("%s is not available in a description: %s", name, REMOVED[name]))
        return unknown
      end
      local foreign = internal.not_supported("name", name)
      if foreign then
        report(line, name .. foreign)
        return unknown
      end
      local known = internal.python_name(name)
      if known then return known end
      local first = byte(name, 1)
      local kind = first >= 65 and first <= 90 and "layer or object" or "name"
      report(line, format("%s: unknown %s%s", name, kind, suggestion(name, keys(user))))
      return unknown
    end,
  })
end

-- NAME=VALUE of the command line: the global table arg. A value that nobody reads is an error.
function internal.set_parameters(values)
  local read = {}
  user.arg = setmetatable({}, {
    __index = function(_, name) read[name] = true return values[name] end,
    __newindex = function(_, name)
      report(caller_line(), format("arg.%s cannot be set: it comes from the command line", tostring(name)))
    end,
    __metatable = "arg",
  })
  internal.is_read = function(name) return read[name] == true end
  -- excused: names that may stay unread.
  internal.unread_parameters = function(excused)
    for _, name in ipairs(keys(values)) do
      if not read[name] and not excused[name] then
        report(0, format("parameter %s is never read by the description%s", name, suggestion(name, keys(read))))
      end
    end
  end
end
