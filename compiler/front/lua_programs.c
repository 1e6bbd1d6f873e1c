/* lua_programs.c: in: a description.  out: what of it is lowered: the model, or a layer, an activation, the loss, a
 * metric alone; and whose mistake it is where the checker refuses that. */
#include "lua_description.h"
#include "compiler/ir/streaming.h"

#include <string.h>

static Ir *lower_alone(Arena *arena, Description *d, int layer, int batch)
{
    LowerOptions options = { .training = true, .batch = batch, .input_gradient = true };
    return lower_part(arena, d, &options, (LoweredPart){ .function = "lower_layer", .layer = layer });
}

/* What the checker finds in a layer that the description defines is the description's mistake; NULL then. */
static Ir *blame_custom_layer(Description *d, int layer, Ir *ir)
{
    const char *broken = ir ? ir_check(ir) : NULL;
    if (!broken)
        return ir;
    const Layer *of = &d->model.layers[layer];
    diagnostics_add(d->diagnostics, d->file, of->line, "%s: %s", of->kind, broken);
    return NULL;
}

/* What the checker finds in an activation, a loss or a metric of the description is its mistake too; NULL then. */
static Ir *lower_object(Arena *arena, Description *d, int batch, LoweredPart part, const char *what, int line)
{
    LowerOptions options = { .training = true, .batch = batch, .input_gradient = true };
    Ir *ir = lower_part(arena, d, &options, part);
    const char *broken = ir ? ir_check(ir) : NULL;
    if (!broken)
        return ir;
    diagnostics_add(d->diagnostics, d->file, line, "%s: %s", what, broken);
    return NULL;
}

static int line_of_own(const Description *d, const char *name)
{
    const Model *model = &d->model;
    for (int i = 0; i < model->own_activation_count; i++)
        if (!strcmp(model->own_activations[i].name, name))
            return model->own_activations[i].line;
    for (int i = 0; i < model->own_metric_count; i++)
        if (!strcmp(model->own_metrics[i].name, name))
            return model->own_metrics[i].line;
    return 0;
}

Ir *lower_activation(Arena *arena, Description *d, const char *name, int width, int batch)
{
    return lower_object(arena, d, batch, (LoweredPart){ .function = "lower_activation", .name = name, .width = width },
                        arena_format(arena, "activation \"%s\"", name), line_of_own(d, name));
}

Ir *lower_loss(Arena *arena, Description *d, int output, int batch)
{
    return lower_object(arena, d, batch, (LoweredPart){ .function = "lower_loss", .layer = output },
                        arena_format(arena, "loss \"%s\"", model_own_loss(&d->model, output)),
                        d->model.losses ? d->model.losses[output].line : d->model.loss_line);
}

Ir *lower_metric(Arena *arena, Description *d, const char *name, int batch)
{
    return lower_object(arena, d, batch, (LoweredPart){ .function = "lower_loss", .name = name },
                        arena_format(arena, "metric \"%s\"", name), line_of_own(d, name));
}

static bool is_own_activation(const Model *model, const char *name)
{
    for (int i = 0; name && i < model->own_activation_count; i++)
        if (!strcmp(model->own_activations[i].name, name))
            return true;
    return false;
}

/* False with a diagnostic if one of them is to blame for what the checker has found in the whole. */
static bool own_objects_are_sound(Arena *arena, Description *d)
{
    const Model *model = &d->model;
    for (int l = 0; l < model->layer_count; l++)
        for (int i = 0; i < model->layers[l].argument_count; i++) {
            const Shape *shape = &model->layers[l].output;
            const char *name = model->layers[l].arguments[i].text;
            if (is_own_activation(model, name) && shape->rank &&
                !lower_activation(arena, d, name, shape->extent[shape->rank - 1], 1))
                return false;
        }
    for (int k = 0; k < model->output_count; k++)
        if (model_own_loss(model, k) && !lower_loss(arena, d, k, 1))
            return false;
    return true;
}

/* The mathematics of metrics is nowhere in the model's: whoever trains looks at it here. */
static bool metrics_are_sound(Arena *arena, Description *d)
{
    for (int i = 0; i < d->model.own_metric_count; i++)
        if (!lower_metric(arena, d, d->model.own_metrics[i].name, 1))
            return false;
    return true;
}

Ir *lower(Arena *arena, Description *d, const LowerOptions *options)
{
    Ir *ir = lower_part(arena, d, options, (LoweredPart){ .function = "lower" });
    if (ir && options->training && !metrics_are_sound(arena, d))
        return NULL;
    if (!ir || !ir_check(ir))
        return ir;
    for (int layer = 0; layer < d->model.layer_count; layer++)
        if (d->model.layers[layer].custom && !blame_custom_layer(d, layer, lower_alone(arena, d, layer, 1)))
            return NULL;
    return own_objects_are_sound(arena, d) ? ir : NULL;
}

const char *lower_no_streaming(Arena *arena, Description *d)
{
    const Ir *ir = lower(arena, d, &(LowerOptions){ .batch = 1, .whole = true });
    return ir ? streaming_obstacle(arena, ir) : "its mathematics cannot be lowered";
}

Ir *lower_layer(Arena *arena, Description *d, int layer, int batch)
{
    Ir *ir = lower_alone(arena, d, layer, batch);
    return d->model.layers[layer].custom ? blame_custom_layer(d, layer, ir) : ir;
}
