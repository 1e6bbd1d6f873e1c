-- rnn.lua: keras.layers.RNN: a cell in a loop over time; of several cells each reads what the one before puts out in
-- the same step, and the last one's is the output.
return recurrent "RNN" {
  arguments = { { "cell", "cells" }, { "return_sequences", "boolean", false }, { "return_state", "boolean", false },
                { "go_backwards", "boolean", false }, { "stateful", "boolean", false },
                { "unroll", "without_effect", false }, { "zero_output_for_mask", "boolean", false } },
  step      = function(a, w, x, s)
    local after = {}
    for _, cell in ipairs(a.cell) do
      x, after[cell.name] = cell(x, s[cell.name])
    end
    return after
  end,
}
