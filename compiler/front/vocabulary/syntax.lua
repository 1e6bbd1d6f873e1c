-- syntax.lua: in: the line of a description in which Lua's grammar ends, the one before it, and what Lua says.
-- out: what to write instead, where that is Python.
local internal = ...
local find, match, gsub, sub, ipairs = string.find, string.match, string.gsub, string.sub, ipairs
local concat = table.concat

local WORDS = { True = "true", False = "false", None = "nil" }

-- Where the bracket at `from` is closed, and whether a name is set between the two (not inside further brackets).
local function span(line, from)
  local depth, names = 0, false
  for i = from, #line do
    local c = sub(line, i, i)
    if find(c, "[%(%[{]") then depth = depth + 1
    elseif find(c, "[%)%]}]") then
      depth = depth - 1
      if depth == 0 then return i, names end
    elseif c == "=" and depth == 1
           and not find(sub(line, i - 1, i + 1), "[=<>~!]=") and sub(line, i + 1, i + 1) ~= "=" then
      names = true
    end
  end
  return nil, names
end

-- The line with Lua's brackets: LSTM(50, return_sequences=True, input_shape=(60, 1)) becomes
-- LSTM{50, ..., input_shape = {60, 1}}.
local function with_braces(line)
  local out, closing = {}, {}
  for i = 1, #line do
    local c = sub(line, i, i)
    if closing[i] then c = closing[i]
    elseif c == "(" or c == "[" then
      local last, names = span(line, i)
      local call = c == "(" and i > 1 and find(sub(line, i - 1, i - 1), "[%w_]")
      local braces = not call or names
      if last then closing[last] = braces and "}" or ")" end
      c = braces and "{" or "("
    end
    out[#out + 1] = c
  end
  return concat(out)
end

-- A line of Python as Lua: brackets, constants, methods, comments.
local function translated(line)
  local text, comment = line, ""
  if not find(line, "[\"']") then text, comment = match(line, "^([^#]*)(.*)$") end
  text = gsub(with_braces(text), "([^=<>~!%s])%s*[=]%s*([^=%s])", "%1 = %2")
  text = gsub(text, "%f[%w_]%u%l+%f[^%w_]", WORDS)
  text = gsub(text, "(%f[%w_]model)%.(%l+[%({])", "%1:%2")
  return match(text .. gsub(comment, "^#", "--"), "^%s*(.-)%s*$")
end

-- Pattern of the line (and of Lua's message, if given), and what to say; true: the line as Lua.
local HINTS = {
  { "^%s*import%s", nil, "nothing is imported: layers, losses and optimizers are there by their names" },
  { "^%s*from%s.+%simport%s", nil, "nothing is imported: layers, losses and optimizers are there by their names" },
  { "^%s*[\"'][\"'][\"']", nil, "a comment begins with --" },
  { "^%s*def%s", nil, "a function is written function name(...) ... end" },
  { "^%s*class%s", nil, 'a layer of your own is written layer "Name" { call = function(a, w, x) ... end }' },
  { "^%s*for%s.+%sin%s.+:", nil, "a loop is written for i = 1, 3 do ... end" },
  { "^%s*while%s.+:%s*$", nil, "a loop is written while ... do ... end" },
  { "^%s*e?l?if%s.+:%s*$", nil, "a condition is written if ... then ... elseif ... then ... else ... end" },
  { "^%s*else%s*:%s*$", nil, "a condition is written if ... then ... else ... end" },
  { "^%s*#", nil, "a comment begins with --, not with #" },
  { "#", "near '#'", "a comment begins with --, not with #" },
  { "[!]=", "near '!'", "not equal is written ~=" },
  { "[%+%-/%*][=]", "near '[=%+%-/%*]'", "write x = x + 1, in full" },
  { "%*%*", "near '%*'", "a power is written x ^ 2" },
  { "%f[%w]lambda%f[%W]", nil, "a function is written function(x) return ... end" },
  { "[%({,]%s*[%w_\"']+%s*:", "near ':'",
    "a table is written {name = value}, and {[0] = value} where the name is a number" },
  { "=", "'%)' expected near '='", true },
  { "[%[%]]", nil, true },
  { "%([^%(%)]*,[^%(%)]*%)", "near ','", true },
  { "^[^\"']*#", nil, "a comment begins with --, not with #" },
}

local function hint_for(line, message)
  for _, hint in ipairs(HINTS) do
    if find(line, hint[1]) and (not hint[2] or find(message, hint[2])) then
      local instead = hint[3]
      if instead == true then
        instead = translated(line)
        instead = instead ~= match(line, "^%s*(.-)%s*$") and "write " .. instead or nil
      end
      if instead then return instead end
    end
  end
end

-- 'what Lua says: write ...', or what Lua says alone. A line of Python that ends in a colon is seen in the next one.
function internal.syntax_error(line, before, message)
  local hint = hint_for(line, message) or find(before, ":%s*$") and hint_for(before, message)
  return hint and message .. ": " .. hint or message
end
