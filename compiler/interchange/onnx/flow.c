/* flow.c: in: a flow, and what a node makes of its axes.  out: the same numbers, seen in other axes; layers are made
 * only where a layer has to read them so. */
#include "flow.h"

#include <string.h>

Flow flow_of_step(Ref ref, Extent batch, int rank, const int *order)
{
    Flow flow = { .ref = ref, .atom_count = ref.step->rank + 1, .rank = rank, .alone = true };
    flow.atoms[0] = batch;
    for (int d = 0; d < ref.step->rank; d++)
        flow.atoms[d + 1] = ref.step->shape[d];
    for (int i = 0; i < rank; i++)
        if (order[i] >= 0)
            flow.axes[i] = (Axis){ 1, { order[i] } };
    return flow;
}

Extent axis_extent(Importer *importer, const Flow *flow, int axis)
{
    Extent extent = extent_of(1);
    for (int i = 0; i < flow->axes[axis].count; i++)
        extent = extent_times(importer->arena, extent, flow->atoms[flow->axes[axis].atoms[i]]);
    return extent;
}

int axis_number(const Flow *flow, double axis)
{
    axis = axis < 0 ? axis + flow->rank : axis;
    return axis >= 0 && axis < flow->rank ? (int)axis : -1;
}

bool is_batch(const Flow *flow, int axis)
{
    return flow->axes[axis].count == 1 && flow->axes[axis].atoms[0] == 0;
}

int batch_axis(const Flow *flow)
{
    for (int i = 0; i < flow->rank; i++)
        if (is_batch(flow, i))
            return i;
    return -1;
}

static bool has_atom(const Axis *axis, int atom)
{
    for (int i = 0; i < axis->count; i++)
        if (axis->atoms[i] == atom)
            return true;
    return false;
}

/* ---- what needs no layer ---- */

bool flow_transpose(Importer *importer, Flow *flow, const int *order)
{
    Axis axes[ONNX_RANK_MAX] = { { 0 } };
    bool taken[ONNX_RANK_MAX] = { false };
    for (int i = 0; i < flow->rank; i++) {
        if (order[i] < 0 || order[i] >= flow->rank || taken[order[i]])
            return cannot(importer, "its perm is not an order of its axes");
        taken[order[i]] = true;
        axes[i] = flow->axes[order[i]];
    }
    memcpy(flow->axes, axes, sizeof axes);
    return true;
}

/* An atom of one element is none. */
static void drop_atom(Flow *flow, int atom)
{
    for (int i = 0; i < flow->rank; i++) {
        Axis kept = { 0 };
        for (int k = 0; k < flow->axes[i].count; k++) {
            int a = flow->axes[i].atoms[k];
            if (a != atom)
                kept.atoms[kept.count++] = a > atom ? a - 1 : a;
        }
        flow->axes[i] = kept;
    }
    memmove(flow->atoms + atom, flow->atoms + atom + 1,
            (size_t)(flow->atom_count - atom - 1) * sizeof *flow->atoms);
    flow->atom_count--;
}

bool flow_remove(Importer *importer, Flow *flow, int axis)
{
    if (has_atom(&flow->axes[axis], 0))
        return cannot(importer, "it takes away the axis of the batch");
    if (axis_extent(importer, flow, axis).size != 1)
        return cannot(importer, "axis %d, which it takes away, has an extent of %s", axis,
                      extent_text(importer->arena, axis_extent(importer, flow, axis)));
    while (flow->axes[axis].count)
        drop_atom(flow, flow->axes[axis].atoms[0]);
    memmove(flow->axes + axis, flow->axes + axis + 1, (size_t)(flow->rank - axis - 1) * sizeof *flow->axes);
    flow->axes[--flow->rank] = (Axis){ 0 };
    return true;
}

void flow_tidy(Flow *flow)
{
    for (int i = 0; i < flow->rank; i++)
        for (int k = flow->axes[i].count - 1; k >= 0; k--)
            if (flow->axes[i].atoms[k] && flow->atoms[flow->axes[i].atoms[k]].size == 1)
                drop_atom(flow, flow->axes[i].atoms[k]);
}

void flow_insert(Flow *flow, int axis)
{
    memmove(flow->axes + axis + 1, flow->axes + axis, (size_t)(flow->rank - axis) * sizeof *flow->axes);
    flow->axes[axis] = (Axis){ 0 };
    flow->rank++;
}

