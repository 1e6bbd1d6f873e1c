/* fold.c: in: a node whose inputs are known, or whose output follows from a shape alone.  out: its numbers. Exporters
 * write the initial states of a recurrent layer, and the shapes of a Reshape, as chains of such nodes. */
#include "flow.h"

#include <math.h>
#include <string.h>

#define OPEN_FROM 100000        /* what is computed from open sizes, and still a size and not an index */

/* ---- element by element ---- */

static double divide(double a, double b, bool whole) { return whole ? trunc(a / b) : a / b; }
static double add(double a, double b, bool whole) { (void)whole; return a + b; }
static double subtract(double a, double b, bool whole) { (void)whole; return a - b; }
static double multiply(double a, double b, bool whole) { (void)whole; return a * b; }
static double smaller(double a, double b, bool whole) { (void)whole; return a < b ? a : b; }
static double larger(double a, double b, bool whole) { (void)whole; return a > b ? a : b; }
static double power(double a, double b, bool whole) { (void)whole; return pow(a, b); }
static double remainder_of(double a, double b, bool whole) { (void)whole; return a - b * floor(a / b); }
static double is_equal(double a, double b, bool whole) { (void)whole; return a == b; }
static double is_greater(double a, double b, bool whole) { (void)whole; return a > b; }
static double is_less(double a, double b, bool whole) { (void)whole; return a < b; }
static double both(double a, double b, bool whole) { (void)whole; return a && b; }
static double either(double a, double b, bool whole) { (void)whole; return a || b; }

static const struct {
    const char *operation;
    double (*of)(double a, double b, bool whole);
} of_two[] = {
    { "Add", add }, { "Sub", subtract }, { "Mul", multiply }, { "Div", divide }, { "Min", smaller }, { "Max", larger },
    { "Pow", power }, { "Mod", remainder_of }, { "Equal", is_equal }, { "Greater", is_greater }, { "Less", is_less },
    { "And", both }, { "Or", either },
};

static double negative(double a) { return -a; }
static double inverse(double a) { return 1 / a; }
static double opposite(double a) { return !a; }
static double same(double a) { return a; }
static double rectified(double a) { return a > 0 ? a : 0; }
static double sigmoid(double a) { return 1 / (1 + exp(-a)); }
static double softplus(double a) { return a > 0 ? a + log1p(exp(-a)) : log1p(exp(a)); }
static double softsign(double a) { return a / (1 + fabs(a)); }

static const struct {
    const char *operation;
    double (*of)(double a);
} of_one[] = {
    { "Neg", negative }, { "Reciprocal", inverse }, { "Not", opposite }, { "Identity", same }, { "Abs", fabs },
    { "Floor", floor }, { "Ceil", ceil }, { "Sqrt", sqrt }, { "Exp", exp }, { "Log", log }, { "Relu", rectified },
    { "Tanh", tanh }, { "Sigmoid", sigmoid }, { "Erf", erf }, { "Softplus", softplus }, { "Softsign", softsign },
    { "Dropout", same },
};

static int common_shape(Importer *importer, const Array *const *list, int count, int64_t *shape)
{
    int rank = 0;
    for (int i = 0; i < count; i++)
        rank = list[i]->rank > rank ? list[i]->rank : rank;
    for (int d = 0; d < rank; d++)
        shape[d] = 1;
    for (int i = 0; i < count; i++)
        for (int d = 0; d < list[i]->rank; d++) {
            int64_t *to = &shape[d + rank - list[i]->rank], extent = list[i]->shape[d];
            if (*to != 1 && extent != 1 && *to != extent) {
                cannot(importer, "the shapes of its inputs do not go together");
                return -1;
            }
            *to = extent != 1 ? extent : *to;
        }
    return rank;
}

static bool is_known(Importer *importer, int count)
{
    for (int i = 0; i < count; i++)
        if (!input_array(importer, i))
            return false;
    return true;
}

static void set_open(Array *array, bool open)
{
    array->open = false;
    for (size_t i = 0; open && i < (array->uniform ? 1 : array->count); i++)
        array->open |= fabs(array->numbers[i]) >= OPEN_FROM;
}

static Array *fold_two(Importer *importer, const Array *a, const Array *b, double (*of)(double, double, bool))
{
    const Array *list[] = { a, b };
    int64_t shape[ONNX_RANK_MAX];
    int rank = common_shape(importer, list, 2, shape);
    const Array *x = rank < 0 ? NULL : array_stretched(importer, a, rank, shape);
    const Array *y = x ? array_stretched(importer, b, rank, shape) : NULL;
    Array *to = y ? array_new(importer, rank, shape, x->uniform && y->uniform) : NULL;
    if (!to)
        return NULL;
    to->whole = a->whole && b->whole;
    for (size_t i = 0; i < (to->uniform ? 1 : to->count); i++)
        to->numbers[i] = of(array_at(x, i), array_at(y, i), to->whole);
    set_open(to, a->open || b->open);
    return to;
}

