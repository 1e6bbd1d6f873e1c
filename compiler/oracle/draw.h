/* draw.h: random weights and calls of a model, such that a comparison of numbers means something, and what the
 * interpreter makes of them. */
#ifndef DRAW_H
#define DRAW_H

#include "reference.h"

/* Two of training, the second from the states that the first leaves; prediction. */
enum { DRAW_FIRST, DRAW_SECOND, DRAW_PREDICTION, DRAW_CALLS };

typedef struct Draw {
    Arena *arena;                   /* that all of it lies in */
    float *weights;
    ReferenceCall calls[DRAW_CALLS];
    Reference reference;
} Draw;

/* `trains`: gradients too. A function of the model and `seed`. Returns NULL, or (in the arena) why there is none;
 * draw_free in any case. */
const char *draw_create(Arena *arena, Description *description, int rows, bool trains, uint64_t seed, Draw *draw);
/* What it says of a model that overflows whatever its weights are. */
extern const char draw_without_numbers[];
void draw_free(Draw *draw);

/* What drawn weights lie around: the constant that they begin with, or 0: a variance is none below 0. */
float draw_middle(const struct lstmc_tensor *weight, size_t i);
/* In [-half_width, half_width). */
float draw_number(uint64_t seed, uint64_t stream, uint64_t attempt, size_t i, float half_width);

#endif
