/* part.c: in: a node that takes parts of a tensor, or puts tensors side by side.  out: flows of these parts; what was
 * put side by side and is taken apart again needs no layer. Ids that choose rows of a table are an Embedding. */
#include "flow.h"

#include <string.h>

static Extent extent_along(Importer *importer, const Value *value, int axis)
{
    if (value->flow)
        return axis_extent(importer, value->flow, axis);
    Extent all = axis_extent(importer, value->parts[0], axis);
    for (int p = 1; p < value->part_count && axis == value->axis; p++)
        all = extent_plus(importer->arena, all, axis_extent(importer, value->parts[p], axis).size);
    return all;
}

/* Of parts that lie whole within what is taken; NULL if one is cut. */
static Flow *whole_part(Importer *importer, const Value *value, int axis, int64_t begin, int64_t count)
{
    int64_t at = 0;
    if (value->flow || axis != value->axis)
        return NULL;
    for (int p = 0; p < value->part_count; p++) {
        int64_t size = axis_extent(importer, value->parts[p], axis).size;
        if (begin >= at && begin + count <= at + size) {
            Flow *part = arena_new(importer->arena, Flow);
            *part = *value->parts[p];
            part->alone = false;
            return flow_select(importer, part, axis, begin - at, count, 1) ? part : NULL;
        }
        at += size;
    }
    return NULL;
}

static bool take(Importer *importer, Value *value, int axis, int64_t begin, int64_t count, int64_t by, Flow *flow)
{
    const Flow *part = by == 1 || count == 1 ? whole_part(importer, value, axis, begin, count) : NULL;
    if (importer->failed)
        return false;
    if (part) {
        *flow = *part;
        return true;
    }
    if (!settle(importer, value))
        return false;
    *flow = *value->flow;
    flow->alone = false;
    return flow_select(importer, flow, axis, begin, count, by);
}

static int rank_of(const Value *value)
{
    return value->flow ? value->flow->rank : value->parts[0]->rank;
}

static int axis_of(const Value *value, double axis)
{
    Flow like = { .rank = rank_of(value) };
    return axis_number(&like, axis);
}

static bool slice(Importer *importer, Value *value)
{
    Slices slices;
    Value now = *value;
    if (!read_slices(importer, &slices))
        return false;
    for (int i = 0; i < slices.count; i++) {
        int axis = axis_of(&now, (double)slices.axes[i]);
        int64_t step = slices.steps[i], taken = 0;
        Flow *flow = arena_new(importer->arena, Flow);
        if (axis < 0 || !step)
            return cannot(importer, "its axes or steps are out of range");
        int64_t extent = extent_along(importer, &now, axis).size;
        slice_bounds(extent, &slices.begins[i], slices.ends[i], &step, &taken);
        if (taken == extent && step == 1)
            continue;
        if (!take(importer, &now, axis, slices.begins[i], taken, step, flow))
            return false;
        now = (Value){ .flow = flow };
    }
    if (now.flow)
        set_flow(importer, 0, *now.flow);
    else
        set_value(importer, 0, now);
    return true;
}

/* ---- Gather ---- */

static bool embedding(Importer *importer, const Array *table)
{
    const Flow *ids = input_flow(importer, 1);
    int order[ONNX_RANK_MAX], count;
    if (!ids)
        return false;
    if (table->rank != 2 || ids->rank == ONNX_RANK_MAX || onnx_number(importer->node, "axis", 0) != 0)
        return cannot(importer, "what it takes rows of is no table of vectors");
    Flow flow = *ids;
    count = flow_order(&flow, order);
    if (count > 2 || !count || !flow_arrange(importer, &flow, order, count))
        return cannot(importer, "its ids are no sequence");
    Extent shape[] = { count > 1 ? flow.atoms[1] : extent_of(1), extent_of(table->shape[1]) };
    Step *step = step_new(importer, "Embedding", 2, shape);
    step_argument(importer, step, NULL, arena_format(importer->arena, "%lld", (long long)table->shape[0]));
    step_argument(importer, step, NULL, arena_format(importer->arena, "%lld", (long long)table->shape[1]));
    step_weight(importer, step, importer->node->inputs[0], 2,
                (size_t[]){ (size_t)table->shape[0], (size_t)table->shape[1] }, array_floats(importer, table));
    flow_through(importer, &flow, step);
    flow_insert(&flow, flow.rank);
    flow.axes[flow.rank - 1] = (Axis){ 1, { flow.atom_count } };
    flow.atoms[flow.atom_count++] = extent_of(table->shape[1]);
    set_flow(importer, 0, flow);
    return true;
}

