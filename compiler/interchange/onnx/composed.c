/* composed.c: in: nodes that see single elements, and are one activation of one tensor together, however its exporter
 * has spelled it.  out: that activation. Which one it is, its numbers at some places tell. */
#include "flow.h"

#include <math.h>
#include <string.h>

#define PLACES 48
#define NODES_MAX 16
#define REACH 64                /* how many nodes further on are looked at */

/* ---- what it may be ---- */

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return log1p(exp(x)); }
static double softsign(double x) { return x / (1 + fabs(x)); }
static double silu(double x) { return x * sigmoid(x); }
static double mish(double x) { return x * tanh(softplus(x)); }
static double hard_sigmoid(double x) { return fmin(fmax(x / 6 + 0.5, 0), 1); }
static double hard_sigmoid_keras2(double x) { return fmin(fmax(0.2 * x + 0.5, 0), 1); }
static double hard_silu(double x) { return x * hard_sigmoid(x); }
static double gelu(double x) { return 0.5 * x * (1 + erf(x / sqrt(2))); }
static double gelu_tanh(double x) { return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x))); }

static const struct {
    double (*of)(double x);
    const char *operation;      /* of functions.c */
    double alpha, beta;
} known[] = {
    { sigmoid, "Sigmoid", 0, 0 }, { softplus, "Softplus", 0, 0 }, { softsign, "Softsign", 0, 0 },
    { silu, "Swish", 1, 0 }, { mish, "Mish", 0, 0 }, { hard_sigmoid, "HardSigmoid", 1.0 / 6, 0.5 },
    { hard_sigmoid_keras2, "HardSigmoid", 0.2, 0.5 }, { hard_silu, "HardSwish", 0, 0 }, { gelu, "Gelu", 0, 0 },
    { gelu_tanh, "GeluTanh", 0, 0 },
};
#define KNOWN (sizeof known / sizeof *known)

/* On both sides of zero, and not zero itself. */
static double place(int i)
{
    return ((double)i - 0.5 * PLACES + 0.37) * 0.3;
}

/* Constants of a file are floats: their last place is that of its numbers. */
static bool is_activation(const Array *array, double (*of)(double x))
{
    for (int i = 0; i < PLACES; i++) {
        double wanted = of(place(i));
        if (!(fabs(array_at(array, (size_t)i) - wanted) <= 1e-6 * fmax(1, fabs(wanted))))
            return false;
    }
    return true;
}

/* ---- the nodes ---- */

typedef struct Composition {
    const char *x;              /* what they read */
    int rank;
    const OnnxNode *nodes[NODES_MAX];
    int count;
} Composition;

static bool sees_elements(const OnnxNode *node)
{
    static const char *const operations[] = {
        "Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Neg", "Reciprocal", "Abs", "Sqrt", "Exp", "Log", "Relu",
        "Tanh", "Sigmoid", "Erf", "Softplus", "Softsign", "HardSigmoid", "Clip", "Identity",
    };
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (!strcmp(node->operation, operations[i]))
            return node->output_count == 1;
    return false;
}

/* How often the first `count` nodes read a name. */
static int reads(const Composition *all, int count, const char *name)
{
    int found = 0;
    for (int n = 0; n < count; n++)
        for (int i = 0; i < all->nodes[n]->input_count; i++)
            found += !strcmp(all->nodes[n]->inputs[i], name);
    return count > 1 ? found : -1;                      /* one node is what it says */
}

/* Whether it reads x, what follows from x, and numbers alone. */
static bool follows(Importer *importer, const Composition *all)
{
    bool from_x = false;
    for (int i = 0; i < importer->node->input_count; i++) {
        const char *name = importer->node->inputs[i];
        const Array *array = input_array(importer, i);
        bool inside = !strcmp(name, all->x);
        for (int n = 0; n < all->count; n++)
            inside |= !strcmp(name, all->nodes[n]->outputs[0]);
        from_x |= inside;
        if (*name && !inside && (!array || array->count != 1 || array->open || array->rank > all->rank))
            return false;
    }
    return from_x;
}

/* Nobody else reads what is computed on the way. */
static bool is_closed(Importer *importer, const Composition *all)
{
    for (int n = 0; n < all->count - 1; n++)
        if (uses_of(importer, all->nodes[n]->outputs[0]) != reads(all, all->count, all->nodes[n]->outputs[0]))
            return false;
    return true;
}

/* The most nodes that are an activation, and not the same one as fewer of them; which of the known ones, or -1. While
 * it looks x is numbers. */
static int compose(Importer *importer, int first, Composition *all)
{
    const OnnxModel *model = importer->model;
    Array *numbers = array_new(importer, 1, (int64_t[]){ PLACES }, false);
    int found = -1, count = 0, at = place_of_name(importer, all->x);
    const Value x = importer->values[at];
    for (int i = 0; i < PLACES; i++)
        numbers->numbers[i] = place(i);
    importer->values[at] = (Value){ .array = numbers };
    for (int n = first; n < model->node_count && n < first + REACH && all->count < NODES_MAX; n++) {
        importer->node = &model->nodes[n];
        if (importer->done[n] || !sees_elements(importer->node) || !follows(importer, all) || !fold_node(importer))
            continue;
        all->nodes[all->count++] = importer->node;
        const Array *y = importer->values[place_of_name(importer, importer->node->outputs[0])].array;
        for (size_t k = 0; k < KNOWN; k++)
            if ((int)k != found && is_closed(importer, all) && is_activation(y, known[k].of))
                found = (int)k, count = all->count;
    }
    for (int i = 0; i < all->count; i++)
        importer->values[place_of_name(importer, all->nodes[i]->outputs[0])] = (Value){ 0 };
    importer->values[at] = x;
    importer->node = &model->nodes[first];
    all->count = count;
    return count > 1 ? found : -1;                      /* one node is what it says */
}

bool import_composed(Importer *importer)
{
    const OnnxNode *node = importer->node;
    int input = -1;
    for (int i = node->input_count - 1; i >= 0; i--)
        if (*node->inputs[i] && !input_array(importer, i))
            input = i;
    Value *value = input >= 0 ? input_value(importer, input) : NULL;
    const Flow *from = value ? value->flow ? value->flow : value->part_count ? value->parts[0] : NULL : NULL;
    if (!from || !sees_elements(node))
        return false;
    Composition all = { .x = node->inputs[input], .rank = from->rank };
    int found = compose(importer, (int)(node - importer->model->nodes), &all);
    if (found < 0)
        return false;
    from = settle(importer, value);
    if (!from)
        return true;
    Flow flow = *from;
    flow.alone = flow.alone_by_name && uses_of(importer, all.x) == reads(&all, all.count, all.x);
    for (int i = 0; i < all.count; i++)
        importer->done[all.nodes[i] - importer->model->nodes] = true;
    importer->node = all.nodes[all.count - 1];
    return activate(importer, &flow, function_name(importer, known[found].operation, known[found].alpha,
                                                   known[found].beta, 0));
}
