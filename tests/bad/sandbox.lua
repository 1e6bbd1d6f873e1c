io.open("/etc/passwd")
local f = os.getenv
load("return 1")
local text = require "text"
pcall(error)
xpcall(error, error)
local c = coroutine.create(function() end)
setmetatable({}, {})
local where = string.find("abc", "b")
local what = ("abc"):gsub("b", "c")
local n = math.random(3)
local t = table.uncat
debug.sethook()
collectgarbage()
dofile("x")
rawset(_G, "x", 1)
return Sequential{ Input{10, 3}, LSTM{4}, Dense{1}, loss = "mse" }

-- expect: 1: io is not available in a description: a description reads and writes no files
-- expect: 2: os is not available in a description: a description starts no processes and sees neither clock nor environment
-- expect: 3: load is not available in a description: a description loads no other code
-- expect: 4: require is not available in a description: a description loads no other code
-- expect: 5: pcall is not available in a description: an error ends the description and is reported with its line
-- expect: 6: xpcall is not available in a description: an error ends the description and is reported with its line
-- expect: 7: coroutine is not available in a description: use functions and loops
-- expect: 8: setmetatable is not available in a description: tables of a description are plain
-- expect: 9: string.find is not available in a description: string patterns can run without end; use string.sub and string.byte
-- expect: 10: string.gsub is not available in a description: string patterns can run without end; use string.sub and string.byte
-- expect: 11: math.random is not available in a description: the same file gives the same model; the function in samples(function(random) ... end) is given a generator
-- expect: 12: table.uncat: unknown name (did you mean "concat"?)
-- expect: 13: debug is not available in a description: use print or error
-- expect: 14: collectgarbage is not available in a description: memory is bounded, and freed by itself
-- expect: 15: dofile is not available in a description: a description loads no other code
-- expect: 16: rawset is not available in a description: tables of a description are plain
-- expect: 16: _G: unknown name
