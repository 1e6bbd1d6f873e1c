/* heads.c: in: the product of a query and a key that are projections, each divided into heads, and what follows.
 * out: MultiHeadAttention. */
#include "attention.h"

#include <math.h>
#include <string.h>

typedef struct Projection {
    Ref from;                           /* what is projected, [steps, features] */
    const DraftArray *kernel, *bias;    /* [features, heads * width]; bias NULL: none */
    Extent steps;
    int64_t heads, width;
    double factor;
} Projection;

/* A Dense without an activation, perhaps behind a factor. */
static bool is_projection(Step *step, Projection *to)
{
    to->factor = 1;
    if (step->factor != 0) {
        to->factor = step->factor;
        if (step->from[0].state != OUTPUT)
            return false;
        step = step->from[0].step;
    }
    for (int i = 0; i < step->layer->argument_count; i++)
        if (step->layer->arguments[i].name && !strcmp(step->layer->arguments[i].name, "activation"))
            return false;
    if (strcmp(step->layer->kind, "Dense") || step->rank != 2)
        return false;
    to->from = step->from[0];
    to->kernel = &step->layer->weights[0];
    to->bias = step->layer->weight_count > 1 ? &step->layer->weights[1] : NULL;
    return true;
}

/* Whether the flow is a Dense's output, whose features are heads and their width; axes: which of its axes are steps,
 * heads and width. An extent of 1 may be no atom. */
static bool divided(Importer *importer, const Flow *flow, const int *axes, Projection *to)
{
    int atom = 1;
    if (!flow || flow->rank != 4 || !is_batch(flow, 0) || flow->ref.state != OUTPUT ||
        !is_projection(flow->ref.step, to))
        return false;
    for (int i = 0; i < 3; i++) {
        const Axis *axis = &flow->axes[axes[i]];
        if (axis->count > 1 || (axis->count == 1 && axis->atoms[0] != atom++))
            return false;
    }
    Extent heads = axis_extent(importer, flow, axes[1]), width = axis_extent(importer, flow, axes[2]);
    to->steps = axis_extent(importer, flow, axes[0]);
    to->heads = heads.size, to->width = width.size;
    return atom == flow->atom_count && !heads.text && !width.text &&
           (int64_t)to->kernel->shape[1] == heads.size * width.size;
}

/* Heads back beside each other, and the last projection. */
static bool take_output(Attending *all, const Projection *value, const Array **kernel, const char **kernel_name,
                        const Array **bias)
{
    static const double perm[] = { 0, 2, 1, 3 };
    const Array *shape;
    if (!attending_takes(all, "Transpose", NULL))
        return false;
    const OnnxAttribute *order = onnx_attribute(all->nodes[all->count - 1], "perm");
    if (!order || order->number_count != 4 || memcmp(order->numbers, perm, sizeof perm) ||
        !attending_takes(all, "Reshape", &shape) || shape->count != 3 ||
        array_at(shape, 2) != (double)(value->heads * value->width) || !attending_takes(all, "MatMul", kernel) ||
        (*kernel)->rank != 2 || (*kernel)->shape[0] != value->heads * value->width)
        return false;
    *kernel_name = all->constant;
    *bias = NULL;
    if (attending_takes(all, "Add", bias) && ((*bias)->rank != 1 || (*bias)->shape[0] != (*kernel)->shape[1]))
        all->count--, *bias = NULL;             /* something else is added */
    return true;
}

static void add_weights(Importer *importer, Step *step, const Projection *part)
{
    size_t heads = (size_t)part->heads, width = (size_t)part->width;
    step_weight(importer, step, part->kernel->found, 3, (size_t[]){ part->kernel->shape[0], heads, width },
                part->kernel->values);
    if (part->bias)
        step_weight(importer, step, part->bias->found, 2, (size_t[]){ heads, width }, part->bias->values);
}

static void add_arguments(Importer *importer, Step *step, const Projection *query, const Projection *value,
                          int64_t features)
{
    Arena *arena = importer->arena;
    step_argument(importer, step, NULL, arena_format(arena, "%lld", (long long)query->heads));
    step_argument(importer, step, NULL, arena_format(arena, "%lld", (long long)query->width));
    if (value->width != query->width)
        step_argument(importer, step, "value_dim", arena_format(arena, "%lld", (long long)value->width));
    if (features != (int64_t)query->kernel->shape[0])
        step_argument(importer, step, "output_shape", arena_format(arena, "%lld", (long long)features));
    if (!query->bias)
        step_argument(importer, step, "use_bias", "false");
}

bool import_heads(Importer *importer, const Flow *query_flow, const Flow *key_flow)
{
    static const int straight[] = { 2, 1, 3 }, turned[] = { 3, 1, 2 };
    Attending all = { .importer = importer, .nodes = { importer->node }, .count = 1 };
    Projection query, key, value;
    const Array *kernel, *bias;
    const char *kernel_name = NULL;
    if (!divided(importer, query_flow, straight, &query) || !divided(importer, key_flow, turned, &key))
        return false;
    double factor = query.factor * key.factor * attending_factor(&all, 1);
    if (!divided(importer, attending_values(&all, query.steps, key.steps), straight, &value) ||
        !take_output(&all, &value, &kernel, &kernel_name, &bias))
        return false;
    if (!(fabs(factor * sqrt((double)query.width) - 1) < 1e-6) || value.factor != 1 || query.heads != key.heads ||
        query.heads != value.heads || query.width != key.width || !query.bias != !bias || !key.bias != !bias ||
        !value.bias != !bias)
        return false;
    size_t features = (size_t)kernel->shape[1];
    Step *step = step_new(importer, "MultiHeadAttention", 2,
                          (Extent[]){ query.steps, extent_of((int64_t)features) });
    add_arguments(importer, step, &query, &value, (int64_t)features);
    add_weights(importer, step, &query);
    add_weights(importer, step, &key);
    add_weights(importer, step, &value);
    step_weight(importer, step, kernel_name, 3,
                (size_t[]){ (size_t)value.heads, (size_t)value.width, features }, array_floats(importer, kernel));
    if (bias)
        step_weight(importer, step, all.nodes[all.count - 1]->inputs[1], 1, (size_t[]){ features },
                    array_floats(importer, bias));
    attending_reads(&all, step, query.from, value.from, key.from);
    attending_done(&all, step, query_flow->atoms[0]);
    return true;
}
