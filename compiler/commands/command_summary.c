/* command_summary.c: lstmc summary: layers, shapes, parameters, memory by home, multiply-adds. */
#include "commands.h"
#include "compiler/passes/passes.h"

#include <stdio.h>

static const char *shape_text(Arena *arena, const Shape *shape)
{
    char *text = arena_format(arena, "{");
    for (int i = 0; i < shape->rank; i++)
        text = arena_format(arena, "%s%s%d", text, i ? ", " : "", shape->extent[i]);
    return arena_format(arena, "%s}", text);
}

/* "  lstm, gru"; nothing in a chain. */
static const char *reads_text(Arena *arena, const Model *model, const Layer *layer)
{
    const char *text = "";
    for (int k = 0; !model_is_chain(model) && k < layer->from_count; k++)
        text = arena_format(arena, "%s%s%s", text, k ? ", " : "  ", model->layers[layer->from[k]].name);
    return text;
}

/* "mse"; of several outputs "mse of steps + 0.5 mae of kind". */
static const char *loss_text(Arena *arena, const Model *model)
{
    const char *text = model->loss ? model->loss : "none";
    for (int k = 0; model->losses && k < model->output_count; k++) {
        const Loss *loss = &model->losses[k];
        const char *weight = loss->weight == 1 ? "" : arena_format(arena, "%g ", loss->weight);
        text = arena_format(arena, "%s%s%s%s of %s", k ? text : "", k ? " + " : "", weight, loss->name,
                            model->layers[model->outputs[k]].name);
    }
    return text;
}

static void print_layers(Arena *arena, const Model *model)
{
    printf("%-24s %-16s %-16s %12s%s\n", "layer", "kind", "output", "parameters",
           model_is_chain(model) ? "" : "  reads");
    for (int l = 0; l < model->layer_count; l++) {
        const Layer *layer = &model->layers[l];
        size_t count = 0;
        for (int w = 0; w < layer->weight_count && !layer->shares; w++)
            count += layer->weights[w]->count;
        printf("%-24s %-16s %-16s %12zu%s%s%s%s\n", layer->name, layer->kind, shape_text(arena, &layer->output), count,
               reads_text(arena, model, layer),
               layer->shares ? arena_format(arena, "  with the weights of %s", layer->shares) : "",
               layer->custom ? "  defined by the description" : "", count && !layer->trainable ? "  frozen" : "");
    }
    const struct lstmc_model *m = &model->descriptor;
    printf("%zu parameters, %zu trainable; loss %s; batch of %d x %d shard%s\n", m->weight_count, m->gradient_count,
           loss_text(arena, model), m->batch, m->shards, m->shards == 1 ? "" : "s");
    if (model->changed_count)
        printf("as PyTorch has it, not Keras\n");
    for (int i = 0; i < model->changed_count; i++)
        printf("  %s\n", model->changed[i]);
}

static void print_line(Arena *arena, const char *what, size_t bytes, const char *when)
{
    if (bytes)
        printf("  %-16s %12s   %s\n", what, emit_readable_bytes(arena, bytes), when);
}

static void print_memory(Arena *arena, const Programs *programs)
{
    Sizes sizes = emit_sizes(programs);
    size_t optimizer = programs->training ? 4 * lstmc_optimizer_floats(&programs->model->descriptor) : 0;
    printf("memory\n");
    print_line(arena, "weights", sizes.weights, "always");
    print_line(arena, "packed", sizes.packed, "prediction");
    print_line(arena, "scratch", sizes.scratch, "prediction of one sample");
    print_line(arena, "batch_scratch", sizes.batch_scratch, "prediction of a batch");
    bool decodes = programs->decode != NULL;
    print_line(arena, "encode_scratch", sizes.encode_scratch, "encoding");
    print_line(arena, "memory", sizes.memory, "what was encoded");
    print_line(arena, "decode_scratch", sizes.decode_scratch, "a step of the decoder");
    print_line(arena, "state", sizes.state, decodes ? "each text that the decoder says" : "each stream");
    print_line(arena, "training", sizes.training, "training");
    print_line(arena, "tape", sizes.tape, "training, each shard");
    print_line(arena, "gradients", sizes.gradients, "training, each shard");
    print_line(arena, "optimizer", optimizer, "training");
}

static void print_work(const Programs *programs)
{
    printf("work of one sample\n");
    printf("  %-16s %12zu multiply-adds, %zu activations\n", "predict",
           emit_multiply_adds(programs->single, SECTION_FORWARD), emit_activations(programs->single, SECTION_FORWARD));
    if (programs->decode) {
        printf("  %-16s %12zu multiply-adds, %zu activations\n", "encode",
               emit_multiply_adds(programs->encode, SECTION_FORWARD),
               emit_activations(programs->encode, SECTION_FORWARD));
        printf("  %-16s %12zu multiply-adds, %zu activations\n", "decode_step",
               emit_multiply_adds(programs->decode, SECTION_FORWARD),
               emit_activations(programs->decode, SECTION_FORWARD));
    } else if (programs->model->has_decoder) {
        printf("  %-16s %12s (%s)\n", "decode_step", "none", programs->no_decoder);
    } else if (programs->step) {
        printf("  %-16s %12zu multiply-adds, %zu activations\n", "step",
               emit_multiply_adds(programs->step, SECTION_FORWARD), emit_activations(programs->step, SECTION_FORWARD));
    } else {
        printf("  %-16s %12s (%s)\n", "step", "none", programs->no_step);
    }
    if (programs->training)
        printf("  %-16s %12zu multiply-adds\n", "backward", emit_multiply_adds(programs->training, SECTION_BACKWARD));
}

int command_summary(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = command_read(arena, diagnostics, arguments);
    int status = 1;
    if (description) {
        Compiled compiled;
        if (compile(arena, description, diagnostics, &arguments->compile, &compiled)) {
            command_note(arguments, &compiled);
            print_layers(arena, compiled.programs.model);
            print_memory(arena, &compiled.programs);
            print_work(&compiled.programs);
            status = 0;
        } else {
            diagnostics_print(diagnostics, stderr);
        }
        compiled_free(&compiled);
    }
    description_free(description);
    arena_free(arena);
    return status;
}
