/* custom_objects.c: activations, the loss and metrics of a description: each is lowered and differentiated by itself
 * and run by the slow evaluator; as with layers, only finite differences judge the derivative. */
#include "custom_objects.h"
#include "evaluate.h"
#include "compiler/passes/passes.h"
#include "runtime/lstmc.h"

#include <string.h>

typedef struct Program {
    const char *name;
    int width;                      /* of an activation */
    bool whole;                     /* a metric over whole samples */
    Ir *ir;
    Memory *memory;
} Program;

struct CustomObjects {
    Arena *arena;
    Description *description;
    Program *activations;
    int activation_count, activation_capacity;
    Program *losses;                /* of each output; ir is NULL if it is none of the description's */
    int loss_count;
    uint64_t perturbed;             /* 0: no */
};

static Program program_of(Ir *ir, const char *name, int width)
{
    if (!ir)
        return (Program){ .name = name };
    grad(ir);
    const char *broken = ir_check(ir);
    if (broken)
        die("%s: %s", name, broken);
    return (Program){ .name = name, .width = width, .ir = ir, .memory = memory_create(ir, false) };
}

CustomObjects *custom_objects_create(Arena *arena, Description *description, int rows)
{
    const Model *model = description_model(description);
    CustomObjects *objects = arena_new(arena, CustomObjects);
    *objects = (CustomObjects){ .arena = arena, .description = description, .loss_count = model->output_count,
                                .losses = arena_array(arena, Program, model->output_count + 1) };
    bool sound = true;
    for (int k = 0; k < model->output_count; k++) {
        const char *name = model_own_loss(model, k);
        if (!name)
            continue;
        objects->losses[k] = program_of(lower_loss(arena, description, k, rows), name, 0);
        sound = sound && objects->losses[k].ir;
    }
    return sound ? objects : NULL;
}

static void perturb(Program *program, uint64_t seed)
{
    if (program->memory && seed)
        memory_perturb(program->memory, seed);
}

void custom_objects_perturb(CustomObjects *objects, uint64_t seed)
{
    objects->perturbed = seed;
    for (int k = 0; k < objects->loss_count; k++)
        perturb(&objects->losses[k], seed);
    for (int i = 0; i < objects->activation_count; i++)
        perturb(&objects->activations[i], seed + (uint64_t)i);
}

void custom_objects_free(CustomObjects *objects)
{
    for (int i = 0; i < objects->activation_count; i++)
        memory_free(objects->activations[i].memory);
    for (int k = 0; k < objects->loss_count; k++)
        if (objects->losses[k].memory)
            memory_free(objects->losses[k].memory);
}

/* ---- activations ---- */

int custom_activation(CustomObjects *objects, const char *name, int width)
{
    const Model *model = description_model(objects->description);
    bool own = false;
    for (int i = 0; i < model->own_activation_count; i++)
        own = own || !strcmp(model->own_activations[i].name, name);
    for (int i = 0; i < objects->activation_count; i++)
        if (objects->activations[i].width == width && !strcmp(objects->activations[i].name, name))
            return i;
    Ir *ir = own ? lower_activation(objects->arena, objects->description, name, width, 1) : NULL;
    if (!ir)
        return -1;
    Program program = program_of(ir, name, width);
    perturb(&program, objects->perturbed);
    arena_append(objects->arena, objects->activations, objects->activation_count, objects->activation_capacity,
                 program);
    return objects->activation_count - 1;
}

static void run_forward(Program *program, const double *z)
{
    memcpy(memory_of(program->memory, program->ir->inputs[0]), z, (size_t)program->width * sizeof *z);
    evaluate_section(program->memory, SECTION_FORWARD, 1);
}

void custom_activate(CustomObjects *objects, int activation, const double *z, double *y)
{
    Program *program = &objects->activations[activation];
    run_forward(program, z);
    memcpy(y, memory_of(program->memory, program->ir->output), (size_t)program->width * sizeof *y);
}

/* Runs backward, and gives the gradient of the input: zeros if nothing depends on it. */
static void run_backward(const Program *program, int rows, double *to, size_t count)
{
    const Tensor *adjoint = program->ir->inputs[0]->adjoint;
    if (adjoint)                    /* it is added to, like all gradients */
        memset(memory_of(program->memory, adjoint), 0, tensor_count(adjoint) * sizeof(double));
    evaluate_section(program->memory, SECTION_BACKWARD, rows);
    if (adjoint)
        memcpy(to, memory_of(program->memory, adjoint), count * sizeof *to);
    else
        memset(to, 0, count * sizeof *to);
}

void custom_activate_back(CustomObjects *objects, int activation, const double *z, const double *d_y, double *d_z)
{
    Program *program = &objects->activations[activation];
    run_forward(program, z);        /* one memory serves all rows */
    if (program->ir->output->adjoint)
        memcpy(memory_of(program->memory, program->ir->output->adjoint), d_y, (size_t)program->width * sizeof *d_y);
    run_backward(program, 1, d_z, (size_t)program->width);
}

/* ---- the loss ---- */

