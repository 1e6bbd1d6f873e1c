/* repeat.c: in: a Tile of one vector for each sample along an axis of its own.  out: RepeatVector. */
#include "flow.h"

#include <string.h>

bool import_repeat(Importer *importer)
{
    int64_t times[ONNX_RANK_MAX];
    Flow *input = input_flow(importer, 0);
    int count = integers(importer, "repeats", 1, times, ONNX_RANK_MAX), axis = -1, order[3];
    if (!input)
        return false;
    Flow flow = *input;
    int batch = batch_axis(&flow);
    for (int d = 0; d < count && count == flow.rank; d++)
        if (times[d] != 1)
            axis = axis < 0 && d != batch && axis_extent(importer, &flow, d).size == 1 ? d : ONNX_RANK_MAX;
    if (count != flow.rank || flow.rank != 3 || batch < 0 || axis < 0 || axis >= flow.rank || times[axis] < 1)
        return cannot(importer, "it repeats something else than a vector, along an axis of its own");
    int features = 3 - batch - axis, first = batch > axis ? batch - 1 : batch;
    if (!flow_remove(importer, &flow, axis) || !flow_arrange(importer, &flow, (int[]){ first, 1 - first }, 2))
        return false;
    Extent shape[] = { extent_of(times[axis]), axis_extent(importer, &flow, 1 - first) };
    Step *step = step_new(importer, "RepeatVector", 2, shape);
    step_read(importer, step, flow.ref);
    step_argument(importer, step, NULL, extent_text(importer->arena, shape[0]));
    order[batch] = 0, order[axis] = 1, order[features] = 2;
    set_flow(importer, 0, flow_of_step((Ref){ step, OUTPUT }, flow.atoms[0], 3, order));
    return true;
}
