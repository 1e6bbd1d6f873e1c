/* export_attention.c: in: Attention, AdditiveAttention, MultiHeadAttention, of query, value and key or of one sequence.
 * out: products of matrices and softmax: operator set 17 has no attention of its own. What is dropped in training is
 * there in prediction. */
#include "export.h"
#include "compiler/interchange/draft/exported.h"

#include <math.h>
#include <string.h>

/* The three as flows, and how many steps they have; value and key have the same. */
typedef struct Attended {
    const char *query, *value, *key;
    int steps, seen;
    bool causal;
} Attended;

static Attended attended_of(const OnnxExport *to, const ExportLayer *one)
{
    AttentionReads reads = attention_reads(one->layer);
    const Layer *layers = to->model->layers;
    return (Attended){ .query = one->x[reads.query], .value = one->x[reads.value], .key = one->x[reads.key],
                       .steps = layers[one->layer->from[reads.query]].output.extent[0],
                       .seen = layers[one->layer->from[reads.value]].output.extent[0], .causal = reads.causal };
}

/* operation(x, y) as a new flow. */
static const char *of_two(OnnxExport *to, const ExportLayer *one, const char *operation, const char *x, const char *y)
{
    const char *z = export_flow(to, one, "attending");
    export_node(to, one, operation, z, x, y, NULL);
    return z;
}

static const char *turned(OnnxExport *to, const ExportLayer *one, const char *x, int rank, const int64_t *perm)
{
    return export_transposed(to, one, x, export_flow(to, one, "turned"), rank, perm);
}

/* The scores of later steps, less so much that nothing is left of them behind the softmax. */
static const char *causal(OnnxExport *to, const ExportLayer *one, const Attended *all, const char *scores)
{
    if (!all->causal)
        return scores;
    float *later = arena_array(to->arena, float, (size_t)all->steps * (size_t)all->seen);
    for (int t = 0; t < all->steps; t++)
        for (int s = 0; s < all->seen; s++)
            later[t * all->seen + s] = s > t ? -1e9f : 0;
    return of_two(to, one, "Add", scores,
                  export_floats_constant(to, export_flow(to, one, "later"), 2,
                                         (int64_t[]){ all->steps, all->seen }, later));
}

/* Scores [..., query steps, value steps] and values [..., value steps, features] to y [..., query steps, features]. */
static void mixed(OnnxExport *to, const ExportLayer *one, const Attended *all, const char *scores, const char *values,
                  const char *y)
{
    const char *shares = export_flow(to, one, "shares");
    export_integer(to, export_node(to, one, "Softmax", shares, causal(to, one, all, scores), NULL), "axis", -1);
    export_node(to, one, "MatMul", y, shares, values, NULL);
}

/* ---- without projections ---- */

static const char *unsqueezed(OnnxExport *to, const ExportLayer *one, const char *x, int64_t axis)
{
    return of_two(to, one, "Unsqueeze", x, export_integers_constant(to, one, "axis", 1, &axis));
}

/* The sums over the features of tanh(gain (query + key)), each feature times its factor; NULL: no gain, no factors. */
static const char *sums_of_tanh(OnnxExport *to, const ExportLayer *one, const Attended *all, const char *gain,
                                const char *factors)
{
    static const int64_t axis = -1;
    const char *sums = of_two(to, one, "Add", unsqueezed(to, one, all->query, 2), unsqueezed(to, one, all->key, 1));
    const char *bent = export_flow(to, one, "bent"), *scores = export_flow(to, one, "scores");
    export_node(to, one, "Tanh", bent, gain ? of_two(to, one, "Mul", sums, gain) : sums, NULL);
    ExportNode *node = export_node(to, one, "ReduceSum", scores, factors ? of_two(to, one, "Mul", bent, factors) : bent,
                                   export_integers_constant(to, one, "axis", 1, &axis), NULL);
    export_integer(to, node, "keepdims", 0);
    return scores;
}

static void additive(OnnxExport *to, const ExportLayer *one, const Attended *all)
{
    const char *scale = export_weight(to, layer_weight(one->layer, "scale"), NULL);
    mixed(to, one, all, sums_of_tanh(to, one, all, NULL, scale), all->value, one->y);
}

