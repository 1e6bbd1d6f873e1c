/* snapshot.c: the memory of a snapshot; and between it and the tapes of an engine, the states with which the next batch
 * begins. */
#include "runtime/lstmc.h"

#include <stdlib.h>
#include <string.h>

/* The first row of a tensor of the tape. */
static size_t row_floats(const struct lstmc_tensor *tensor)
{
    return tensor->carried ? tensor->count / (size_t)tensor->shape[0] : 0;
}

size_t lstmc_carried_floats(const struct lstmc_model *model)
{
    size_t floats = 0;
    for (int i = 0; i < model->tape_tensor_count; i++)
        floats += row_floats(&model->tape_tensors[i]);
    return floats * (size_t)model->shards;
}

void lstmc_carried_get(const struct lstmc_engine *engine, float *states)
{
    for (int shard = 0; shard < engine->model->shards; shard++) {
        const float *tape = engine->tape ? engine->tape(engine->context, shard) : NULL;
        for (int i = 0; i < engine->model->tape_tensor_count; i++) {
            const struct lstmc_tensor *tensor = &engine->model->tape_tensors[i];
            if (tape)
                memcpy(states, tape + tensor->offset, row_floats(tensor) * sizeof *states);
            states += row_floats(tensor);
        }
    }
}

void lstmc_carried_set(const struct lstmc_engine *engine, const float *states)
{
    for (int shard = 0; shard < engine->model->shards; shard++) {
        float *tape = engine->tape ? engine->tape(engine->context, shard) : NULL;
        for (int i = 0; i < engine->model->tape_tensor_count; i++) {
            const struct lstmc_tensor *tensor = &engine->model->tape_tensors[i];
            if (tape)
                memcpy(tape + tensor->offset, states, row_floats(tensor) * sizeof *states);
            states += row_floats(tensor);
        }
    }
}

void lstmc_snapshot_free(struct lstmc_snapshot *snapshot)
{
    lstmc_free(snapshot->weights);
    lstmc_free(snapshot->optimizer);
    lstmc_free(snapshot->gradients);
    lstmc_free(snapshot->average);
    lstmc_free(snapshot->best);
    lstmc_free(snapshot->carried);
    lstmc_free(snapshot->tally);
    free(snapshot->log);
    memset(snapshot, 0, sizeof *snapshot);
}
