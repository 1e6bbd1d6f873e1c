/* select.c: in: a flow, and which places of an axis a node takes.  out: a flow of these: the last step of a loop over
 * time is what the loop puts out, all else is cut out by a layer. */
#include "flow.h"

#include <string.h>

static const char *const reverse =
    "local Reverse = layer \"Reverse\" {\n"
    "  over = \"sample\", input = \"sequence\", shape = function(a, x) return x.shape end,\n"
    "  call = function(a, w, x)\n"
    "    local t, k = axes \"t k\"\n"
    "    local y = tensor{ x.timesteps, x.features }\n"
    "    y[{ t, k }] = x[{ x.timesteps - 1 - t, k }]\n"
    "    return y\n"
    "  end,\n"
    "}\n";

/* What reads backwards puts out the last step first, and ONNX leaves the steps in their order. */
void flow_reverse(Importer *importer, Flow *flow)
{
    Step *step = step_new(importer, "Reverse", 2, flow->ref.step->shape);
    define(importer, reverse);
    step_read(importer, step, flow->ref);
    flow->ref = (Ref){ step_once(importer, step), OUTPUT };
}

/* The only step that a loop which has just ended knows: then no sequence is needed. `first`: of a loop that reads
 * backwards, whose steps were turned. */
static Step *loop_at_its_end(const Flow *flow, int axis, bool first, bool last)
{
    Step *step = flow->ref.step;
    bool turned = !strcmp(step->layer->kind, "Reverse");
    if (turned)
        step = step->from[0].step;
    const Loop *loop = step->loop;
    bool is_time = flow->axes[axis].count == 1 && flow->axes[axis].atoms[0] == 1 && flow->atom_count == 3;
    if (flow->ref.state != OUTPUT || !loop || loop->has_lengths || !is_time || (loop->forward && loop->backward) ||
        flow->atoms[1].size != step->shape[0].size || turned == loop->forward)
        return NULL;
    return (turned ? first : last) ? step : NULL;
}

static void take_end(Flow *flow, int axis, Step *step)
{
    for (int i = 0; i < flow->rank; i++)
        for (int k = 0; k < flow->axes[i].count; k++)
            flow->axes[i].atoms[k] -= flow->axes[i].atoms[k] > 1;
    flow->axes[axis] = (Axis){ 0 };
    flow->atoms[1] = flow->atoms[2];
    flow->atom_count = 2;
    flow->ref = (Ref){ step, 0 };
}

/* The axis becomes the first one of the samples; of a vector a column is made, then `alone`. How many axes; 0 with a
 * message. */
static int axis_first(Importer *importer, Flow *flow, int axis, bool *alone)
{
    int order[ONNX_RANK_MAX + 1], all[ONNX_RANK_MAX], count = 2, batch = batch_axis(flow);
    if (batch < 0 || batch == axis)
        return cannot(importer, "it takes a part of the batch");
    flow_tidy(flow);
    order[0] = batch;
    order[1] = axis;
    for (int i = 0, n = flow_order(flow, all); i < n; i++)
        if (all[i] != batch && all[i] != axis)
            order[count++] = all[i];
    *alone = count == 2 && flow->rank < ONNX_RANK_MAX;
    if (*alone) {
        flow_insert(flow, flow->rank);
        order[count++] = flow->rank - 1;
    }
    if (count < 3 || count > 4)
        return cannot(importer, "it takes a part of what has more than three axes besides the batch");
    return flow_arrange(importer, flow, order, count) ? count : 0;
}

static void end_column(Flow *flow, bool alone)
{
    if (!alone)
        return;
    flow->rank--;
    flow->axes[flow->rank] = (Axis){ 0 };
    flow->atom_count = 2;
}

/* What stays of an axis, between so many places in front and behind. */
static bool crop(Importer *importer, Flow *flow, int axis, Extent begin, Extent behind, Extent left)
{
    bool alone;
    int count = axis_first(importer, flow, axis, &alone);
    if (!count)
        return false;
    Extent shape[] = { left, flow->atoms[2], count > 3 ? flow->atoms[3] : extent_of(1) };
    Step *step = step_new(importer, count > 3 ? "Cropping2D" : "Cropping1D", count - 1, shape);
    const char *sides = arena_format(importer->arena, "{%s, %s}", extent_text(importer->arena, begin),
                                     extent_text(importer->arena, behind));
    step_argument(importer, step, NULL, count > 3 ? arena_format(importer->arena, "{%s, {0, 0}}", sides) : sides);
    flow_through(importer, flow, step);
    flow->atoms[1] = left;
    end_column(flow, alone);
    return true;
}

static bool turn(Importer *importer, Flow *flow, int axis)
{
    bool alone;
    int count = axis_first(importer, flow, axis, &alone);
    if (count > 3)
        return cannot(importer, "it turns an axis of what has three besides the batch");
    if (!count)
        return false;
    flow_reverse(importer, flow);
    end_column(flow, alone);
    return true;
}

/* So many places of an extent that may be open: then counted from its end, if they reach near it. */
static Extent places_of(Arena *arena, Extent extent, int64_t count)
{
    return extent.text && count > extent.size / 2 ? extent_plus(arena, extent, count - extent.size) : extent_of(count);
}

bool flow_select(Importer *importer, Flow *flow, int axis, int64_t begin, int64_t count, int64_t by)
{
    Extent extent = axis_extent(importer, flow, axis);
    if (count == extent.size && by == 1)
        return true;
    if (count == extent.size && by == -1 && count > 1)
        return turn(importer, flow, axis);
    if (count < 1)
        return cannot(importer, "it takes nothing of axis %d", axis);
    if (by != 1 && count > 1)
        return cannot(importer, "it takes places of axis %d that are %lld apart, which no layer does", axis,
                      (long long)by);
    Step *loop = count == 1 ? loop_at_its_end(flow, axis, begin == 0, begin == extent.size - 1) : NULL;
    if (loop) {
        take_end(flow, axis, loop);
        return true;
    }
    return crop(importer, flow, axis, places_of(importer->arena, extent, begin),
                places_of(importer->arena, extent, extent.size - begin - count),
                places_of(importer->arena, extent, count));
}
