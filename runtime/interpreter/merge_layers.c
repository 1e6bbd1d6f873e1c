/* merge_layers.c: Keras's merges of several layers: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate,
 * Dot. */
#include "words.h"

static const char *set_up_merge(Interpreter *it, Run *run, enum Merge how)
{
    Composition c = composition_begin(it, run);
    if (run->in_count == 1)                 /* Keras gives it back as it is */
        return composition_end(&c, scale(&c, run->in[0], 1, 0));
    return composition_end(&c, merge(&c, how, run->in, run->in_count));
}

static const char *set_up_add(Interpreter *it, Run *run) { return set_up_merge(it, run, MERGE_ADD); }
static const char *set_up_subtract(Interpreter *it, Run *run) { return set_up_merge(it, run, MERGE_SUBTRACT); }
static const char *set_up_multiply(Interpreter *it, Run *run) { return set_up_merge(it, run, MERGE_MULTIPLY); }
static const char *set_up_average(Interpreter *it, Run *run) { return set_up_merge(it, run, MERGE_AVERAGE); }
static const char *set_up_maximum(Interpreter *it, Run *run) { return set_up_merge(it, run, MERGE_MAXIMUM); }
static const char *set_up_minimum(Interpreter *it, Run *run) { return set_up_merge(it, run, MERGE_MINIMUM); }

static const char *set_up_concatenate(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    if (run->in_count == 1)
        return composition_end(&c, scale(&c, run->in[0], 1, 0));
    int axis = (int)layer_number(run->layer, "axis", -1);
    if (axis == 0)
        return "samples are not concatenated: axis 0 is the batch";
    return composition_end(&c, concatenate(&c, run->in, run->in_count, axis));
}

/* ---- masks ---- */

/* Whether step t of an input counts: one without a mask counts everywhere. */
static bool step_counts(const Value *in, size_t row, size_t t)
{
    return !in->mask || in->mask->y[row * in->mask->count + t] != 0;
}

/* A step counts that counts in one of the inputs; a mask of one step is that of all. */
static void either_mask(const Run *run, size_t row)
{
    const Value *mask = run->out.mask;
    for (size_t t = 0; t < mask->count; t++) {
        bool any = false;
        for (int n = 0; n < run->in_count; n++)
            any = any || step_counts(run->in[n], row, run->in[n]->shape.extent[0] > 1 ? t : 0);
        mask->y[row * mask->count + t] = any;
    }
}

/* One behind the other in time: so are their masks. */
static void laid_out_mask(const Run *run, size_t row)
{
    const Value *mask = run->out.mask;
    REAL *to = mask->y + row * mask->count;
    for (int n = 0; n < run->in_count; n++)
        for (size_t t = 0; t < (size_t)run->in[n]->shape.extent[0]; t++)
            *to++ = step_counts(run->in[n], row, t);
}

static void merge_forward(Interpreter *it, Run *run)
{
    int axis = (int)layer_number(run->layer, "axis", -1);
    bool joins = run->kind == &kind_concatenate && (axis == 1 || axis == -run->out.shape.rank);
    for (size_t row = 0; run->layer->makes_mask && row < (size_t)it->rows; row++)
        (joins ? laid_out_mask : either_mask)(run, row);
    composed_forward(it, run);
}

#define MERGE_KIND(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = merge_forward, .backward = composed_backward, .many = true }
const LayerKind kind_concatenate = MERGE_KIND("Concatenate", set_up_concatenate);
const LayerKind kind_add = MERGE_KIND("Add", set_up_add);
const LayerKind kind_subtract = MERGE_KIND("Subtract", set_up_subtract);
const LayerKind kind_multiply = MERGE_KIND("Multiply", set_up_multiply);
const LayerKind kind_average = MERGE_KIND("Average", set_up_average);
const LayerKind kind_maximum = MERGE_KIND("Maximum", set_up_maximum);
const LayerKind kind_minimum = MERGE_KIND("Minimum", set_up_minimum);

/* ---- Dot ---- */

/* A matrix of the other axes and of the one that is summed over, which comes last. */
static Value *with_axis_last(Composition *c, Value *x, int axis)
{
    int d = axis < 0 ? x->shape.rank + axis : axis - 1, inner = 1;
    if (d < 0 || d >= x->shape.rank)
        return composition_refuse(c, "there is no such axis");
    for (int k = d + 1; k < x->shape.rank; k++)
        inner *= x->shape.extent[k];
    int extent = x->shape.extent[d], others = (int)x->count / extent;
    long *index = interpreter_room(c->it, x->count, sizeof *index);
    for (int o = 0; index && o < others; o++)
        for (int k = 0; k < extent; k++)
            index[o * extent + k] = (long)(o / inner * extent + k) * inner + o % inner;
    return index ? move(c, x, (Shape){ 2, { others, extent } }, index) : NULL;
}

static const char *set_up_dot(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    int axes[2] = { 0 };
    if (run->in_count != 2 || layer_list(run->layer, "axes", axes, 2) != 2)
        return "reads two outputs, along an axis of each";
    Value *one = with_axis_last(&c, run->in[0], axes[0]), *other = with_axis_last(&c, run->in[1], axes[1]);
    if (layer_flag(run->layer, "normalize")) {
        one = normalise_length(&c, one, LENGTH_UNIT, (Weight){ 0 }, 1e-14);
        other = normalise_length(&c, other, LENGTH_UNIT, (Weight){ 0 }, 1e-14);
    }
    Value *y = product(&c, one, other, true);
    return composition_end(&c, reshape(&c, y, run->layer->output));
}

const LayerKind kind_dot = { .name = "Dot", .set_up = set_up_dot, .forward = composed_forward,
                             .backward = composed_backward, .many = true };