bool flow_merge(Flow *flow, int first, int count)
{
    Axis merged = { 0 };
    for (int i = first; i < first + count; i++)
        for (int k = 0; k < flow->axes[i].count; k++)
            merged.atoms[merged.count++] = flow->axes[i].atoms[k];
    if (count == 0) {
        flow_insert(flow, first);
        return true;
    }
    flow->axes[first] = merged;
    memmove(flow->axes + first + 1, flow->axes + first + count,
            (size_t)(flow->rank - first - count) * sizeof *flow->axes);
    flow->rank -= count - 1;
    for (int i = flow->rank; i < ONNX_RANK_MAX; i++)
        flow->axes[i] = (Axis){ 0 };
    return true;
}

/* Atom number `atom` becomes two, the first of so many elements. */
static bool split_atom(Importer *importer, Flow *flow, int atom, int64_t first)
{
    Extent rest = extent_divided(importer->arena, flow->atoms[atom], first);
    if (flow->atom_count == ATOMS_MAX || flow->atoms[atom].text || !atom)
        return false;
    for (int i = 0; i < flow->rank; i++) {
        Axis axis = { 0 };
        for (int k = 0; k < flow->axes[i].count; k++) {
            int a = flow->axes[i].atoms[k];
            axis.atoms[axis.count++] = a > atom ? a + 1 : a;
            if (a == atom)
                axis.atoms[axis.count++] = a + 1;
        }
        flow->axes[i] = axis;
    }
    memmove(flow->atoms + atom + 2, flow->atoms + atom + 1,
            (size_t)(flow->atom_count - atom - 1) * sizeof *flow->atoms);
    flow->atoms[atom] = extent_of(first);
    flow->atoms[atom + 1] = rest;
    flow->atom_count++;
    return true;
}

typedef enum Dealt { DEALT, SPLIT, MISFIT } Dealt;

/* Deals the atoms out to axes of these sizes, in their order. SPLIT: an atom had to be cut, begin again. */
static Dealt deal(Importer *importer, Flow *flow, const int64_t *sizes, int rank, Axis *axes)
{
    int order[ATOMS_MAX], count = 0, next = 0;
    for (int i = 0; i < flow->rank; i++)
        for (int k = 0; k < flow->axes[i].count; k++)
            order[count++] = flow->axes[i].atoms[k];
    for (int d = 0; d < rank; d++) {
        int64_t left = sizes[d];
        axes[d] = (Axis){ 0 };
        while (left > 1 || (next < count && flow->atoms[order[next]].size == 1 && !axes[d].count)) {
            int64_t size = next < count ? flow->atoms[order[next]].size : 0;
            if (size && left % size == 0) {
                axes[d].atoms[axes[d].count++] = order[next++];
                left /= size;
            } else {
                return size && size % left == 0 && split_atom(importer, flow, order[next], left) ? SPLIT : MISFIT;
            }
        }
    }
    while (next < count && order[next] && flow->atoms[order[next]].size == 1 && rank &&
           axes[rank - 1].count < ATOMS_MAX)
        axes[rank - 1].atoms[axes[rank - 1].count++] = order[next++];
    return next == count ? DEALT : MISFIT;
}

/* ---- what may need a layer ---- */

int flow_shape(const Flow *flow, Extent *shape)
{
    const Step *step = flow->ref.step;
    if (flow->ref.state == OUTPUT) {
        memcpy(shape, step->shape, (size_t)step->rank * sizeof *shape);
        return step->rank;
    }
    shape[0] = extent_of(step->shape[step->rank - 1].size / (step->loop->forward && step->loop->backward ? 2 : 1));
    return 1;
}

static bool has_shape(const Flow *flow, int rank, const Extent *shape)
{
    Extent own[SAMPLE_RANK_MAX];
    if (flow_shape(flow, own) != rank)
        return false;
    for (int d = 0; d < rank; d++)
        if (own[d].size != shape[d].size)
            return false;
    return true;
}

