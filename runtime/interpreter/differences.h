/* differences.h: the interpreter in double against finite differences of its own loss: is the textbook right? */
#ifndef DIFFERENCES_H
#define DIFFERENCES_H

#include "interpreter.h"

#define DIFFERENCES_ROWS 2
#define DIFFERENCES_PRECISION 1e-6  /* of the largest derivative of a tensor: allowed where differences are no worse */
#define DIFFERENCES_KINK 1e-3       /* arguments are drawn anew until every kink is farther away than this */
#define DIFFERENCES_DRAWS 200       /* at most so often; then the best draw serves */

struct difference {
    const char *tensor;             /* "lstm/kernel"; "input", or the Input layer's name of several */
    double deviation;               /* |a - b| by max |b|, or by the error of a where that is more */
    double allowed;                 /* DIFFERENCES_PRECISION, or up to 1 where the error of a is more */
    double finite_difference, derivative;   /* a and b, where that is */
    long element;                   /* -1: along a random direction */
    int probes, skipped;            /* skipped: a kink was crossed however small the step */
};

struct differences {
    struct difference *list;        /* each trainable weight tensor, then each input unless it is tokens */
    int count;
    bool good;                      /* no deviation is more than what is allowed */
    /* of the arguments that were used; less than DIFFERENCES_KINK: no draw was better */
    double kink_distance;
    int draws;
};

/* Draws weights, inputs, targets, sample weights and incoming states by `seed`, and probes every tensor along 8 random
 * directions and at its 16 largest and 16 random entries (at all of them, if they are no more than that). Dropout is
 * on. A model without a loss is given a random linear one. Returns LSTMC_OK, LSTMC_MISMATCH, LSTMC_NO_MEMORY, or
 * LSTMC_NOT_FINITE if no draw had a finite loss. */
int differences_check(const Model *model, const struct custom_layers *custom, uint64_t seed, struct differences *result,
                      struct lstmc_message *message);
void differences_free(struct differences *result);

#endif
