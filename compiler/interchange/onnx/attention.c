/* attention.c: in: a product of two flows, or a sum along axes of their own, and what follows.  out: Attention or
 * AdditiveAttention, if it is one: nothing else of that kind is a layer. */
#include "attention.h"

#include <math.h>
#include <string.h>

/* What stands around tanh(query + key), or behind query key. */
typedef struct Sums {
    bool bent;                          /* tanh */
    double gain, weight;                /* NAN: none */
    const char *gain_name, *weight_name, *factors_name;
    const Array *factors;               /* NULL: none */
} Sums;

static void weigh(Importer *importer, Step *step, const char *found, double number)
{
    float *value = new_floats(importer, 1);
    *value = (float)number;
    step_weight(importer, step, found, 1, (size_t[]){ 1 }, value);
}

/* The layer, or NULL: no layer has these. */
static Step *layer_of(Importer *importer, const Sums *sums, const Extent *shape, int64_t features)
{
    bool additive = sums->bent && isnan(sums->gain) && isnan(sums->weight);
    if (sums->bent && !additive && (isnan(sums->weight) || sums->factors))
        return NULL;
    if (sums->factors && ((int64_t)sums->factors->count != features || !sums->factors->rank ||
                          sums->factors->shape[sums->factors->rank - 1] != features))
        return NULL;
    Step *step = step_new(importer, additive ? "AdditiveAttention" : "Attention", 2, shape);
    if (additive && !sums->factors)
        step_argument(importer, step, "use_scale", "false");
    else if (additive)
        step_weight(importer, step, sums->factors_name, 1, (size_t[]){ (size_t)features },
                    array_floats(importer, sums->factors));
    if (additive)
        return step;
    if (!isnan(sums->gain)) {
        step_argument(importer, step, "use_scale", "true");
        weigh(importer, step, sums->gain_name, sums->gain);
    }
    if (sums->bent) {
        step_argument(importer, step, "score_mode", "\"concat\"");
        weigh(importer, step, sums->weight_name, sums->weight);
    }
    return step;
}

/* tanh, its factors, the sum over the last axis. */
static bool take_sums(Attending *all, Sums *sums)
{
    int64_t axis = 0;
    sums->gain = attending_factor(all, (double)NAN);
    sums->gain_name = all->constant;
    if (!attending_takes(all, "Tanh", NULL))
        return false;
    if (!attending_takes(all, "Mul", &sums->factors))
        sums->factors = NULL;
    sums->factors_name = all->constant;
    if (!attending_takes(all, "ReduceSum", NULL))
        return false;
    const OnnxNode *node = all->importer->node, *sum = all->nodes[all->count - 1];
    all->importer->node = sum;
    bool last = integers(all->importer, "axes", 1, &axis, 1) == 1 && axis == -1;
    all->importer->node = node;
    sums->weight = attending_factor(all, (double)NAN);
    sums->weight_name = all->constant;
    return last && onnx_number(sum, "keepdims", 1) == 0;
}

/* Query and key as [batch, steps, features]: of a product the key is turned, of a sum both have an axis more. */
static bool as_sequences(Importer *importer, bool product, Flow *query, Flow *key)
{
    static const int turned[] = { 0, 2, 1 };
    bool good = product ? query->rank == 3 && key->rank == 3 : query->rank == 4 && key->rank == 4;
    good = good && is_batch(query, 0) && is_batch(key, 0);
    if (good && product)
        return flow_transpose(importer, key, turned);
    return good && axis_extent(importer, query, 2).size == 1 && axis_extent(importer, key, 1).size == 1 &&
           flow_remove(importer, query, 2) && flow_remove(importer, key, 1);
}

static bool is_made(const Value *value)
{
    return value && (value->flow || value->part_count);
}

bool import_attention(Importer *importer)
{
    static const int order[] = { 0, 1, 2 };
    const OnnxNode *node = importer->node;
    bool product = !strcmp(node->operation, "MatMul");
    Value *first = input_value(importer, 0), *second = input_value(importer, 1);
    if ((!product && strcmp(node->operation, "Add")) || !is_made(first) || !is_made(second) || node->output_count != 1)
        return false;
    Attending all = { .importer = importer, .nodes = { node }, .count = 1 };
    const Flow *left = settle(importer, first), *right = settle(importer, second);
    if (!left || !right)
        return true;                            /* the message was said */
    Flow query = *left, key = *right;
    Sums sums = { .bent = !product, .gain = (double)NAN, .weight = (double)NAN };
    if (product && query.rank == 4)
        return import_heads(importer, &query, &key);
    if (!as_sequences(importer, product, &query, &key) || (!product && !take_sums(&all, &sums)))
        return false;
    if (product) {
        sums.gain = attending_factor(&all, (double)NAN);
        sums.gain_name = all.constant;
    }
    Extent steps = axis_extent(importer, &query, 1), seen = axis_extent(importer, &key, 1);
    int64_t features = axis_extent(importer, &key, 2).size;
    const Flow *values = attending_values(&all, steps, seen);
    if (!values || values->rank != 3 || !is_batch(values, 0) || axis_extent(importer, &query, 2).size != features ||
        axis_extent(importer, values, 1).size != seen.size)
        return false;
    Flow value = *values;
    Step *step = layer_of(importer, &sums, (Extent[]){ steps, axis_extent(importer, &value, 2) }, features);
    if (!step || !flow_arrange(importer, &query, order, 3) || !flow_arrange(importer, &key, order, 3) ||
        !flow_arrange(importer, &value, order, 3))
        return step != NULL;                    /* the message was said */
    attending_reads(&all, step, query.ref, value.ref, key.ref);
    attending_done(&all, step, query.atoms[0]);
    return true;
}
