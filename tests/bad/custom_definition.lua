local A = layer "A" { arguments = { {"width", "sizee"} }, call = function(a, w, x) return x end }
local B = layer "B" { arguments = { "width" }, call = function(a, w, x) return x end }
local C = layer "C" { arguments = { {"name", "size"} }, call = function(a, w, x) return x end }
local D = layer "D" { }
local E = layer "9" { call = function(a, w, x) return x end }
local F = recurrent "F" { arguments = { {"width", "size"} }, state = { "h" }, step = function() end }
local G = recurrent "G" { arguments = { {"units", "size"} }, step = function() end }
local H = recurrent "H" { arguments = { {"units", "size"} }, state = { "h" } }
local I = layer "I" { weights = 3, call = function(a, w, x) return x end }
local J = recurrent "J" { arguments = { {"units", "size"} }, state = { "h-1" }, step = function() end }
local K = layer(3) { call = function(a, w, x) return x end }
return Sequential{ Input{10, 3}, A{}, B{}, C{}, D{}, E{}, F{}, G{}, H{}, I{}, J{}, K{}, Dense{1}, loss = "mse" }

-- expect: 1: layer "A": argument "width" has the unknown type "sizee" (did you mean "size"?); there are: activation, axes, axes_of_two, axis, batch_shape, boolean, border_1d, border_2d, cells, constraint, count, decay, distribution, fan_mode, fraction, initial_state, initializer, layer, layers, not_negative, number, numbers_1d, positive, rate, recurrent, regularizer, seed, shape, size, size_1d, size_2d, target_shape, text, vectors
-- expect: 2: layer "B": argument 1 must be { "name", "type", default }, not "width"
-- expect: 3: layer "C": argument "name" is there already
-- expect: 4: layer "D": needs call = function(a, w, x)
-- expect: 5: layer "9": a name is letters, digits and _, and starts with a letter
-- expect: 6: recurrent "F": needs an argument { "units", "size" }, or state_shapes = function(a, x)
-- expect: 7: recurrent "G": needs state = {"h"}, the names of its states
-- expect: 8: recurrent "H": needs step = function(a, w, x, s)
-- expect: 9: layer "I": weights must be a function(a, x), not 3
-- expect: 10: recurrent "J": "h-1" cannot be the name of a state
-- expect: 11: layer "3": a name is letters, digits and _, and starts with a letter
