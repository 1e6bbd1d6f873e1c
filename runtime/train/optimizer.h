/* optimizer.h: an optimiser's step in blocks of weights, which a caller may spread over threads: prepare all blocks,
 * combine, update all blocks. A block is part of one tensor, its bounds and the order of all sums are a function of the
 * model, and so are the results, bit for bit. */
#ifndef LSTMC_OPTIMIZER_H
#define LSTMC_OPTIMIZER_H

#include "ranges.h"

/* What all blocks of one step have in common. */
struct lstmc_step {
    const struct lstmc_model *model;
    float *weights, *gradients, *state;
    size_t state_first, state_count;    /* the state is that of so many weights, from that one on */
    /* by lstmc_step_begin; as in struct lstmc_update */
    float decay, decay_of_gradient, rate, rate_of_gradient, root_correction;
};

struct lstmc_block {
    const struct lstmc_tensor *tensor;
    size_t offset, count;           /* in floats; the offset from the start of the weights */
    /* by lstmc_block_prepare. Squares of the gradient: without a clip that asks for its norm, 0 or no number. */
    double squares, penalty;
    float scale;                    /* by lstmc_blocks_combine: of the gradient, by what clips it */
    /* as lstmc_block_is_new says before the first step, then by lstmc_block_prepare: the gradient is 0 and always was,
     * so that the optimiser has kept nothing, and an update without decay leaves the weights as they are */
    int rests;
};

/* How many blocks the trainable weights make, and the blocks. */
size_t lstmc_blocks_count(const struct lstmc_model *model);
void   lstmc_blocks_fill(const struct lstmc_model *model, struct lstmc_block *blocks);

/* Iteration 1 is the first; a learning rate <= 0 is the model's own. */
void lstmc_step_begin(struct lstmc_step *step, uint64_t iteration, float learning_rate);

/* Whether the optimiser's state of it is 0. */
int  lstmc_block_is_new(const struct lstmc_step *step, const struct lstmc_block *block);

/* Regularisers into the gradient, and what says whether it is finite. */
void lstmc_block_prepare(const struct lstmc_step *step, struct lstmc_block *block);

/* The factors of all blocks; returns the sum of all squares, which is finite if and only if
 * all gradients are. */
double lstmc_blocks_combine(const struct lstmc_step *step, struct lstmc_block *blocks, size_t count);

/* Whether scales and penalty depend on the sums of all blocks: something clips by a norm, or is regularised. */
int lstmc_blocks_need_sums(const struct lstmc_model *model);

/* The regularisers' part of the loss: the bits of lstmc_penalty. */
float lstmc_blocks_penalty(const struct lstmc_block *blocks, size_t count);

/* Whether an update changes it: else it need not be called. */
int  lstmc_block_moves(const struct lstmc_step *step, const struct lstmc_block *block);

/* Clipping, decay, update. Returns 0 if some weight is not finite now. */
int  lstmc_block_update(const struct lstmc_step *step, const struct lstmc_block *block);

/* ---- constraint.c ---- */

/* Of one weight of the model, as far as it has a constraint. */
void lstmc_tensor_constrain(const struct lstmc_tensor *tensor, float *weights);
int  lstmc_is_constrained(const struct lstmc_model *model);

#endif
