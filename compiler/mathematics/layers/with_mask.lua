-- with_mask.lua: a mask that is given by hand: of a sequence and {steps} numbers what comes out is the sequence, and a
-- step counts where its number is not 0. The argument mask of a call in Keras: GRU{8}{x, mask = m}.
local function counting(x)
  local t = axes "t"
  local counts = tensor{ x[2].shape[1] }
  counts[{ t }] = 1 - equal(x[2][{ t }], 0)
  return counts
end

return layer "WithMask" {
  keras     = false,
  arguments = {},
  over      = "sample",
  input     = "several",
  shape     = function(a, x)
    if #x ~= 2 then error("reads a sequence and a mask, not " .. #x .. " outputs", 0) end
    local steps, given = x[1].shape, x[2].shape
    if #steps < 2 or #given ~= 1 or given[1] ~= steps[1] then
      error("the mask has the shape {" .. table.concat(given, ", ") .. "}: it is one number for each of the " ..
            (#steps < 2 and "steps of a sequence" or steps[1] .. " steps, {" .. steps[1] .. "}"), 0)
    end
    return steps
  end,
  call      = function(a, w, x) return x[1] end,
  mask      = function(a, w, x) return counting(x) end,
}
