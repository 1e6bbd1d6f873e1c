/* round_weights.c: in: a program, weights in Keras's order.  out: the weights as its copies in pairs of
 * bf16 hold them. */
#include "round_weights.h"

#include "compiler/ir/axes.h"

#include "runtime/lstmc_bf16.h"

static float *weight_at(const Statement *copy, const int *at, float *weights)
{
    const Access *from = &copy->value->access;
    size_t element = 0;
    for (int d = 0; d < from->tensor->rank; d++) {
        int position = from->index[d].constant;
        for (int a = 0; a < copy->axis_count; a++)
            position += index_coefficient(&from->index[d], copy->axes[a]) * at[a];
        element = element * (size_t)from->tensor->extent[d] + (size_t)position;
    }
    return &weights[from->tensor->weight->offset + element];
}

/* `paired`: which of the axes runs over the halves. */
static void round_copy(const Statement *copy, int paired, int axis, int *at, float *weights)
{
    if (axis < copy->axis_count) {
        for (at[axis] = 0; at[axis] < copy->axes[axis]->extent; at[axis] += axis == paired ? 2 : 1)
            round_copy(copy, paired, axis + 1, at, weights);
        return;
    }
    float *lower = weight_at(copy, at, weights);
    uint32_t half = bf16_word(*lower, 0) >> 16;
    *lower = bf16_float(half << 16);
    if (at[paired] + 1 == copy->axes[paired]->extent)
        return;
    at[paired]++;
    float *upper = weight_at(copy, at, weights);
    *upper = bf16_float(bf16_word(*upper, half));
    at[paired]--;
}

static void round_in_form(const Statement *copy, float *weights)
{
    int at[STATEMENT_AXES_MAX], dimension = copy->out.tensor->paired;
    for (int a = 0; a < copy->axis_count && dimension >= 0; a++)
        if (index_coefficient(&copy->out.index[dimension], copy->axes[a]))
            round_copy(copy, a, 0, at, weights);
}

/* One copy may undo what another has done: each of them alone has to leave the weights as they are. */
bool round_weights(const Ir *ir, float *weights, size_t count)
{
    float *again = arena_array(ir->arena, float, count);
    bool same = true;
    for (int i = 0; i < ir->statement_count; i++)
        round_in_form(ir->statements[i], weights);
    memcpy(again, weights, count * sizeof *again);
    for (int i = 0; i < ir->statement_count && same; i++) {
        round_in_form(ir->statements[i], again);
        same = !memcmp(again, weights, count * sizeof *again);
    }
    return same;
}