static bool fold_elements(Importer *importer)
{
    const char *operation = importer->node->operation;
    for (size_t k = 0; k < sizeof of_two / sizeof *of_two; k++) {
        if (strcmp(operation, of_two[k].operation) || !is_known(importer, 2))
            continue;
        Array *array = fold_two(importer, input_array(importer, 0), input_array(importer, 1), of_two[k].of);
        for (int i = 2; array && i < importer->node->input_count && input_array(importer, i); i++)
            array = fold_two(importer, array, input_array(importer, i), of_two[k].of);
        set_array(importer, 0, array);
        return true;
    }
    for (size_t k = 0; k < sizeof of_one / sizeof *of_one; k++) {
        const Array *from = input_array(importer, 0);
        if (strcmp(operation, of_one[k].operation) || !from)
            continue;
        Array *to = array_new(importer, from->rank, from->shape, from->uniform);
        for (size_t i = 0; to && i < (to->uniform ? 1 : to->count); i++)
            to->numbers[i] = of_one[k].of(from->numbers[i]);
        if (to)
            to->open = from->open, to->whole = from->whole;
        set_array(importer, 0, to);
        return true;
    }
    return false;
}

/* Clip, and HardSigmoid, which is a straight line between bounds. */
static bool fold_bounded(Importer *importer)
{
    const Array *from = input_array(importer, 0);
    double low = 0, high = 1, slope = 1, offset = 0;
    bool clips = !strcmp(importer->node->operation, "Clip");
    if (!from)
        return false;
    if (clips && !clip_bounds(importer, &low, &high))
        return true;
    if (!clips) {
        slope = onnx_number(importer->node, "alpha", 0.2);
        offset = onnx_number(importer->node, "beta", 0.5);
    }
    Array *to = array_new(importer, from->rank, from->shape, from->uniform);
    for (size_t i = 0; to && i < (to->uniform ? 1 : to->count); i++)
        to->numbers[i] = fmin(fmax(slope * from->numbers[i] + offset, low), high);
    if (to)
        to->open = from->open, to->whole = from->whole;
    set_array(importer, 0, to);
    return true;
}

static bool fold_where(Importer *importer)
{
    const Array *list[3];
    int64_t shape[ONNX_RANK_MAX];
    if (!is_known(importer, 3))
        return false;
    for (int i = 0; i < 3; i++)
        list[i] = input_array(importer, i);
    int rank = common_shape(importer, list, 3, shape);
    bool open = false, uniform = true;
    for (int i = 0; i < 3 && rank >= 0; i++) {
        open |= i && list[i]->open;
        list[i] = array_stretched(importer, list[i], rank, shape);
        if (!list[i])
            return true;
        uniform = uniform && list[i]->uniform;
    }
    Array *to = rank < 0 ? NULL : array_new(importer, rank, shape, uniform);
    for (size_t i = 0; to && i < (uniform ? 1 : to->count); i++)
        to->numbers[i] = array_at(list[array_at(list[0], i) != 0 ? 1 : 2], i);
    if (to)
        set_open(to, open);
    set_array(importer, 0, to);
    return true;
}

static bool fold_cast(Importer *importer)
{
    const Array *from = input_array(importer, 0);
    int type = (int)onnx_number(importer->node, "to", ONNX_FLOAT);
    if (!from)
        return false;
    Array *to = array_new(importer, from->rank, from->shape, from->uniform);
    if (!to)
        return true;
    to->whole = type != 1 && type != 10 && type != 11 && type != 16;
    to->open = from->open;
    for (size_t i = 0; i < (to->uniform ? 1 : to->count); i++)
        to->numbers[i] = type == ONNX_BOOL ? from->numbers[i] != 0 : to->whole ? trunc(from->numbers[i])
                                                                             : from->numbers[i];
    set_array(importer, 0, to);
    return true;
}

/* ---- constants and shapes ---- */

static bool fold_constant(Importer *importer)
{
    static const char *const names[] = { "value", "value_float", "value_int", "value_floats", "value_ints" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const OnnxAttribute *attribute = onnx_attribute(importer->node, names[i]);
        int64_t count = attribute ? attribute->number_count : 0;
        if (!attribute)
            continue;
        if (attribute->array) {
            set_array(importer, 0, attribute->array);
            return true;
        }
        Array *to = array_new(importer, i > 2, &count, false);
        for (size_t k = 0; to && k < to->count; k++)
            to->numbers[k] = i > 2 ? attribute->numbers[k] : attribute->number;
        if (to)
            to->whole = i == 2 || i == 4;
        set_array(importer, 0, to);
        return true;
    }
    cannot(importer, "it has no numbers");
    return true;
}

