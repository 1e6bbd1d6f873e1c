/* recurrent.c: in: the tensors of an nn.RNN, nn.LSTM or nn.GRU of any number of layers, or of one of their cells.
 * out: a step for each layer. Which of the three it is, the shapes say. */
#include "module.h"

#include <string.h>

#define LAYERS_MAX 1000

/* Of one layer in one direction. */
typedef struct Direction {
    const StateTensor *weight_ih, *weight_hh, *bias_ih, *bias_hh, *weight_hr;
    int gates;
} Direction;

static const StateTensor *take(Modules *modules, const char *name, const char *suffix, int rank)
{
    return modules_take(modules, arena_format(modules->arena, "%s%s", name, suffix), rank);
}

/* weight_hh is [gates x units, units], with a projection [4 x units, projection]. 0: neither. */
static int gates_of(const Direction *d)
{
    size_t rows = d->weight_hh->shape[0], units = d->weight_hr ? d->weight_hr->shape[1] : d->weight_hh->shape[1];
    if (!units || rows % units || d->weight_ih->shape[0] != rows || !d->weight_ih->shape[1])
        return 0;
    if (d->weight_hr && d->weight_hr->shape[0] != d->weight_hh->shape[1])
        return 0;
    if (d->bias_ih && (d->bias_ih->count != rows || d->bias_hh->count != rows))
        return 0;
    size_t gates = rows / units;
    return (gates == 1 || gates == 3 || gates == 4) && (!d->weight_hr || gates == 4) ? (int)gates : 0;
}

static bool read_direction(Modules *modules, const char *suffix, Direction *d)
{
    *d = (Direction){ .weight_ih = take(modules, "weight_ih", suffix, 2),
                      .weight_hh = take(modules, "weight_hh", suffix, 2),
                      .bias_ih = take(modules, "bias_ih", suffix, 1), .bias_hh = take(modules, "bias_hh", suffix, 1),
                      .weight_hr = take(modules, "weight_hr", suffix, 2) };
    bool whole = d->weight_ih && d->weight_hh && !d->bias_ih == !d->bias_hh;
    d->gates = whole ? gates_of(d) : 0;
    if (!d->gates)
        draft_refuse(modules->state->draft, "%s: weight_ih%s, weight_hh%s and the biases are not those of an nn.RNN, "
                     "nn.LSTM or nn.GRU", module_path(modules), suffix, suffix);
    return d->gates != 0;
}

static void add_weights(Arena *arena, const Direction *d, StepArrays *weights)
{
    module_weight(arena, weights, layout_transposed(arena, d->weight_ih, d->gates));
    module_weight(arena, weights, layout_transposed(arena, d->weight_hh, d->gates));
    if (d->bias_ih)
        module_weight(arena, weights, layout_biases(arena, d->bias_ih, d->bias_hh, d->gates));
    if (d->weight_hr)
        module_weight(arena, weights, layout_transposed(arena, d->weight_hr, 0));
}

static Step step_of(Modules *modules, const Direction *d, const Direction *backward, bool cell)
{
    static const struct { const char *kind, *torch, *cell; } classes[] = {
        [1] = { "SimpleRNN", "nn.RNN", "nn.RNNCell" }, [3] = { "GRU", "nn.GRU", "nn.GRUCell" },
        [4] = { "LSTM", "nn.LSTM", "nn.LSTMCell" },
    };
    Step step = { .kind = classes[d->gates].kind, .torch = cell ? classes[d->gates].cell : classes[d->gates].torch,
                  .recurrent = true, .cell = cell, .both = backward != NULL, .biased = d->bias_ih != NULL };
    step.in = d->weight_ih->shape[1];
    step.units = d->weight_hh->shape[0] / (size_t)d->gates;
    step.projection = d->weight_hr ? d->weight_hr->shape[0] : 0;
    step.out = d->weight_hh->shape[1] * (backward ? 2 : 1);
    add_weights(modules->arena, d, &step.weights);
    if (backward)
        add_weights(modules->arena, backward, &step.backward);
    return step;
}

static bool same_sizes(const Direction *a, const Direction *b)
{
    return a->gates == b->gates && !memcmp(a->weight_ih->shape, b->weight_ih->shape, sizeof a->weight_ih->shape) &&
           !memcmp(a->weight_hh->shape, b->weight_hh->shape, sizeof a->weight_hh->shape) && !a->bias_ih == !b->bias_ih;
}

static void take_layers(Modules *modules)
{
    Arena *arena = modules->arena;
    int count = 0;
    while (count < LAYERS_MAX && modules_find(modules, arena_format(arena, "weight_hh_l%d", count)))
        count++;
    for (int k = 0; k < count; k++) {
        Direction forward, backward;
        const char *suffix = arena_format(arena, "_l%d", k), *other = arena_format(arena, "_l%d_reverse", k);
        bool both = modules_find(modules, arena_format(arena, "weight_hh%s", other));
        if (!read_direction(modules, suffix, &forward) || (both && !read_direction(modules, other, &backward)))
            return;
        if (both && !same_sizes(&forward, &backward)) {
            draft_refuse(modules->state->draft, "%s: layer %d has two directions of different sizes",
                         module_path(modules), k);
            return;
        }
        Step step = step_of(modules, &forward, both ? &backward : NULL, false);
        const char *path = *modules->path ? modules->path : snake_case(arena, step.kind);
        step.name = count > 1 ? arena_format(arena, "%s%s", path, suffix) : path;
        arena_append(arena, modules->steps.list, modules->steps.count, modules->steps.capacity, step);
    }
}

bool modules_take_recurrent(Modules *modules)
{
    if (modules_find(modules, "weight_hh_l0")) {
        take_layers(modules);
        return true;
    }
    if (!modules_find(modules, "weight_hh"))
        return false;
    Direction cell;
    if (read_direction(modules, "", &cell)) {
        Step step = step_of(modules, &cell, NULL, true);
        step.name = *modules->path ? modules->path : snake_case(modules->arena, step.kind);
        arena_append(modules->arena, modules->steps.list, modules->steps.count, modules->steps.capacity, step);
    }
    return true;
}
