/* reference.c: in: a model, weights, calls.  out: every tensor that can be seen from outside, in double, and how far
 * float may be off. */
#include "reference.h"
#include "custom.h"

#include "runtime/lstmc_random.h"

#include <math.h>
#include <string.h>

#define RUNS        4           /* in float */
#define LAST_DIGITS 0x1p-22     /* that weights and inputs are moved by, of themselves: 4 units in the last place */
#define FACTOR      4           /* runs are few, tensors may be small, other orders of summation may be worse */
#define NOTHING     1e-30       /* below, floats lose digits by themselves */
/* What is 0 in every run because the interpreter cancels it exactly, as the gradient of x / |x|, may leave of another
 * order of the same sums a few last digits of numbers near 1. */
#define CANCELLED   0.1

typedef struct Run {
    Reference *reference;
    Arena *kept, *scratch;      /* for what is expected; for what is needed meanwhile */
    uint64_t draw;              /* of the last digits; 0: the run in double, whose values are expected */
    uint64_t array;             /* number of the array that is drawn */
    int next;                   /* quantity */
} Run;

static const Model *model_of(const Run *run)
{
    return description_model(run->reference->description);
}

static double moved(const Run *run, float value, size_t i)
{
    double by = run->draw ? 2 * lstmc_random_uniform(run->draw, run->array, 0, i) - 1 : 0;
    return value * (1 + LAST_DIGITS * by);
}

/* All runs come upon the same quantities in the same order. */
static Quantity *next_quantity(Run *run, int call, const char *name, size_t count)
{
    Reference *reference = run->reference;
    if (!run->draw) {
        Quantity quantity = { .call = call, .name = arena_copy_text(run->kept, name), .count = count,
                              .expected = arena_array(run->kept, double, count + 1) };
        arena_append(run->kept, reference->list, reference->count, reference->capacity, quantity);
    }
    return &reference->list[run->next++];
}

static void note_value(const Run *run, Quantity *quantity, size_t i, double value)
{
    if (!run->draw) {
        quantity->expected[i] = value;
        quantity->largest = isnan(value) ? INFINITY : fmax(quantity->largest, fabs(value));
        return;
    }
    double difference = fabs(value - quantity->expected[i]);
    quantity->rounding = isnan(difference) ? INFINITY : fmax(quantity->rounding, difference);
}

#define REAL double
#define NAME(name) name##_double
#include "reference_run.h"
#undef REAL
#undef NAME
#define REAL float
#define NAME(name) name##_float
#include "reference_run.h"
#undef REAL
#undef NAME

const char *reference_expect(Arena *arena, Reference *reference)
{
    reference->list = NULL;
    reference->count = reference->capacity = 0;
    reference->kink_distance = INFINITY;
    struct lstmc_message message = { "" };
    Run run = { .reference = reference, .kept = arena, .scratch = arena_create() };
    struct custom_layers *custom = custom_layers_create(run.scratch, reference->description, reference->rows);
    Interpreter_double *it = interpreter_create_double(model_of(&run), reference->rows, custom, &message);
    if (it)
        run_calls_double(&run, it);
    const char *why = it ? NULL : arena_copy_text(arena, message.text);
    interpreter_free_double(it);
    custom_layers_free(custom);
    arena_free(run.scratch);
    return why;
}

const char *reference_round(Reference *reference)
{
    Arena *arena = arena_create();
    struct custom_layers *custom = custom_layers_create(arena, reference->description, reference->rows);
    const Model *model = description_model(reference->description);
    Interpreter_float *it = interpreter_create_float(model, reference->rows, custom, NULL);
    for (uint64_t draw = 1; it && draw <= RUNS; draw++) {
        Run run = { .reference = reference, .draw = draw, .scratch = arena_create() };
        custom_layers_perturb(custom, draw);
        run_calls_float(&run, it);
        arena_free(run.scratch);
    }
    const char *why = it ? NULL : "no memory to compute in float";
    interpreter_free_float(it);
    custom_layers_free(custom);
    arena_free(arena);
    return why;
}

const Quantity *reference_find(const Reference *reference, int call, const char *name)
{
    for (int i = 0; i < reference->count; i++)
        if (reference->list[i].call == call && !strcmp(reference->list[i].name, name))
            return &reference->list[i];
    return NULL;
}

bool reference_is_finite(const Reference *reference)
{
    for (int i = 0; i < reference->count; i++)
        if (!isfinite(reference->list[i].largest) || !isfinite(reference->list[i].rounding))
            return false;
    return true;
}

/* ---- what is allowed ---- */

double quantity_scale(const Quantity *quantity)
{
    if (quantity->largest == 0 && quantity->rounding == 0)
        return CANCELLED;
    return fmax(fmax(quantity->largest, FACTOR * quantity->rounding), NOTHING);
}

double quantity_rounding(const Quantity *quantity)
{
    return FACTOR * quantity->rounding / quantity_scale(quantity);
}

double quantity_allowed(const Quantity *quantity)
{
    return fmax(REFERENCE_PRECISION, quantity_rounding(quantity));
}

double quantity_deviation(const Quantity *quantity, const float *values, size_t first, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs(values[i] - quantity->expected[first + i]);
        if (!isfinite(difference))
            return INFINITY;
        largest = fmax(largest, difference);
    }
    return largest / quantity_scale(quantity);
}
