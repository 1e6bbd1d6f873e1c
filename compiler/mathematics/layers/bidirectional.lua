-- bidirectional.lua: keras.layers.Bidirectional: a recurrent layer over the sequence, and one from its end, whose
-- outputs are turned round, so that both stand at their step.  Schuster & Paliwal 1997.
local function like(a, back)
  local same = back.return_sequences == a.layer.return_sequences
  if not same or back.go_backwards == a.layer.go_backwards then
    error("backward_layer must have the return_sequences of the layer, and not its go_backwards", 0)
  end
  return back
end

return layer "Bidirectional" {
  in_pytorch = "bidirectional=True", in_onnx = "direction=bidirectional",
  arguments = { { "layer", "recurrent" }, { "merge_mode", { "concat", "sum", "mul", "ave" }, "concat" },
                { "weights", "later", false }, { "backward_layer", "recurrent", false } },
  over      = "sample",
  input     = "sequence",
  mask      = "pass",
  is_loop   = true,
  both_ways = true,
  layers    = function(a)
    local zeros = a.layer.return_sequences        -- what is merged is zero in a masked step, as in Keras
    local backwards = { name = "backward_" .. a.layer.name, go_backwards = not a.layer.go_backwards,
                        zero_output_for_mask = zeros }
    return { forward  = copy(a.layer, { name = "forward_" .. a.layer.name, zero_output_for_mask = zeros }),
             backward = a.backward_layer and copy(like(a, a.backward_layer), { name = a.backward_layer.name,
                                                                               zero_output_for_mask = zeros })
                        or copy(a.layer, backwards) }
  end,
  call      = function(a, w, x, mask)
    local forward, backward = w.forward(x, mask), w.backward(x, mask)
    if a.layer.return_sequences then
      local t, n = axes "t n"
      local turned = tensor{ x.timesteps, backward.features }
      turned[{ t, n }] = backward[{ x.timesteps - 1 - t, n }]
      backward = turned
    end
    local y
    if a.merge_mode == "concat" then y = concatenate{ forward, backward }
    elseif a.merge_mode == "sum" then y = forward + backward
    elseif a.merge_mode == "mul" then y = forward * backward
    else y = (forward + backward) * 0.5 end
    return y
  end,
}
