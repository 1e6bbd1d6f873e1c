/* custom.c: a custom layer is lowered and differentiated by itself and run by the slow evaluator; its derivative is the
 * compiler's own, so that only finite differences judge it. */
#include "custom.h"
#include "custom_objects.h"
#include "evaluate.h"
#include "compiler/passes/passes.h"

#include <math.h>
#include <string.h>

typedef struct Runner {             /* one layer of the model; ir is NULL if it is a built-in one */
    Ir *ir;
    Memory *memory;
} Runner;

typedef struct Runners {
    const Model *model;
    Runner *layers;
    CustomObjects *objects;
} Runners;

static void set_weights(Runner *runner, const double *weights)
{
    for (int i = 0; i < runner->ir->tensor_count; i++) {
        const Tensor *tensor = runner->ir->tensors[i];
        if (tensor->role == ROLE_WEIGHT)
            memcpy(memory_of(runner->memory, tensor), weights + tensor->weight->offset,
                   tensor->weight->count * sizeof *weights);
    }
}

/* Numbers in input k of so many rows; masks are behind the others. */
static size_t input_count(const Runners *runners, const Layer *layer, int k, int rows)
{
    const Layer *layers = runners->model->layers;
    if (k < layer->from_count)
        return (size_t)rows * shape_count(&layers[layer->from[k]].output);
    int masked = -1;
    for (int more = k - layer->from_count; more >= 0; more--)
        do
            masked++;
        while (!layers[layer->from[masked]].masked);
    return (size_t)rows * (size_t)layers[layer->from[masked]].output.extent[0];
}

static double forward(void *context, int layer, const double *weights, const double *const *x, int rows,
                      int first_row, uint64_t seed, double *y)
{
    Runners *runners = context;
    Runner *runner = &runners->layers[layer];
    const Layer *of = &runners->model->layers[layer];
    set_weights(runner, weights);
    for (int k = 0; k < runner->ir->input_count; k++)
        memcpy(memory_of(runner->memory, runner->ir->inputs[k]), x[k], input_count(runners, of, k, rows) * sizeof **x);
    evaluate_noise(runner->memory, seed, first_row);
    evaluate_section(runner->memory, SECTION_FORWARD, rows);
    memcpy(y, memory_of(runner->memory, runner->ir->output), (size_t)rows * shape_count(&of->output) * sizeof *y);
    return INFINITY;                /* nobody knows: the finite differences look for jumps themselves */
}

static void backward(void *context, int layer, const double *weights, const double *const *x, int rows,
                     const double *d_y, double *gradients, double *const *d_x)
{
    Runners *runners = context;
    Runner *runner = &runners->layers[layer];
    const Layer *of = &runners->model->layers[layer];
    (void)weights;
    (void)x;
    for (int i = 0; i < runner->ir->tensor_count; i++) {
        const Tensor *tensor = runner->ir->tensors[i];
        if (tensor->role == ROLE_GRADIENT)
            memset(memory_of(runner->memory, tensor), 0, tensor_count(tensor) * sizeof(double));
    }
    if (runner->ir->output->adjoint)
        memcpy(memory_of(runner->memory, runner->ir->output->adjoint), d_y,
               (size_t)rows * shape_count(&of->output) * sizeof *d_y);
    evaluate_section(runner->memory, SECTION_BACKWARD, rows);
    for (int i = 0; i < runner->ir->tensor_count; i++) {
        const Tensor *tensor = runner->ir->tensors[i];
        if (tensor->role != ROLE_GRADIENT || !tensor->weight)
            continue;
        const double *from = memory_of(runner->memory, tensor);
        for (size_t k = 0; k < tensor->weight->count; k++)
            gradients[tensor->weight->offset + k] += from[k];
    }
    for (int k = 0; k < of->from_count; k++) {
        const Tensor *adjoint = runner->ir->inputs[k]->adjoint;
        size_t bytes = input_count(runners, of, k, rows) * sizeof **d_x;
        if (d_x[k] && adjoint)
            memcpy(d_x[k], memory_of(runner->memory, adjoint), bytes);
        else if (d_x[k])            /* nothing that the layer returns depends on this input */
            memset(d_x[k], 0, bytes);
    }
}

