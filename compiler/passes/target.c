/* target.c: the table of targets. Numbers only: whoever adds a machine adds a row. */
#include "target.h"

#include <stddef.h>
#include <string.h>

/* Below this, tiles of as many lanes as the machine has are faster; above it too where OpenBLAS has narrower kernels
 * than that. */
#define BLAS .blas_side = 768, .blas_terms = 256

#define VECTOR(lanes_, accumulators_) \
    { \
        .name = "vector", .lanes = lanes_, .full_unroll_budget = 512, .small_nest = 4, .unroll_factor = 1, .sums = 8, \
        .function_budget = 256, .accumulators = accumulators_, .first_cache = 24 << 10, .table_bytes = 1 << 20, \
        .flat_bytes = 24 << 10, BLAS \
    }

static const Target targets[] = {
    /* plain: ISO C11, one statement one nest; the oracle of every other target. A loop of four turns is as long as its
       text. */
    { .name = "plain",
      .lanes = 1,
      .full_unroll_budget = 512,
      .small_nest = 4,
      .unroll_factor = 1,
      .sums = 8,
      .function_budget = 256,
      BLAS },
    /* vector: any machine with vectors of up to so many floats; 16 registers hold 12 sums, the operands and their
       products. */
    VECTOR(8, 12),
    VECTOR(4, 12),
    VECTOR(16, 24),
};

#define TARGETS (sizeof targets / sizeof *targets)

const Target *target_find(const char *name)
{
    for (size_t i = 0; i < TARGETS; i++)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    return NULL;
}

const Target *target_default(void)
{
    return target_find("vector");
}

const Target *target_with_lanes(const Target *target, int lanes)
{
    for (size_t i = 0; i < TARGETS; i++)
        if (!strcmp(targets[i].name, target->name) && targets[i].lanes == lanes)
            return &targets[i];
    return NULL;
}

const Target *target_widest(const Target *target)
{
#if defined(__x86_64__) && defined(__GNUC__)
    const Target *widest = __builtin_cpu_supports("avx512f") ? target_with_lanes(target, 16) : NULL;
    return widest ? widest : target;
#else
    return target;
#endif
}

const char *target_names(void)
{
    return "plain, vector";
}
