/* interpreter_functions.h: the functions of the interpreter for one type of numbers; interpreter.h includes it once for
 * float and once for double. No include guard, on purpose. All arrays are row-major, batch first. */
typedef struct INTERPRETER_NAME(Interpreter) INTERPRETER_NAME(Interpreter);

/* All memory is taken here; nothing else below allocates or fails. `model` and `custom` (NULL: no custom layers) must
 * outlive it. States start from zero. Loads OpenBLAS and sets it to one thread. NULL if that is not there, if a layer,
 * an option or a loss cannot be run, or if there is no memory; `message` (may be NULL) says which. */
INTERPRETER_NAME(Interpreter) *INTERPRETER_NAME(interpreter_create)(const Model *model, int rows_max,
                                                                    const struct custom_layers *custom,
                                                                    struct lstmc_message *message);
/* The same, with LSTM, GRU, SimpleRNN and Dense composed of the interpreter's words (words.h) like all other layers,
 * in place of their own backward: another computation of the same, to check the words by. Slower. */
INTERPRETER_NAME(Interpreter) *INTERPRETER_NAME(interpreter_create_composed)(const Model *model, int rows_max,
                                                                             const struct custom_layers *custom,
                                                                             struct lstmc_message *message);
void INTERPRETER_NAME(interpreter_free)(INTERPRETER_NAME(Interpreter) *it);

/* Runs `rows` (1..rows_max) samples. weights: all of them, in the descriptor's order; they must stay as they are until
 * `backward`. x: int32_t ids [rows, input_count] if the model reads tokens (an id out of range counts as 0), else
 * floats of this type. seed 0: dropout off, as in prediction; else its noise is that of the samples first_row,
 * first_row + 1, ... */
void INTERPRETER_NAME(interpreter_forward)(INTERPRETER_NAME(Interpreter) * it, const INTERPRETER_REAL *weights,
                                           const void *x, int rows, int first_row, uint64_t seed);
/* The same for a model of several inputs: x[0], x[1], ... in the order of Model.inputs. */
void INTERPRETER_NAME(interpreter_forward_all)(INTERPRETER_NAME(Interpreter) * it, const INTERPRETER_REAL *weights,
                                               const void *const *x, int rows, int first_row, uint64_t seed);

/* From now on so many steps of each row of `forward` count, [rows], of the input that has lengths; NULL: all. */
void INTERPRETER_NAME(interpreter_lengths)(INTERPRETER_NAME(Interpreter) *it, const int32_t *lengths);

/* Which steps of output 0, 1, ... of the model count in a row of the last forward, [steps]; NULL: all do. */
const INTERPRETER_REAL *INTERPRETER_NAME(interpreter_output_mask)(const INTERPRETER_NAME(Interpreter) *it, int output,
                                                                  int row);

/* [rows, output_count] of the last forward: of the model's last output, or of all of them, one behind the other, if the
 * descriptor says that there are several; of one layer, by its index in Model.layers
 * (NULL: an Input of tokens). */
const INTERPRETER_REAL *INTERPRETER_NAME(interpreter_output)(const INTERPRETER_NAME(Interpreter) *it);
const INTERPRETER_REAL *INTERPRETER_NAME(interpreter_layer_output)(const INTERPRETER_NAME(Interpreter) *it, int layer);

/* scale * sum over samples and time steps of sample_weight[row] * loss, of the model's last output, and its gradient
 * made ready for `backward`. Of a model with losses for several outputs their weighted sum, each a mean over the steps
 * of a sample; the targets of a row stand one behind the other then.
 * target: int32_t classes (out of range counts as 0) for the sparse loss, else floats of this type. sample_weight NULL:
 * all 1. The model must have a loss. */
INTERPRETER_REAL INTERPRETER_NAME(interpreter_loss)(INTERPRETER_NAME(Interpreter) *it, const void *target,
                                                    const INTERPRETER_REAL *sample_weight, INTERPRETER_REAL scale);

/* The same with the targets of each output in an array of its own; what the last call found for one output, without
 * its weight. */
INTERPRETER_REAL INTERPRETER_NAME(interpreter_loss_all)(INTERPRETER_NAME(Interpreter) *it, const void *const *targets,
                                                        const INTERPRETER_REAL *sample_weight, INTERPRETER_REAL scale);
INTERPRETER_REAL INTERPRETER_NAME(interpreter_output_loss)(const INTERPRETER_NAME(Interpreter) *it, int output);

/* Instead of `loss`: the gradient of the caller's own loss by the output, [rows, output_count], as interpreter_output
 * has it, or by each of them in the order of Model.outputs. */
void INTERPRETER_NAME(interpreter_set_d_output)(INTERPRETER_NAME(Interpreter) *it, const INTERPRETER_REAL *d_output);
void INTERPRETER_NAME(interpreter_set_d_outputs)(INTERPRETER_NAME(Interpreter) *it,
                                                 const INTERPRETER_REAL *const *d_outputs);

/* Adds to gradients [gradient_count]; sets d_input [rows, input_count] unless it is NULL (it must be, if the model
 * reads tokens). Follows forward and one of loss, set_d_output. */
void INTERPRETER_NAME(interpreter_backward)(INTERPRETER_NAME(Interpreter) *it, INTERPRETER_REAL *gradients,
                                            INTERPRETER_REAL *d_input);
/* The same for a model of several inputs; d_inputs or some of them may be NULL. */
void INTERPRETER_NAME(interpreter_backward_all)(INTERPRETER_NAME(Interpreter) *it, INTERPRETER_REAL *gradients,
                                                INTERPRETER_REAL *const *d_inputs);

/* After a forward with a seed that is not 0: sets the statistics among these weights, moving averages. */
void INTERPRETER_NAME(interpreter_update)(INTERPRETER_NAME(Interpreter) *it, INTERPRETER_REAL *weights);

/* A state of a layer ("h", "c") at the times 0..T, in processing order: [T + 1, rows_max, numbers], written to `shape`
 * unless that is NULL. Row 0 is the incoming state. NULL if the layer has no such state, or is a custom one. */
const INTERPRETER_REAL *INTERPRETER_NAME(interpreter_state)(const INTERPRETER_NAME(Interpreter) * it, int layer,
                                                            const char *name, int shape[3]);
/* The name of state 0, 1, ... of a layer; NULL if it has no more. */
const char *INTERPRETER_NAME(interpreter_state_name)(const INTERPRETER_NAME(Interpreter) * it, int layer, int number);

/* Every initial state := zeros; := the last state of the rows of the last forward (no gradient flows through that). */
void INTERPRETER_NAME(interpreter_reset)(INTERPRETER_NAME(Interpreter) *it);
void INTERPRETER_NAME(interpreter_carry)(INTERPRETER_NAME(Interpreter) *it);

/* From here on activations and their derivatives are off, at random, by as much as those of generated code may be; seed
 * 0: as good as the type. What comes out is one of the results that a computation in floats may have. */
void INTERPRETER_NAME(interpreter_perturb)(INTERPRETER_NAME(Interpreter) *it, uint64_t seed);

/* Since the last forward (loss included): the smallest distance of an argument to a point where a derivative (or the
 * second one) jumps, and a digest of the sides on which all those arguments lay: equal digests, no such point was
 * crossed. */
double   INTERPRETER_NAME(interpreter_kink_distance)(const INTERPRETER_NAME(Interpreter) *it);
uint64_t INTERPRETER_NAME(interpreter_kink_sides)(const INTERPRETER_NAME(Interpreter) *it);