static bool make_shape(Importer *importer, Flow *flow, int rank, const Extent *shape)
{
    const char *text;
    int open = 0;
    if (has_shape(flow, rank, shape))
        return true;
    if (rank > SAMPLE_RANK_MAX)
        return cannot(importer, "its samples would have more than %d axes", SAMPLE_RANK_MAX);
    Step *step = step_new(importer, rank == 1 ? "Flatten" : "Reshape", rank, shape);
    for (int d = 0; d < rank; d++)
        open += shape[d].text != NULL;
    for (int d = 0; d < rank && rank > 1; d++) {
        text = shape[d].text && open == 1 ? "-1" : extent_text(importer->arena, shape[d]);
        step_argument(importer, step, NULL, text);
    }
    step_read(importer, step, flow->ref);
    flow->ref = (Ref){ step_once(importer, step), OUTPUT };
    return true;
}

/* Atoms that stay next to each other are one axis of a Permute. */
static int grouped(const int *list, int count, int (*groups)[2])
{
    int group_count = 0;
    for (int i = 0; i < count; i++) {
        if (group_count && list[i] == groups[group_count - 1][0] + groups[group_count - 1][1])
            groups[group_count - 1][1]++;
        else
            groups[group_count][0] = list[i], groups[group_count++][1] = 1;
    }
    return group_count;
}

static Extent product(Importer *importer, const Flow *flow, int first, int count)
{
    Extent extent = extent_of(1);
    for (int a = first; a < first + count; a++)
        extent = extent_times(importer->arena, extent, flow->atoms[a]);
    return extent;
}

/* The atoms behind the batch in this order in memory. */
static bool permute(Importer *importer, Flow *flow, const int *list)
{
    int groups[ATOMS_MAX][2], rank = grouped(list, flow->atom_count - 1, groups), rows[ATOMS_MAX];
    Extent before[ATOMS_MAX] = { { 0 } }, behind[ATOMS_MAX] = { { 0 } };
    if (rank < 2)
        return true;
    for (int g = 0; g < rank; g++) {
        rows[g] = 0;
        for (int k = 0; k < rank; k++)
            rows[g] += groups[k][0] <= groups[g][0];
        behind[g] = before[rows[g] - 1] = product(importer, flow, groups[g][0], groups[g][1]);
    }
    if (!make_shape(importer, flow, rank, before))
        return false;
    Step *step = step_new(importer, "Permute", rank, behind);
    for (int g = 0; g < rank; g++)
        step_argument(importer, step, NULL, arena_format(importer->arena, "%d", rows[g]));
    step_read(importer, step, flow->ref);
    flow->ref = (Ref){ step_once(importer, step), OUTPUT };
    Flow old = *flow;
    for (int i = 0; i < flow->atom_count - 1; i++)
        flow->atoms[i + 1] = old.atoms[list[i]];
    for (int i = 0; i < flow->rank; i++)
        for (int k = 0; k < flow->axes[i].count; k++)
            for (int a = 0; a < flow->atom_count - 1; a++)
                if (old.axes[i].atoms[k] == list[a])
                    flow->axes[i].atoms[k] = a + 1;
    return true;
}

/* What the step puts out as one atom for each of its extents, of axes that are such. */
static void settle_atoms(Flow *flow, const int *order, int count, const Extent *shape)
{
    for (int d = 0; d < count - 1; d++)
        flow->axes[order[d + 1]] = (Axis){ 1, { d + 1 } };
    for (int d = 0; d < count - 1; d++)
        flow->atoms[d + 1] = shape[d];
    flow->atom_count = count;
}

bool flow_arrange(Importer *importer, Flow *flow, const int *order, int count)
{
    int list[ATOMS_MAX], atoms = 0;
    Extent shape[ONNX_RANK_MAX];
    if (!is_batch(flow, order[0]))
        return cannot(importer, "axis %d of what it reads is not the batch alone, as it has to be here", order[0]);
    for (int i = 1; i < count; i++)
        for (int k = 0; k < flow->axes[order[i]].count; k++)
            list[atoms++] = flow->axes[order[i]].atoms[k];
    if (atoms != flow->atom_count - 1)
        return cannot(importer, "an axis of what it reads, which has to have an extent of 1 here, has not");
    for (int i = 1; i < count; i++)
        shape[i - 1] = axis_extent(importer, flow, order[i]);
    if (count == 1)
        shape[0] = extent_of(1);
    if (!permute(importer, flow, list) || !make_shape(importer, flow, count > 1 ? count - 1 : 1, shape))
        return false;
    settle_atoms(flow, order, count, shape);
    return true;
}

