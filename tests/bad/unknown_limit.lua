-- Lua refuses an unknown name as the limit of a loop: the run ends there, and only the name is reported.
local layers = {}
for i = 1, Count do layers[i] = Dense{4} end
return Sequential(layers)

-- expect: 3: Count: unknown layer or object
