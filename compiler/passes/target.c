/* target.c: the table of targets. Numbers only: whoever adds a machine adds a row. */
#include "target.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Below this, tiles of as many lanes as the machine has are faster; above it too where OpenBLAS has narrower kernels
 * than that. */
#define BLAS .blas_side = 768, .blas_terms = 256

#define VECTOR(lanes_, accumulators_, narrow_, rows_, half_) \
    { \
        .name = "vector", .lanes = lanes_, .full_unroll_budget = 512, .small_nest = 4, .unroll_factor = 1, .sums = 8, \
        .function_budget = 256, .accumulators = accumulators_, .narrow = narrow_, .first_cache = 24 << 10, \
        .second_cache = 1 << 20, .table_bytes = 1 << 20, .flat_bytes = 24 << 10, .rows_in_place = rows_, \
        .half = half_, BLAS \
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
       products. Those with vectors of 16 floats have 32 of them. */
    VECTOR(8, 12, 0, 20, 2),
    VECTOR(4, 12, 0, 0, 0),
    VECTOR(16, 24, 8, 20, 1.3),
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

/* How many lanes hold so many units, those that hold none included. */
static double padded(int units, int lanes)
{
    return (double)((units + lanes - 1) / lanes * lanes);
}

static bool is_recurrent(const struct lstmc_tensor *tensor)
{
    return strstr(tensor->name, "recurrent_kernel") != NULL;
}

/* The units of the cell whose kernel weight i is; 0: it is no cell's. */
static int units_of_cell(const struct lstmc_model *descriptor, int i)
{
    const struct lstmc_tensor *tensor = &descriptor->weights[i], *next = tensor + 1;
    if (is_recurrent(tensor))
        return tensor->shape[0];
    return i + 1 < descriptor->weight_tensors && is_recurrent(next) ? next->shape[0] : 0;
}

/* Columns of gates with so many units, those included that stand for none: gates of more units than a vector has lie
 * one after the other where that leaves less empty (flatten.c). */
static double columns(int gates, int units, int lanes, int widest)
{
    double apart = gates * padded(units, lanes), together = padded(gates * units, lanes);
    return units > widest && together < apart ? together : apart;
}

/* Multiply-adds of one step, those with lanes that hold no unit included. Vectors lie along the units, but of a layer
 * without states whose units fill none: there they lie along the sum. A table is read a row at a time. */
static double work(const struct lstmc_model *descriptor, int lanes, int widest)
{
    double sum = 0;
    for (int i = 0; i < descriptor->weight_tensors; i++) {
        const struct lstmc_tensor *tensor = &descriptor->weights[i];
        if (tensor->rank < 2 || strstr(tensor->name, "embeddings"))
            continue;
        int cell = units_of_cell(descriptor, i), all = tensor->shape[tensor->rank - 1], units = cell ? cell : all;
        bool fills = cell || units >= lanes;
        sum += (double)tensor->count * (fills ? columns(all / units, units, lanes, widest) / all : 1);
    }
    return sum;
}

const Target *target_for_units(const Target *widest, const struct lstmc_model *descriptor)
{
    const Target *target = widest, *half;
    while ((half = target_with_lanes(target, target->lanes / 2)) &&
           work(descriptor, half->lanes, widest->lanes) * target->half <
               work(descriptor, target->lanes, widest->lanes))
        target = half;
    return target;
}

const char *target_names(void)
{
    return "plain, vector";
}
