/* settle.c: in: what a name stands for.  out: one flow: several that stand side by side become one by a layer. */
#include "flow.h"

#include <string.h>

/* Along an axis of extent 1 in all of them each gets an axis of its own: they are stacked. */
static int order_of(const Flow *flow, int axis, int *order)
{
    int count = flow_order(flow, order), place = axis == flow->rank - 1 ? count : 1;
    for (int i = 0; i < count; i++)
        if (order[i] == axis)
            return count;
    memmove(order + place + 1, order + place, (size_t)(count - place) * sizeof *order);
    order[place] = axis;
    return count + 1;
}

static Extent sum_of(Arena *arena, Extent a, Extent b)
{
    if (a.text && b.text)
        return (Extent){ a.size + b.size, arena_format(arena, "%s + %s", a.text, b.text) };
    return b.text ? extent_plus(arena, b, a.size) : extent_plus(arena, a, b.size);
}

static Flow *join(Importer *importer, const Value *value)
{
    const Flow *first = value->parts[0];
    int order[ONNX_RANK_MAX + 1], places[ONNX_RANK_MAX], count, along = 0;
    Extent shape[ONNX_RANK_MAX];
    if (is_batch(first, value->axis) || batch_axis(first) < 0) {
        cannot(importer, "its inputs would stand one behind the other along the batch");
        return NULL;
    }
    count = order_of(first, value->axis, order);
    for (int i = 0; i < first->rank; i++)
        places[i] = -1;
    for (int i = 0; i < count; i++)
        places[order[i]] = i;
    along = places[value->axis];
    Ref *refs = arena_array(importer->arena, Ref, value->part_count);
    for (int p = 0; p < value->part_count; p++) {
        Flow part = *value->parts[p];
        if (!flow_arrange(importer, &part, order, count))
            return NULL;
        for (int d = 0; d < count - 1; d++) {
            Extent extent = part.atoms[d + 1];
            if (p && d + 1 != along && extent.size != shape[d].size) {
                cannot(importer, "its inputs have other extents, %s and %s",
                       extent_text(importer->arena, shape[d]), extent_text(importer->arena, extent));
                return NULL;
            }
            shape[d] = p && d + 1 == along ? sum_of(importer->arena, shape[d], extent) : extent;
        }
        refs[p] = part.ref;
    }
    Step *step = step_new(importer, "Concatenate", count - 1, shape);
    for (int p = 0; p < value->part_count; p++)
        step_read(importer, step, refs[p]);
    if (along != count - 1)
        step_argument(importer, step, "axis", arena_format(importer->arena, "%d", along));
    Flow *flow = arena_new(importer->arena, Flow);
    *flow = flow_of_step((Ref){ step, OUTPUT }, first->atoms[0], first->rank, places);
    return flow;
}

Flow *settle(Importer *importer, Value *value)
{
    if (!value->flow && value->part_count)
        value->flow = join(importer, value);
    return value->flow;
}

Flow *input_flow(Importer *importer, int i)
{
    Value *value = input_value(importer, i);
    if (!value || (!value->array && !value->flow && !value->part_count)) {
        cannot(importer, "it reads %s, which no node before it makes",
               value ? importer->node->inputs[i] : "nothing");
        return NULL;
    }
    if (value->array) {
        cannot(importer, "%s is a constant, and would have to come from an input", importer->node->inputs[i]);
        return NULL;
    }
    return settle(importer, value);
}
