/* passes.h: the passes, in the order in which compile.c calls them. Each is one file, and none includes another. */
#ifndef PASSES_H
#define PASSES_H

#include "compiler/ir/ir.h"
#include "target.h"

/* grad: appends the adjoint statements to a training Ir that has its forward and loss statements: SECTION_LOSS sets
 * d_output (and, where the loss reads the pre-activation, the adjoint of that), SECTION_BACKWARD adds to the gradients.
 * Frozen weights prune it. */
void grad(Ir *ir);

/* decoder: of a program of one step of a decoder, with all that it reads, one half: what is encoded before the first
 * step, into tensors of ROLE_MEMORY, or what each step does, with what was encoded. */
void keep_encoder(Ir *ir);
void keep_decoder(Ir *ir);

/* stage: labels every statement with its binding time. For a target with lanes it also moves statements: what does not
 * recur leaves its loop, products with gathered weights become tables, what nobody reads goes. `for_blas`: so do sums
 * that are large products outside of it. */
void stage(Ir *ir, const Target *target, bool for_blas);

/* phases: cuts the forward and the backward section of a training program where the whole batch is needed: what one
 * phase sums over the batch, a later one reads. by_layers: and backward where gradients of a layer are complete. */
void phases(Ir *ir, bool by_layers);

/* blas: products of matrices beyond the target's threshold are going to be calls of BLAS. */
void blas(Ir *ir, const Target *target);

/* batch_first: what no time loop touches has the rows of the batch outside of the steps, where that is nearer. */
void batch_first(Ir *ir, const Target *target);

/* flatten: gates whose units leave vectors half empty lie one after the other. */
void flatten(Ir *ir, const Target *target);

/* transpose: what sums read across their outputs is copied, so that vectors lie along these and not along the sum. */
void transpose(Ir *ir, const Target *target);

/* tile: for a target with lanes: layouts, and tiles: which statements become one nest over vectors, and its numbers. */
void tile(Ir *ir, const Target *target);

/* piece: time loops are cut, so that what was moved behind them reads what a few turns left while it is near. */
void piece(Ir *ir);

/* pack: weights that tiles sum over are copied at prepare time into the order in which they are read; `bf16`: as bf16,
 * two in a word. */
void pack(Ir *ir, const Target *target, bool bf16);

/* rows: in a training program: which copies can be made row by row of their weights. */
void rows(Ir *ir);

/* schedule: for statements without a tile: decides unrolling under the code budget of the target. `unroll`:
 * UNROLL_AUTO, UNROLL_NONE, UNROLL_FULL, or a factor. */
enum { UNROLL_AUTO = 0, UNROLL_NONE = -1, UNROLL_FULL = -2 };
void schedule(Ir *ir, const Target *target, int unroll);
void schedule_print(Out *out, const Ir *ir);    /* a line per layer: "lstm: 4 nests unrolled, 2 loops" */

/* plan: gives every tensor its home and the window of time it needs. `streaming`: states live in M_state, and what a
 * step computes on its way does so too, if that is more than `step_bytes`. */
#define PLAN_STEP_BYTES 4096
void plan(Ir *ir, bool streaming, size_t step_bytes);

/* contain: for a program that predicts: what it reads of the weights themselves is copied at prepare time too, so that
 * struct M_packed points to nothing. */
void contain(Ir *ir);

/* idle: time loops under a mask: what is left of a turn at which it holds for no row. */
void idle(Ir *ir);

/* first_turn: in a training program, sums over vectors that add nothing in the first turn of a loop over time. */
void first_turn(Ir *ir);
/* Loops of one turn, of what is no stream: sums that add nothing at all go before their weights are copied. */
void only_turn(Ir *ir);

#endif
