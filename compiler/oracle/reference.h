/* reference.h: what the interpreter makes of calls of a model, and how far float may be off from that.
 *
 * The first is computed in double. The second is no constant: it grows with what a sum cancels and with what weights
 * amplify, and a gradient that is 0 is nothing but it. So it is measured: the interpreter computes the same calls in
 * float, several times, on weights and inputs whose last digits are drawn anew, with activations that are off by what
 * those of generated code may be. Another order of summation gives one more result of that kind: the largest deviation
 * seen, times a factor, bounds that of generated code. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "compiler/front/read_lua.h"

#define REFERENCE_PRECISION 1e-5    /* of the largest value of a tensor: allowed wherever float itself is no worse */
#define REFERENCE_SCALE     0.25f   /* of the loss */
#define REFERENCE_FIRST_ROW 7       /* number of the first sample, for dropout */

typedef struct ReferenceCall {
    const void *x;                  /* [rows, input_count] floats, or int32_t ids */
    const int32_t *lengths;         /* [rows]; NULL: all steps count */
    uint64_t seed;                  /* of dropout; 0: off */
    bool carries;                   /* begins with the states that the call before has left, else with zeros */
    bool trains;                    /* loss and gradients too (added to those of calls before), by what follows */
    const void *target;             /* floats or int32_t classes */
    const float *sample_weight;     /* [rows, lstmc_weights_per_sample] */
    const float *d_output;          /* of a model without a loss: its gradient */
} ReferenceCall;

typedef struct Quantity {           /* one tensor */
    int call;
    const char *name;               /* "output", "lstm.h", "loss", "gradient lstm/kernel", "gradient of the input" */
    double *expected;
    size_t count;
    size_t width;                   /* of a state: [T + 1, rows, width]; else 0 */
    double largest;                 /* of |expected| */
    double rounding;                /* how far an element was off in float; infinite: out of its range */
} Quantity;

typedef struct Reference {
    Description *description;
    int rows, call_count;
    const float *weights;
    const ReferenceCall *calls;
    Quantity *list;                 /* call by call; in one call no two have the same name */
    int count, capacity;
    double kink_distance;           /* of the arguments: see interpreter.h */
} Reference;

/* Runs the calls in double; everything lies in the arena. Returns NULL, or why it cannot be done (a layer that the
 * interpreter does not know, no memory). */
const char *reference_expect(Arena *arena, Reference *reference);
/* Then in float, to find `rounding`. */
const char *reference_round(Reference *reference);
bool reference_is_finite(const Reference *reference);     /* in double and in float */
const Quantity *reference_find(const Reference *reference, int call, const char *name);     /* NULL: there is none */

/* What deviations of it are measured by: the largest expected value, or what float leaves of that. */
double quantity_scale(const Quantity *quantity);
/* Of so many values from element `first` on: the largest difference, so measured; infinite if a value is not finite. */
double quantity_deviation(const Quantity *quantity, const float *values, size_t first, size_t count);
double quantity_rounding(const Quantity *quantity);     /* what float may be off by, so measured: up to 1 */
double quantity_allowed(const Quantity *quantity);      /* that, or REFERENCE_PRECISION where it is less */

#endif
