/* command_summary.c: lstmc summary: layers, shapes, parameters, memory by home, multiply-adds. */
#include "commands.h"
#include "summary_graph.h"
#include "compiler/passes/passes.h"

#include <stdio.h>
#include <string.h>

#define GRAPH_COLUMNS 116           /* of a line of a graph, where its words can be broken */
#define NAME_COLUMNS   24            /* of a graph: longer names push what stands behind them */
#define RAIL_COLUMNS   48            /* of rails: where a graph has more, only the names say what is read */

static const char *shape_text(Arena *arena, const Shape *shape)
{
    char *text = arena_format(arena, "{");
    for (int i = 0; i < shape->rank; i++)
        text = arena_format(arena, "%s%s%d", text, i ? ", " : "", shape->extent[i]);
    return arena_format(arena, "%s}", text);
}

/* "lstm, gru"; and behind that what its states begin with. */
static const char *reads_text(Arena *arena, const Model *model, const Layer *layer)
{
    const char *text = "";
    for (int k = 0; k < layer->from_count; k++) {
        bool begins = k == layer->from_count - layer->given_states && k;
        text = arena_format(arena, "%s%s%s", text, begins ? ", begins with " : k ? ", " : "",
                            model->layers[layer->from[k]].name);
    }
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

static size_t parameters_of(const Layer *layer)
{
    size_t count = 0;
    for (int w = 0; w < layer->weight_count && !layer->shares; w++)
        count += layer->weights[w]->count;
    return count;
}

/* What is said behind the numbers of a layer, "" or from two blanks on. */
static const char *remarks(Arena *arena, const Layer *layer)
{
    return arena_format(arena, "%s%s%s", layer->shares ? arena_format(arena, "  with the weights of %s", layer->shares)
                                                       : "",
                        layer->custom ? "  defined by the description" : "",
                        parameters_of(layer) && !layer->trainable ? "  frozen" : "");
}

static void print_chain(Arena *arena, const Model *model)
{
    printf("%-24s %-16s %-16s %12s\n", "layer", "kind", "output", "parameters");
    for (int l = 0; l < model->layer_count; l++) {
        const Layer *layer = &model->layers[l];
        printf("%-24s %-16s %-16s %12zu%s\n", layer->name, layer->kind, shape_text(arena, &layer->output),
               parameters_of(layer), remarks(arena, layer));
    }
}

/* Words behind `column` columns, none of which crosses GRAPH_COLUMNS if another is before it; further lines begin at
 * column `at`, beside the rails. */
static void print_words(const char *words, const char *rails, int column, int at)
{
    for (const char *word = words, *end; *word; word = end) {
        end = word + strspn(word, " ");
        end += strcspn(end, " ");
        if (word > words && column + (int)(end - word) > GRAPH_COLUMNS) {
            printf("\n%s%*s", rails, at - (int)strlen(rails), "");
            word += strspn(word, " ");
            column = at;
        }
        printf("%.*s", (int)(end - word), word);
        column += (int)(end - word);
    }
    putchar('\n');
}

static int wider(int width, const char *text)
{
    int length = (int)strlen(text);
    return length > width ? length : width;
}

/* The layers in order, and beside them which reads which. */
static void print_graph(Arena *arena, const Model *model)
{
    const GraphLine *graph = summary_graph(arena, model);
    int name = 5, kind = 4, shape = 6, rails = (int)strlen(graph[0].drawn);
    bool draws = rails <= RAIL_COLUMNS;
    rails = draws ? rails : 0;
    for (int l = 0; l < model->layer_count; l++) {
        name = wider(name, model->layers[l].name) > NAME_COLUMNS ? NAME_COLUMNS : wider(name, model->layers[l].name);
        kind = wider(kind, model->layers[l].kind);
        shape = wider(shape, shape_text(arena, &model->layers[l].output));
    }
    int words = printf("%*s  %-*s %-*s %-*s %10s  reads\n", rails, "", name, "layer", kind, "kind", shape, "output",
                       "parameters") - (int)strlen("reads\n");
    for (int l = 0; l < model->layer_count; l++) {
        const Layer *layer = &model->layers[l];
        int at = printf("%s  %-*s %-*s %-*s %10zu", draws ? graph[l].drawn : "", name, layer->name, kind, layer->kind,
                        shape, shape_text(arena, &layer->output), parameters_of(layer));
        print_words(arena_format(arena, "%s%s%s%s", layer->from_count ? "  " : "", reads_text(arena, model, layer),
                                 remarks(arena, layer), model_has_output(model, l) ? "  output" : ""),
                    draws ? graph[l].below : "", at, words);
    }
}

static void print_layers(Arena *arena, const Model *model)
{
    if (model_is_chain(model))
        print_chain(arena, model);
    else
        print_graph(arena, model);
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