static void update(void *context, int layer, double *weights)
{
    const Runner *runner = &((Runners *)context)->layers[layer];
    for (int i = 0; i < runner->ir->tensor_count; i++) {
        const Tensor *next = runner->ir->tensors[i];
        if (next->updates)
            memcpy(weights + next->updates->offset, memory_of(runner->memory, next),
                   next->updates->count * sizeof *weights);
    }
}

static void mask_of(void *context, int layer, int rows, double *mask)
{
    const Runners *runners = context;
    const Runner *runner = &runners->layers[layer];
    memcpy(mask, memory_of(runner->memory, runner->ir->mask),
           (size_t)rows * (size_t)runners->model->layers[layer].output.extent[0] * sizeof *mask);
}

static void reset(void *context, int layer)
{
    Runner *runner = &((Runners *)context)->layers[layer];
    evaluate_section(runner->memory, SECTION_RESET, runner->ir->batch);
}

static void carry(void *context, int layer)
{
    Runner *runner = &((Runners *)context)->layers[layer];
    evaluate_section(runner->memory, SECTION_CARRY, runner->ir->batch);
}

static void hold(void *context, bool held)
{
    const Runners *runners = context;
    for (int l = 0; l < runners->model->layer_count; l++)
        if (runners->layers[l].memory)
            memory_stops(runners->layers[l].memory, held ? STOPS_HELD : STOPS_NOTED);
}

static int find_activation(void *context, const char *name, int width)
{
    return custom_activation(((Runners *)context)->objects, name, width);
}

static void activate(void *context, int activation, const double *z, double *y)
{
    custom_activate(((Runners *)context)->objects, activation, z, y);
}

static void activate_back(void *context, int activation, const double *z, const double *d_y, double *d_z)
{
    custom_activate_back(((Runners *)context)->objects, activation, z, d_y, d_z);
}

static double loss(void *context, int which, const double *output, const double *target, const double *sample_weight,
                   const double *mask, int rows, double scale, double *d_output)
{
    CustomLoss of = { output, target, sample_weight, mask, rows, scale };
    return custom_loss(((Runners *)context)->objects, which, &of, d_output);
}

struct custom_layers *custom_layers_create(Arena *arena, Description *description, int rows)
{
    const Model *model = description_model(description);
    Runners *runners = arena_new(arena, Runners);
    runners->model = model;
    runners->layers = arena_array(arena, Runner, model->layer_count);
    bool any = model->own_activation_count > 0;
    for (int k = 0; k < model->output_count; k++)
        any = any || model_own_loss(model, k);
    for (int l = 0; l < model->layer_count; l++) {
        if (!model->layers[l].custom)
            continue;
        Ir *ir = lower_layer(arena, description, l, rows);
        if (!ir)
            return NULL;
        grad(ir);
        const char *broken = ir_check(ir);
        if (broken)
            die("layer %s: %s", model->layers[l].name, broken);
        runners->layers[l] = (Runner){ .ir = ir, .memory = memory_create(ir, false) };
        memory_stops(runners->layers[l].memory, STOPS_NOTED);
        any = true;
    }
    runners->objects = any ? custom_objects_create(arena, description, rows) : NULL;
    if (!runners->objects)
        return NULL;
    struct custom_layers *custom = arena_new(arena, struct custom_layers);
    *custom = (struct custom_layers){
        .context = runners, .forward = forward, .backward = backward, .update = update, .mask = mask_of,
        .reset = reset, .carry = carry, .hold = hold,
        .activation = find_activation, .activate = activate, .activate_back = activate_back, .loss = loss
    };
    return custom;
}

void custom_layers_perturb(struct custom_layers *custom, uint64_t seed)
{
    const Runners *runners = custom ? custom->context : NULL;
    for (int l = 0; runners && l < runners->model->layer_count; l++)
        if (runners->layers[l].memory)
            memory_perturb(runners->layers[l].memory, seed + (uint64_t)l);
    if (runners)
        custom_objects_perturb(runners->objects, seed);
}

void custom_layers_free(struct custom_layers *custom)
{
    if (!custom)
        return;
    Runners *runners = custom->context;
    for (int l = 0; l < runners->model->layer_count; l++)
        if (runners->layers[l].memory)
            memory_free(runners->layers[l].memory);
    custom_objects_free(runners->objects);
}