static void plain(OnnxExport *to, const ExportLayer *one, const Attended *all)
{
    const char *scale = export_weight(to, layer_weight(one->layer, "scale"), NULL), *scores;
    const struct lstmc_tensor *weight = layer_weight(one->layer, "concat_score_weight");
    if (weight) {
        scores = of_two(to, one, "Mul", sums_of_tanh(to, one, all, scale, NULL), export_weight(to, weight, NULL));
    } else {
        scores = of_two(to, one, "MatMul", all->query, turned(to, one, all->key, 3, (int64_t[]){ 0, 2, 1 }));
        scores = scale ? of_two(to, one, "Mul", scores, scale) : scores;
    }
    mixed(to, one, all, scores, all->value, one->y);
}

/* ---- heads ---- */

/* The weight as a matrix, or as a vector: two axes of it next to each other, heads and their features, become one. */
static const char *joined(OnnxExport *to, const struct lstmc_tensor *weight, int at)
{
    int64_t shape[LSTMC_RANK_MAX];
    int rank = 0;
    for (int d = 0; d < weight->rank; d++)
        if (d == at + 1)
            shape[rank - 1] *= weight->shape[d];
        else
            shape[rank++] = weight->shape[d];
    return export_floats_constant(to, weight->name, rank, shape, to->weights + weight->offset);
}

/* x [batch, steps, features] to [batch, heads, steps, features of a head]; of the key the last two axes are turned. */
static const char *projected(OnnxExport *to, const ExportLayer *one, const char *what, const char *x, int steps)
{
    static const int64_t heads_first[] = { 0, 2, 1, 3 }, steps_last[] = { 0, 2, 3, 1 };
    const struct lstmc_tensor *kernel = layer_weight(one->layer, arena_format(to->arena, "%s/kernel", what));
    const struct lstmc_tensor *bias = layer_weight(one->layer, arena_format(to->arena, "%s/bias", what));
    int64_t shape[] = { 0, steps, kernel->shape[1], kernel->shape[2] };
    const char *z = of_two(to, one, "MatMul", x, joined(to, kernel, 1));
    z = bias ? of_two(to, one, "Add", z, joined(to, bias, 0)) : z;
    z = of_two(to, one, "Reshape", z, export_integers_constant(to, one, "shape", 4, shape));
    return turned(to, one, z, 4, strcmp(what, "key") ? heads_first : steps_last);
}

static void heads(OnnxExport *to, const ExportLayer *one, const Attended *all)
{
    const struct lstmc_tensor *kernel = layer_weight(one->layer, "attention_output/kernel");
    const struct lstmc_tensor *bias = layer_weight(one->layer, "attention_output/bias");
    const char *query = projected(to, one, "query", all->query, all->steps);
    const char *key = projected(to, one, "key", all->key, all->seen);
    const char *value = projected(to, one, "value", all->value, all->seen), *means = export_flow(to, one, "means");
    int64_t shape[] = { 0, all->steps, (int64_t)kernel->shape[0] * kernel->shape[1] };
    double scale = 1 / sqrt(layer_number(one->layer, "key_dim", 1));
    const char *scaled = of_two(to, one, "Mul", query, export_scalar(to, one, "scale", scale));
    mixed(to, one, all, of_two(to, one, "MatMul", scaled, key), value, means);
    const char *z = of_two(to, one, "Reshape", turned(to, one, means, 4, (int64_t[]){ 0, 2, 1, 3 }),
                           export_integers_constant(to, one, "shape", 3, shape));
    const char *sums = bias ? export_flow(to, one, "sums") : one->y;
    export_node(to, one, "MatMul", sums, z, joined(to, kernel, 0), NULL);
    if (bias)
        export_node(to, one, "Add", one->y, sums, joined(to, bias, 0), NULL);
}

bool export_attention(OnnxExport *to, const ExportLayer *one)
{
    const char *kind = one->layer->kind;
    Attended all = attended_of(to, one);
    if (!strcmp(kind, "Attention"))
        plain(to, one, &all);
    else if (!strcmp(kind, "AdditiveAttention"))
        additive(to, one, &all);
    else if (!strcmp(kind, "MultiHeadAttention"))
        heads(to, one, &all);
    else
        return false;
    if (to->stream)
        export_cannot(to, one->layer, "it sees several steps, and has no step of its own");
    return true;
}
