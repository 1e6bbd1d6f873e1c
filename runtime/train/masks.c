/* masks.c: in: what an engine's last call has left.  out: which steps of a masked output count. */
#include "masks.h"

#include <stdio.h>
#include <string.h>

struct lstmc_mask lstmc_mask_of(const struct lstmc_engine *engine, int output)
{
    const struct lstmc_model *model = engine->model;
    struct lstmc_mask mask = { engine, output, NULL };
    char name[128];
    snprintf(name, sizeof name, "output_masks.%.100s", model->outputs ? model->outputs[output].name : "output");
    for (int i = 0; !engine->output_mask && engine->tape && i < model->tape_tensor_count; i++)
        if (!strcmp(model->tape_tensors[i].name, name))
            mask.tensor = &model->tape_tensors[i];
    return mask;
}

const float *lstmc_mask_row(const struct lstmc_mask *mask, int row)
{
    const struct lstmc_engine *engine = mask->engine;
    if (engine->output_mask)
        return engine->output_mask(engine->context, mask->output, row);
    if (!mask->tensor)
        return NULL;
    int batch = engine->model->batch;
    const float *tape = engine->tape(engine->context, row / batch);
    return tape + mask->tensor->offset + (size_t)(row % batch) * (size_t)mask->tensor->shape[1];
}
