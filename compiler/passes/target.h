/* target.h: what a target is: numbers only, one row each; no pass asks for a name. */
#ifndef TARGET_H
#define TARGET_H

#include "runtime/lstmc_model.h"

typedef struct Target {
    const char *name;           /* "plain" */
    /* floats that one operation works on; fixes every packed layout. 1: no vectors, no tiles, no layouts */
    int lanes;
    int full_unroll_budget;     /* multiply-adds of one nest up to which --unroll=full leaves no loop */
    int small_nest;             /* the same for --unroll=auto */
    int unroll_factor;          /* copies of the innermost body otherwise */
    int sums;                   /* outputs that are summed up side by side where a sum runs along memory */
    int function_budget;        /* statements of one emitted function up to which nests may be unrolled in full */
    int accumulators;           /* vectors that a tile keeps in registers while it sums */
    /* the lanes of the target that knows what is best where vectors have fewer floats than this one's lanes, and the
     * machine fewer registers; 0: none does */
    int narrow;
    int first_cache;            /* bytes of the first-level cache that a tile may count on */
    int second_cache;           /* of the second-level one */
    int table_bytes;            /* of weights times embeddings kept as a table */
    /* gates whose recurrent kernels take at least so much may lie one after the other; short steps wait for them
     * then */
    int flat_bytes;
    int rows_in_place;          /* a training step of so many rows and steps reads weights without a copy of them */
    /* half as many lanes take so much longer for as many units; 0: there is no such row. Of 16 lanes: 1.08 where
     * AVX-512 goes through units of half the width (Zen 4), up to 1.9 elsewhere, measured. */
    double half;
    int blas_side, blas_terms;  /* --blas: products of at least so many rows and columns, and terms in each sum */
} Target;

const Target *target_find(const char *name);    /* with its usual number of lanes; NULL: unknown */
const Target *target_default(void);             /* the one that lstmc takes if it is told of none */
const Target *target_with_lanes(const Target *target, int lanes);      /* NULL: it has no such row */
/* with as many lanes as vectors of this machine have floats, or itself */
const Target *target_widest(const Target *target);
/* With fewer lanes, where most of the weights belong to units that the widest would pad too far. */
const Target *target_for_units(const Target *widest, const struct lstmc_model *descriptor);
const char   *target_names(void);               /* "plain, vector" */

#endif