static bool fold_shape(Importer *importer)
{
    Value *value = input_value(importer, 0);
    Flow *flow = value && !value->array && (value->flow || value->part_count) ? settle(importer, value) : NULL;
    int64_t extents[ONNX_RANK_MAX], rank = value && value->array ? value->array->rank : flow ? flow->rank : -1;
    bool open = false;
    if (rank < 0)
        return !input_flow(importer, 0);        /* which says why */
    for (int d = 0; d < rank; d++) {
        Extent extent = flow ? axis_extent(importer, flow, d) : extent_of(value->array->shape[d]);
        extents[d] = extent.size;
        open |= extent.text != NULL;
    }
    double first = onnx_number(importer->node, "start", 0), end = onnx_number(importer->node, "end", (double)rank);
    first = first < 0 ? first + (double)rank : first;
    end = end < 0 ? end + (double)rank : end > (double)rank ? (double)rank : end;
    if (first < 0 || first > end)
        return cannot(importer, "its start and end are no axes"), true;
    bool is_size = !strcmp(importer->node->operation, "Size");
    int64_t count = (int64_t)(end - first);
    Array *to = array_new(importer, !is_size, &count, false);
    if (!to)
        return true;
    to->numbers[0] = 1;
    for (int64_t d = 0; d < (is_size ? rank : count); d++) {
        if (is_size)
            to->numbers[0] *= (double)extents[d];
        else
            to->numbers[d] = (double)extents[d + (int64_t)first];
    }
    to->whole = true;
    set_open(to, open);
    set_array(importer, 0, to);
    return true;
}

static int shape_from(const Array *array, int64_t *shape)
{
    if (array->count > ONNX_RANK_MAX)
        return -1;
    for (size_t d = 0; d < array->count; d++)
        shape[d] = to_integer(array_at(array, d));
    return (int)array->count;
}

static bool fold_constant_of_shape(Importer *importer)
{
    const Array *sizes = input_array(importer, 0);
    const OnnxAttribute *value = onnx_attribute(importer->node, "value");
    int64_t shape[ONNX_RANK_MAX];
    int rank = sizes ? shape_from(sizes, shape) : -1;
    if (!sizes)
        return false;
    if (rank < 0)
        return cannot(importer, "what it makes has too many axes"), true;
    Array *to = array_new(importer, rank, shape, true);
    if (to && value && value->array && value->array->count)
        to->numbers[0] = array_at(value->array, 0), to->whole = value->array->whole;
    set_array(importer, 0, to);
    return true;
}

static bool fold_expand(Importer *importer)
{
    const Array *from = input_array(importer, 0), *sizes = input_array(importer, 1);
    int64_t shape[ONNX_RANK_MAX];
    if (!from || !sizes)
        return false;
    Array said = { .rank = shape_from(sizes, said.shape) }, one = *from;
    const Array *list[] = { &one, &said };
    one.uniform = from->uniform || (is_single(from) && sizes->open);
    for (int d = 0; d < from->rank && said.rank >= from->rank && one.uniform && sizes->open; d++)
        if (said.shape[d + said.rank - from->rank] != 1)
            one.shape[d] = 1;                   /* zeros for the batch that an exporter happened to have */
    int rank = said.rank < 0 ? -1 : common_shape(importer, list, 2, shape);
    if (rank < 0)
        return cannot(importer, "what it makes has too many axes"), true;
    set_array(importer, 0, array_stretched(importer, &one, rank, shape));
    return true;
}

static bool fold_range(Importer *importer)
{
    if (!is_known(importer, 3))
        return false;
    double first = array_at(input_array(importer, 0), 0), end = array_at(input_array(importer, 1), 0);
    double by = array_at(input_array(importer, 2), 0), count = ceil((end - first) / by);
    if (input_array(importer, 1)->open || !(fabs(count) < 1e6))
        return false;
    int64_t length = count > 0 ? (int64_t)count : 0;
    Array *to = array_new(importer, 1, &length, false);
    for (int64_t i = 0; to && i < length; i++)
        to->numbers[i] = first + (double)i * by;
    if (to)
        to->whole = input_array(importer, 0)->whole;
    set_array(importer, 0, to);
    return true;
}

bool fold_node(Importer *importer)
{
    static const struct {
        const char *operation;
        bool (*fold)(Importer *importer);
    } table[] = {
        { "Constant", fold_constant }, { "Shape", fold_shape }, { "Size", fold_shape },
        { "ConstantOfShape", fold_constant_of_shape }, { "Expand", fold_expand }, { "Cast", fold_cast },
        { "Where", fold_where }, { "Range", fold_range }, { "Clip", fold_bounded }, { "HardSigmoid", fold_bounded },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(importer->node->operation, table[i].operation))
            return table[i].fold(importer);
    return fold_elements(importer) || fold_view(importer);
}