static bool gather(Importer *importer, Value *value)
{
    const Array *places = input_array(importer, 1);
    int axis = axis_of(value, onnx_number(importer->node, "axis", 0));
    if (axis < 0)
        return cannot(importer, "its axis is out of range");
    if (!places)
        return cannot(importer, "which places it takes is computed");
    if (places->rank > 1 || !places->count)
        return cannot(importer, "it takes places in more than one axis, or none");
    int64_t extent = extent_along(importer, value, axis).size, count = (int64_t)places->count;
    int64_t first = to_integer(array_at(places, 0)), by = 1;
    Flow flow;
    first += first < 0 ? extent : 0;
    for (int64_t i = 1; i < count; i++) {
        int64_t place = to_integer(array_at(places, (size_t)i));
        place += place < 0 ? extent : 0;
        by = i == 1 ? place - first : by;
        if (place != first + i * by || !by)
            return cannot(importer, "it takes places of axis %d in an order that no layer has", axis);
    }
    if (first < 0 || first >= extent || first + (count - 1) * by < 0 || first + (count - 1) * by >= extent)
        return cannot(importer, "it takes a place beyond axis %d", axis);
    if (!take(importer, value, axis, first, count, by, &flow) ||
        (!places->rank && !flow_remove(importer, &flow, axis)))
        return false;
    set_flow(importer, 0, flow);
    return true;
}

/* ---- Split, Concat ---- */

static bool split(Importer *importer, Value *value)
{
    int64_t sizes[64], at = 0;
    int axis = axis_of(value, onnx_number(importer->node, "axis", 0)), outputs = importer->node->output_count;
    if (axis < 0 || outputs > 64 || !outputs)
        return cannot(importer, "its axis is out of range, or it has too many outputs");
    int count = integers(importer, "split", 1, sizes, 64);
    int64_t extent = extent_along(importer, value, axis).size, each = (extent + outputs - 1) / outputs;
    for (int i = 0; i < outputs; i++) {
        Flow flow;
        int64_t size = count == outputs ? sizes[i] : i < outputs - 1 ? each : extent - each * (outputs - 1);
        if (size < 1 || at + size > extent)
            return cannot(importer, "its parts do not make up axis %d", axis);
        if (has_output(importer, i)) {
            if (!take(importer, value, axis, at, size, 1, &flow))
                return false;
            set_flow(importer, i, flow);
        }
        at += size;
    }
    return true;
}

static bool concatenate(Importer *importer)
{
    Value all = { .parts = arena_array(importer->arena, Flow *, 1) };
    int capacity = 1, count = importer->node->input_count;
    for (int i = 0; i < count; i++) {
        Value *value = input_value(importer, i);
        bool known = value && !value->array && (value->flow || value->part_count);
        if (!known && !input_flow(importer, i))
            return false;
        int axis = axis_of(value, onnx_number(importer->node, "axis", 0));
        if (axis < 0 || (i && (axis != all.axis || rank_of(value) != all.parts[0]->rank)))
            return cannot(importer, "its axis is out of range, or its inputs have not the same axes");
        all.axis = axis;
        if (value->flow || value->axis != axis) {
            if (!settle(importer, value))
                return false;
            arena_append(importer->arena, all.parts, all.part_count, capacity, value->flow);
        }
        for (int p = 0; !value->flow && p < value->part_count; p++)
            arena_append(importer->arena, all.parts, all.part_count, capacity, value->parts[p]);
    }
    if (all.part_count == 1)
        set_flow(importer, 0, *all.parts[0]);
    else if (all.part_count)
        set_value(importer, 0, all);
    return all.part_count || cannot(importer, "it reads nothing");
}

bool import_part(Importer *importer)
{
    const char *operation = importer->node->operation;
    Value *value = input_value(importer, 0);
    if (!strcmp(operation, "Concat"))
        return concatenate(importer);
    if (!strcmp(operation, "Gather") && value && value->array)
        return embedding(importer, value->array);
    if (!value || value->array || (!value->flow && !value->part_count))
        return input_flow(importer, 0) != NULL;
    return !strcmp(operation, "Slice") ? slice(importer, value) : !strcmp(operation, "Gather") ? gather(importer, value)
                                                                                              : split(importer, value);
}
