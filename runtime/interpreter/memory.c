/* memory.c: what a layer gets of the interpreter's memory: room, its weights and their gradients, states. */
#include "internal.h"

void *interpreter_room(Interpreter *it, size_t count, size_t size)
{
    if (it->block_count == it->block_capacity) {
        int capacity = it->block_capacity * 2 + 16;
        void **blocks = realloc(it->blocks, (size_t)capacity * sizeof *blocks);
        if (!blocks) {
            it->no_memory = true;
            return NULL;
        }
        it->blocks = blocks;
        it->block_capacity = capacity;
    }
    void *block = calloc(count ? count : 1, size);
    if (!block)
        it->no_memory = true;
    else
        it->blocks[it->block_count++] = block;
    return block;
}

const REAL *weights_of(const Interpreter *it, const struct lstmc_tensor *tensor)
{
    return tensor ? it->weights + tensor->offset : NULL;
}

REAL *gradients_of(const Interpreter *it, const Run *run, const struct lstmc_tensor *tensor)
{
    return tensor && tensor->trainable && run->layer->trainable ? it->gradients + tensor->offset : NULL;
}

State *new_state(Interpreter *it, Run *run, const char *name, Shape shape, size_t steps)
{
    State *longer = interpreter_room(it, (size_t)run->state_count + 1, sizeof *longer);
    size_t numbers = (size_t)it->rows_max * shape_count(&shape);
    if (!longer)
        return NULL;
    if (run->state_count)
        memcpy(longer, run->states, (size_t)run->state_count * sizeof *longer);
    run->states = longer;
    State *state = &longer[run->state_count++];
    *state = (State){ .name = name, .shape = shape, .count = shape_count(&shape), .steps = steps,
                      .stateful = layer_flag(run->layer, "stateful") };
    state->values = interpreter_room(it, (steps + 1) * numbers, sizeof(REAL));
    state->d = interpreter_room(it, numbers, sizeof(REAL));
    return state;
}
