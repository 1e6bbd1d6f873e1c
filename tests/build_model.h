/* build_model.h: models by hand, as the plain data of compiler/front/model.h, from one line of text, without the compiler:
 *
 *     float 5 3 | LSTM units=4 activation=softsign return_sequences=1 | Dense units=2 trainable=0 | loss=huber loss_delta=0.7
 *     tokens 6 vocabulary=11 | Embedding output_dim=3 | GRU units=4 reset_after=0 | Dense units=3 activation=softmax | loss=...
 *
 * Keras's defaults hold for what is not said; the Input layer is made from the first part ("bare" before it: no Input layer).
 * A graph: a layer that reads others than the one before names them by `from=lstm,dense`; a part `float ...` or `tokens ...` further on
 * is one more Input (input, input_1, ...); a part `outputs=dense,dense_1` says what the model's outputs are, if not its last layer's.
 * `Custom units=2 weights=6`: a layer that the description defines itself, with one weight "kernel" of that many floats and an output
 * of that many units in the place of the last axis. */
#ifndef BUILD_MODEL_H
#define BUILD_MODEL_H

#include "compiler/front/model.h"

/* Aborts with a message on a line it cannot read. The result is one block with everything inside, but for what it holds until free. */
Model *build_model(const char *text);
void   build_model_free(Model *model);

/* Position of the tensor "lstm/kernel" in the flat weights; aborts if there is none. */
const struct lstmc_tensor *build_model_weight(const Model *model, const char *name);

#endif
