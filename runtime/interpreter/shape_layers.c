/* shape_layers.c: layers that only move numbers: Input, Flatten, RepeatVector, Reshape, Permute; ZeroPadding, Cropping
 * and UpSampling along the steps of a sequence, or the rows and columns of an image. */
#include "words.h"

static const char *set_up_flatten(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, reshape(&c, run->in[0], (Shape){ 1, { (int)run->in[0]->count } }));
}

static const char *set_up_repeat(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, repeat(&c, run->in[0], (int)layer_number(run->layer, "n", 0)));
}

/* What is moved where in the layer's output: the place in one sample of x, -1 for a zero. */
typedef long Source(const Run *run, const int *to);

static const char *set_up_moving(Interpreter *it, Run *run, Source *source)
{
    const Shape *to = &run->layer->output, *from = &run->in[0]->shape;
    Composition c = composition_begin(it, run);
    size_t count = shape_count(to);
    long *index = interpreter_room(it, count, sizeof *index);
    if (to->rank != from->rank)
        return "it keeps the number of axes";
    for (size_t i = 0; index && i < count; i++) {
        int at[LSTMC_RANK_MAX];
        size_t rest = i;
        for (int d = to->rank - 1; d >= 0; d--) {
            at[d] = (int)(rest % (size_t)to->extent[d]);
            rest /= (size_t)to->extent[d];
        }
        index[i] = source(run, at);
    }
    return composition_end(&c, index ? move(&c, run->in[0], *to, index) : NULL);
}

/* The place of that element of x; outside of it a zero. */
static long place_in_input(const Run *run, const int *at)
{
    const Shape *x = &run->in[0]->shape;
    long place = 0;
    for (int d = 0; d < x->rank; d++) {
        if (at[d] < 0 || at[d] >= x->extent[d])
            return -1;
        place = place * x->extent[d] + at[d];
    }
    return place;
}

/* Channels stay where they are; along each of the other axes the argument has the places in front and behind. */
static long moved_by_border(const Run *run, const int *to, const char *name, int sign)
{
    int border[2 * LSTMC_RANK_MAX] = { 0 }, at[LSTMC_RANK_MAX], rank = run->in[0]->shape.rank;
    layer_list(run->layer, name, border, 2 * LSTMC_RANK_MAX);
    for (int d = 0; d < rank; d++)
        at[d] = to[d] + (d < rank - 1 ? sign * border[2 * d] : 0);
    return place_in_input(run, at);
}

static long source_of_padding(const Run *run, const int *to) { return moved_by_border(run, to, "padding", -1); }
static long source_of_cropping(const Run *run, const int *to) { return moved_by_border(run, to, "cropping", 1); }

static long source_of_up_sampling(const Run *run, const int *to)
{
    int size[LSTMC_RANK_MAX], at[LSTMC_RANK_MAX], rank = run->in[0]->shape.rank;
    int known = layer_list(run->layer, "size", size, LSTMC_RANK_MAX);
    for (int d = 0; d < rank; d++)
        at[d] = d == rank - 1 ? to[d] : to[d] / (d < known ? size[d] : (int)layer_number(run->layer, "size", 2));
    return place_in_input(run, at);
}

/* Axis d of the output is axis dims[d] of x. */
static long source_of_permutation(const Run *run, const int *to)
{
    int dims[LSTMC_RANK_MAX] = { 0 }, at[LSTMC_RANK_MAX] = { 0 };
    int count = layer_list(run->layer, "dims", dims, LSTMC_RANK_MAX);
    for (int d = 0; d < count; d++)
        at[dims[d] - 1] = to[d];
    return place_in_input(run, at);
}

static const char *set_up_padding(Interpreter *it, Run *run) { return set_up_moving(it, run, source_of_padding); }
static const char *set_up_cropping(Interpreter *it, Run *run) { return set_up_moving(it, run, source_of_cropping); }
static const char *set_up_up_sampling(Interpreter *it, Run *run)
{
    return set_up_moving(it, run, source_of_up_sampling);
}
static const char *set_up_permute(Interpreter *it, Run *run) { return set_up_moving(it, run, source_of_permutation); }

static const char *set_up_reshape(Interpreter *it, Run *run)
{
    Composition c = composition_begin(it, run);
    return composition_end(&c, reshape(&c, run->in[0], run->layer->output));
}

#define SHAPE_KIND(NAME, SET_UP) \
    { .name = NAME, .set_up = SET_UP, .forward = composed_forward, .backward = composed_backward }
const LayerKind kind_flatten = SHAPE_KIND("Flatten", set_up_flatten);
const LayerKind kind_repeat_vector = SHAPE_KIND("RepeatVector", set_up_repeat);
const LayerKind kind_ignore_mask = SHAPE_KIND("IgnoreMask", set_up_reshape);
const LayerKind kind_reshape = SHAPE_KIND("Reshape", set_up_reshape);
const LayerKind kind_permute = SHAPE_KIND("Permute", set_up_permute);
const LayerKind kind_zero_padding1d = SHAPE_KIND("ZeroPadding1D", set_up_padding);
const LayerKind kind_cropping1d = SHAPE_KIND("Cropping1D", set_up_cropping);
const LayerKind kind_up_sampling1d = SHAPE_KIND("UpSampling1D", set_up_up_sampling);
const LayerKind kind_zero_padding2d = SHAPE_KIND("ZeroPadding2D", set_up_padding);
const LayerKind kind_cropping2d = SHAPE_KIND("Cropping2D", set_up_cropping);
const LayerKind kind_up_sampling2d = SHAPE_KIND("UpSampling2D", set_up_up_sampling);