/* Sizes that are no parts of what is there, 3 by 2 of 2 by 3: a layer that sees the same numbers so. */
static bool reshape_samples(Importer *importer, Flow *flow, const int64_t *sizes, int rank)
{
    int order[ONNX_RANK_MAX], count = 0;
    int64_t there = 1, wanted = 1;
    Extent shape[ONNX_RANK_MAX];
    bool open = false;
    for (int d = 0; d < flow->rank; d++)
        if (flow->axes[d].count)
            order[count++] = d;
    for (int a = 1; a < flow->atom_count; a++) {
        there *= flow->atoms[a].size;
        open |= flow->atoms[a].text != NULL;
    }
    for (int d = 1; d < rank; d++) {
        shape[d - 1] = extent_of(sizes[d]);
        wanted *= sizes[d];
    }
    if (rank < 2 || !count || !is_batch(flow, order[0]) || sizes[0] != flow->atoms[0].size || there != wanted || open)
        return cannot(importer, "its new shape cuts through the batch or through an extent that is open");
    if (!flow_arrange(importer, flow, order, count) || !make_shape(importer, flow, rank - 1, shape))
        return false;
    flow->rank = flow->atom_count = rank;
    for (int d = 0; d < rank; d++)
        flow->axes[d] = (Axis){ 1, { d } };
    for (int d = 1; d < rank; d++)
        flow->atoms[d] = shape[d - 1];
    return true;
}

bool flow_reshape(Importer *importer, Flow *flow, const int64_t *shape, int rank)
{
    int64_t sizes[ONNX_RANK_MAX], all = 1, said = 1;
    int open = -1;
    Axis axes[ONNX_RANK_MAX] = { { 0 } };
    for (int a = 0; a < flow->atom_count; a++)
        if (__builtin_mul_overflow(all, flow->atoms[a].size, &all))
            return cannot(importer, "its size is out of range");
    for (int d = 0; d < rank; d++) {
        sizes[d] = shape[d] == 0 && d < flow->rank ? axis_extent(importer, flow, d).size : shape[d];
        if (sizes[d] == -1 && open < 0)
            open = d;
        else if (sizes[d] < 1 || __builtin_mul_overflow(said, sizes[d], &said))
            return cannot(importer, "its new shape is out of range");
    }
    if (open >= 0)
        sizes[open] = all / said;
    Dealt dealt;
    do
        dealt = deal(importer, flow, sizes, rank, axes);
    while (dealt == SPLIT);
    if (dealt == MISFIT)
        return reshape_samples(importer, flow, sizes, rank);
    memcpy(flow->axes, axes, sizeof axes);
    flow->rank = rank;
    return true;
}

bool flow_features_last(Importer *importer, Flow *flow, int axis)
{
    int list[ATOMS_MAX], count = 0;
    const Axis features = flow->axes[axis];
    if (has_atom(&features, 0))
        return cannot(importer, "the batch is not an axis of its own in what it reads");
    for (int a = 1; a < flow->atom_count; a++)
        if (!has_atom(&features, a))
            list[count++] = a;
    int others = count;
    for (int k = 0; k < features.count; k++)
        list[count++] = features.atoms[k];
    Extent shape[ATOMS_MAX], width = axis_extent(importer, flow, axis);
    if (!permute(importer, flow, list))
        return false;
    for (int d = 0; d < others; d++)
        shape[d] = flow->atoms[d + 1];
    shape[others] = width;
    Extent own[SAMPLE_RANK_MAX];
    int rank = flow_shape(flow, own);
    bool fits = rank > 1 && rank <= others + 1 && own[rank - 1].size == width.size;
    if (!fits && !make_shape(importer, flow, others + 1, shape))
        return false;
    flow->axes[axis] = (Axis){ 1, { others + 1 } };
    flow->atoms[others + 1] = width;
    flow->atom_count = others + 2;
    return true;
}

int flow_order(const Flow *flow, int *order)
{
    int count = 0;
    for (int a = 0; a < flow->atom_count; a++)
        for (int i = 0; i < flow->rank; i++) {
            int first = flow->axes[i].count ? flow->axes[i].atoms[0] : -1;
            for (int k = 1; k < flow->axes[i].count; k++)
                first = flow->axes[i].atoms[k] < first ? flow->axes[i].atoms[k] : first;
            if (first == a)
                order[count++] = i;
        }
    return count;
}

void flow_through(Importer *importer, Flow *flow, Step *step)
{
    step_read(importer, step, flow->ref);
    flow->ref = (Ref){ step, OUTPUT };
    flow->alone = true;
}
