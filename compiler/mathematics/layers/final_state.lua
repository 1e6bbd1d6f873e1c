-- final_state.lua: a state of a recurrent layer behind its last step, as Keras's return_state hands it on: what a call
-- of that layer gives beside its output. It has no mathematics of its own: lowering.lua knows where the state stands.
return layer "FinalState" {
  arguments   = { { "number", "count" } },
  over        = "sample",
  input       = "any",
  mask        = "end",
  hidden      = true,
  final_state = true,
  call        = function(a, w, x) return x end,
}