/* So many rows of it. */
static void set_rows(const Program *program, const Tensor *tensor, const double *from, int rows)
{
    size_t count = tensor_count(tensor) / (size_t)program->ir->batch;
    memcpy(memory_of(program->memory, tensor), from, (size_t)rows * count * sizeof *from);
}

static double run_loss(const Program *program, const CustomLoss *of)
{
    Ir *ir = program->ir;
    set_rows(program, ir->inputs[0], of->output, of->rows);
    set_rows(program, ir->target, of->target, of->rows);
    set_rows(program, ir->sample_weight, of->sample_weight, of->rows);
    if (of->mask && ir->input_count > 1)
        set_rows(program, ir->inputs[1], of->mask, of->rows);
    *memory_of(program->memory, ir->scale) = of->scale;
    evaluate_section(program->memory, SECTION_FORWARD, of->rows);
    evaluate_section(program->memory, SECTION_LOSS, of->rows);
    return *memory_of(program->memory, ir->loss);
}

double custom_loss(CustomObjects *objects, int output, const CustomLoss *of, double *d_output)
{
    Program *program = &objects->losses[output];
    double loss = run_loss(program, of);
    run_backward(program, of->rows, d_output,
                 (size_t)of->rows * tensor_count(program->ir->output) / (size_t)program->ir->batch);
    return loss;
}

/* ---- metrics ---- */

struct CustomMetrics {
    const Model *model;
    Program *programs;
    int count;
    double *output, *target, *mask; /* of one row */
};

CustomMetrics *custom_metrics_create(Arena *arena, Description *description)
{
    const Model *model = description_model(description);
    if (!model->own_metric_count)
        return NULL;
    CustomMetrics *metrics = arena_new(arena, CustomMetrics);
    *metrics = (CustomMetrics){ .model = model, .count = model->own_metric_count,
                                .programs = arena_array(arena, Program, model->own_metric_count),
                                .output = arena_array(arena, double, model->descriptor.output_count + 1),
                                .target = arena_array(arena, double, model->descriptor.target_count + 1),
                                .mask = arena_array(arena, double, model->descriptor.output_shape[0] + 1) };
    for (int i = 0; i < metrics->count; i++) {
        const char *name = model->own_metrics[i].name;
        Ir *ir = lower_metric(arena, description, name, 1);
        metrics->programs[i] = ir ? (Program){ .name = name, .ir = ir, .memory = memory_create(ir, false),
                                                 .whole = model->own_metrics[i].whole }
                                  : (Program){ .name = name };
    }
    return metrics;
}

void custom_metrics_free(CustomMetrics *metrics)
{
    for (int i = 0; metrics && i < metrics->count; i++)
        if (metrics->programs[i].memory)
            memory_free(metrics->programs[i].memory);
}

/* How many steps of a row count; its mask, if there is one, as numbers of the program. */
static int read_mask(const CustomMetrics *metrics, const float *mask, size_t row)
{
    int steps = metrics->model->descriptor.output_shape[0], counted = 0;
    for (int t = 0; t < steps; t++) {
        metrics->mask[t] = !mask || mask[row * (size_t)steps + (size_t)t] != 0;
        counted += metrics->mask[t] != 0;
    }
    return counted;
}

/* One row: a metric is lowered as a loss, but as the mean over the row's places; those that do not count are zero in
 * it. */
static double metric_of_row(const CustomMetrics *metrics, const Program *program, const float *output,
                            const void *target, size_t row)
{
    const struct lstmc_model *m = &metrics->model->descriptor;
    int classes = m->output_shape[m->output_rank - 1];
    for (size_t i = 0; i < m->output_count; i++)
        metrics->output[i] = (double)output[row * m->output_count + i];
    for (size_t i = 0; i < m->target_count; i++) {
        size_t at = row * m->target_count + i;
        int32_t class_of_place = m->target_is_class ? ((const int32_t *)target)[at] : 0;
        metrics->target[i] = !m->target_is_class ? (double)((const float *)target)[at]
                             : class_of_place >= 0 && class_of_place < classes ? class_of_place : 0;
    }
    double weight = 1;
    return run_loss(program, &(CustomLoss){ metrics->output, metrics->target, &weight, metrics->mask, 1, 1 });
}

/* A row of which only some steps count weighs as much less in the mean over steps; a whole sample counts where one of
 * its steps does. */
static void add_row(const CustomMetrics *metrics, const Program *program, const float *output, const void *target,
                    const float *mask, size_t row, double *sum, double *count)
{
    int counted = read_mask(metrics, mask, row);
    if (!counted)
        return;
    *sum += metric_of_row(metrics, program, output, target, row);
    *count += program->whole ? 1 : (double)counted / metrics->model->descriptor.output_shape[0];
}

int custom_metric_add(void *context, const char *name, const float *output, const void *target, const float *mask,
                      int rows, double *sum, double *count)
{
    const CustomMetrics *metrics = context;
    for (int i = 0; i < metrics->count; i++) {
        const Program *program = &metrics->programs[i];
        if (strcmp(program->name, name) || !program->ir)
            continue;
        for (size_t row = 0; row < (size_t)rows; row++)
            add_row(metrics, program, output, target, mask, row, sum, count);
        return LSTMC_OK;
    }
    return LSTMC_MISMATCH;
}
