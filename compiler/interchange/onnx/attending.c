/* attending.c: in: a product of two flows, or a sum, and what follows.  out: the nodes that attention is made of, one
 * behind the other, as far as they are that. */
#include "attention.h"

#include <string.h>

static const OnnxNode *reader_of(Importer *importer, const char *name)
{
    const OnnxModel *model = importer->model;
    for (int n = 0; n < model->node_count && uses_of(importer, name) == 1; n++)
        for (int i = 0; i < model->nodes[n].input_count; i++)
            if (!strcmp(model->nodes[n].inputs[i], name))
                return importer->done[n] ? NULL : &model->nodes[n];
    return NULL;
}

bool attending_takes(Attending *all, const char *operation, const Array **other)
{
    const char *name = all->nodes[all->count - 1]->outputs[0];
    const OnnxNode *node = all->count < ATTENDING_MAX ? reader_of(all->importer, name) : NULL;
    if (!node || strcmp(node->operation, operation) || node->output_count != 1)
        return false;
    if (other) {
        bool first = node->input_count == 2 && !strcmp(node->inputs[0], name);
        int place = first ? place_of_name(all->importer, node->inputs[1]) : -1;
        *other = first ? all->importer->values[place].array : NULL;
        if (!*other || (*other)->open)
            return false;
        all->constant = node->inputs[1];
    }
    all->nodes[all->count++] = node;
    return true;
}

double attending_factor(Attending *all, double otherwise)
{
    const Array *array;
    bool product = attending_takes(all, "Mul", &array);
    if (!product && !attending_takes(all, "Div", &array))
        return otherwise;
    if (array->count != 1) {
        all->count--;
        return otherwise;
    }
    return product ? array_at(array, 0) : 1 / array_at(array, 0);
}

/* [1, ..., steps, seen]: so little where s > t that a softmax leaves nothing, and nothing elsewhere. */
static bool hides_later(const Array *array, Extent steps, Extent seen)
{
    int rank = array->rank;
    if (rank < 2 || steps.text || seen.text || (int64_t)array->count != steps.size * seen.size ||
        array->shape[rank - 2] != steps.size || array->shape[rank - 1] != seen.size)
        return false;
    for (int64_t t = 0; t < steps.size; t++)
        for (int64_t s = 0; s < seen.size; s++) {
            double number = array_at(array, (size_t)(t * seen.size + s));
            if (s > t ? !(number <= -1e9) : number != 0)
                return false;
        }
    return true;
}

const Flow *attending_values(Attending *all, Extent steps, Extent seen)
{
    Importer *importer = all->importer;
    const Array *later;
    if (attending_takes(all, "Add", &later)) {
        all->causal = hides_later(later, steps, seen);
        if (!all->causal)
            return NULL;
    }
    if (!attending_takes(all, "Softmax", NULL) ||
        onnx_number(all->nodes[all->count - 1], "axis", importer->model->opset < 13 ? 1 : -1) != -1)
        return NULL;
    const char *shares = all->nodes[all->count - 1]->outputs[0];
    const OnnxNode *last = attending_takes(all, "MatMul", NULL) ? all->nodes[all->count - 1] : NULL;
    if (!last || last->input_count != 2 || strcmp(last->inputs[0], shares))
        return NULL;
    return settle(importer, &importer->values[place_of_name(importer, last->inputs[1])]);
}

void attending_done(const Attending *all, Step *step, Extent batch)
{
    static const int order[] = { 0, 1, 2 };
    Importer *importer = all->importer;
    for (int i = 0; i < all->count; i++)
        importer->done[all->nodes[i] - importer->model->nodes] = true;
    importer->node = all->nodes[all->count - 1];
    step->looks = true;
    if (all->causal)
        step_argument(importer, step, "use_causal_mask", "true");
    set_flow(importer, 0, flow_of_step((Ref){ step, OUTPUT }, batch, 3, order));
}

static bool same(Ref a, Ref b)
{
    return a.step == b.step && a.state == b.state;
}

void attending_reads(const Attending *all, Step *step, Ref query, Ref value, Ref key)
{
    step_read(all->importer, step, query);
    if (!same(query, value) || !same(query, key))
        step_read(all->importer, step, value);
    if (!same(value, key))
        step_read(all->importer, step, key);
}
