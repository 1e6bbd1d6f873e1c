/* evaluate.h: the slow evaluator: runs the statements of an Ir one by one: what a custom layer is verified against,
 * and what tells which pass broke it. */
#ifndef EVALUATE_H
#define EVALUATE_H

#include "compiler/ir/ir.h"

typedef struct Memory Memory;           /* one array of double for each tensor of an Ir */

/* `single`: every stored value is rounded to float. All elements start as zero, so states start from zero. */
Memory *memory_create(const Ir *ir, bool single);
void    memory_free(Memory *memory);
/* row-major, tensor->extent; integers are stored as doubles */
double *memory_of(Memory *memory, const Tensor *tensor);

/* From here on everything is rounded to float, and functions such as tanh are off, at random, by as much as those of
 * generated code may be. */
void    memory_perturb(Memory *memory, uint64_t seed);

/* What `stop` gives in the forward section: its argument; the same, noted; or what was noted in the last such run, of
 * as many rows, as a difference quotient has it, for which what has no derivative is a constant. */
enum Stops { STOPS_PASS, STOPS_NOTED, STOPS_HELD };
void    memory_stops(Memory *memory, enum Stops stops);

/* Fills the noise tensors by lstmc_dropout_noise, and says whether it is training: seed 0 makes them 1, and is none. */
void evaluate_noise(Memory *memory, uint64_t seed, int first_row);

/* Runs one section for the first `rows` rows of the batch. Integer tensors must hold ids inside their range. */
void evaluate_section(Memory *memory, Section section, int rows);

#endif
