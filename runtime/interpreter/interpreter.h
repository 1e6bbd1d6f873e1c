/* interpreter.h: the second road: runs the validated layer list, forward and backward, each layer by hand from the
 * textbook (semantics as in Keras), matrix products by OpenBLAS. It knows nothing of the compiler but
 * compiler/front/model.h, so that it can judge it. Every function exists twice: interpreter_create_float and
 * interpreter_create_double, and so on. */
#ifndef INTERPRETER_H
#define INTERPRETER_H

#include "compiler/front/model.h"
#include "runtime/lstmc.h"
#include "runtime/lstmc_random.h"

#include <math.h>

/* How what a description defines itself is run (layers, activations, its loss): by whoever knows the mathematics.
 * Always double at this border. `layer` is the index in Model.layers, `weights` are all weights of the model, arrays
 * are row-major, batch first. One context belongs to one interpreter: it may keep states. */
struct custom_layers {
    void *context;
    /* y of `rows` samples from the layer's inputs x[0], x[1], ...; token ids come as numbers. seed 0: dropout off.
     * Returns the distance to the nearest point where the derivative jumps, INFINITY if there is none or nobody
     * knows. */
    double (*forward)(void *context, int layer, const double *weights, const double *const *x, int rows, int first_row,
                      uint64_t seed, double *y);
    /* Follows the forward of the same rows. Adds to `gradients` (the trainable prefix of the weights), sets each d_x[i]
     * unless that is NULL. */
    void (*backward)(void *context, int layer, const double *weights, const double *const *x, int rows,
                     const double *d_y, double *gradients, double *const *d_x);
    /* Sets the layer's statistics among these weights; follows the forward of the same rows, with a seed. */
    void (*update)(void *context, int layer, double *weights);
    /* [rows, timesteps], of a layer that makes a mask: follows the forward of the same rows. */
    void (*mask)(void *context, int layer, int rows, double *mask);
    /* The initial state := zeros; := the last one. NULL if no layer has states. */
    void (*reset)(void *context, int layer);
    void (*carry)(void *context, int layer);
    /* Where gradients end, what stands there stays what it was in the last forward; or no longer. NULL: they do not. */
    void (*hold)(void *context, bool held);
    /* A number for the activation of that name, of rows of `width`; negative if the description defines none. NULL if
     * it defines none at all. */
    int (*activation)(void *context, const char *name, int width);
    /* One row: y of z; d_z from d_y. */
    void (*activate)(void *context, int activation, const double *z, double *y);
    void (*activate_back)(void *context, int activation, const double *z, const double *d_y, double *d_z);
    /* Of one output: scale * sum over rows of sample_weight[row] * loss, and d_output, its gradient; classes come as
     * numbers. mask
     * [rows, timesteps]: of an output that has one, else NULL: the mean is over the steps that count. NULL if the loss
     * is none of the description's own. */
    double (*loss)(void *context, int which, const double *output, const double *target, const double *sample_weight,
                   const double *mask, int rows, double scale, double *d_output);
};

/* How far the functions of generated code may be off, of themselves and of 1: lstmc_math.h promises 3e-7 of tanh, and
 * 1.8e-7 of 1 for the sigmoid. It is what interpreter_perturb draws. */
#define FUNCTION_ERROR_RELATIVE 4e-7
#define FUNCTION_ERROR_ABSOLUTE 2e-7

/* The error of one more call of such a function, which has this value; `state` is that of the generator. */
static inline double function_error(uint64_t *state, double value, double absolute)
{
    *state = lstmc_mix(*state);
    double draw = (double)(*state >> 11) * 0x1p-52 - 1;        /* in [-1, 1) */
    return draw * (FUNCTION_ERROR_RELATIVE * fabs(value) + absolute);
}

#define INTERPRETER_REAL float
#define INTERPRETER_NAME(name) name##_float
#include "interpreter_functions.h"
#undef INTERPRETER_REAL
#undef INTERPRETER_NAME

#define INTERPRETER_REAL double
#define INTERPRETER_NAME(name) name##_double
#include "interpreter_functions.h"
#undef INTERPRETER_REAL
#undef INTERPRETER_NAME

/* An engine over the float interpreter, for batches of up to batch * shards rows, whose gradients are summed as one.
 * `model` and `custom` must outlive it. engine->free releases it. Returns LSTMC_OK,
 * LSTMC_NO_MEMORY or LSTMC_MISMATCH. */
int interpreter_engine_create(const Model *model, const struct custom_layers *custom, struct lstmc_engine *engine,
                              struct lstmc_message *message);

#endif
