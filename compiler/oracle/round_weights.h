/* round_weights.h: what the packed weights of a program can hold: for comparisons to the last digits, whatever the kind
 * of the weights. */
#ifndef ROUND_WEIGHTS_H
#define ROUND_WEIGHTS_H

#include "compiler/ir/ir.h"

/* Each weight that the program packs as bf16 takes the value that its copy has; packed again, these lose nothing. False
 * if there is no such value, because copies of different forms hold different ones. */
bool round_weights(const Ir *ir, float *weights, size_t count);

#endif
