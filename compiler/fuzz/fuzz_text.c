/* fuzz_text.c: in: a drawn model.  out: its description, and whether that is accepted. */
#include "fuzz.h"
#include "compiler/front/read_lua.h"

#include <string.h>

#define ELEMENTS_MAX 150        /* of one sample of a layer's output */

static const char *call_text(Arena *arena, const FuzzNode *node)
{
    const char *text = arena_format(arena, "%s{", node->layer);
    for (int i = 0; i < node->argument_count; i++)
        text = arena_format(arena, "%s%s%s = %s", text, i ? ", " : "", node->arguments[i].name,
                            node->arguments[i].text);
    return arena_format(arena, "%s}", text);
}

static const char *input_text(Arena *arena, const FuzzModel *model, const FuzzInput *input)
{
    const char *text = arena_format(arena, "%s{%d", model->input, input->shape[0]);
    for (int d = 1; d < input->rank; d++)
        text = arena_format(arena, "%s, %d", text, input->shape[d]);
    bool lengths = model->lengths && input == &model->first;
    return arena_format(arena, "%s%s}", text, lengths ? ", lengths = true" : "");
}

static const char *options_text(Arena *arena, const FuzzModel *model)
{
    return arena_format(arena, "name = \"fuzzed\", batch_size = %d, shards = %d%s%s", model->batch * model->shards,
                        model->shards, model->loss.layer ? ", loss = " : "",
                        model->loss.layer ? call_text(arena, &model->loss) : "");
}

static bool is_chain(const FuzzModel *model)
{
    if (model->second.rank || model->other_output)
        return false;
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].from_count != 1 || model->nodes[i].from[0] != i - 1 || model->nodes[i].again ||
            model->nodes[i].begins)
            return false;
    return true;
}

static const char *flow_name(Arena *arena, int node)
{
    return node == FUZZ_INPUT ? "x" : node == FUZZ_SECOND ? "z" : arena_format(arena, "y%d", node + 1);
}

/* How many of its states others begin with. */
static int states_read(const FuzzModel *model, int node)
{
    int count = 0;
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].begins == node + 1 && model->nodes[i].states > count)
            count = model->nodes[i].states;
    return count;
}

static bool is_called_again(const FuzzModel *model, int node)
{
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].again == node + 1)
            return true;
    return false;
}

/* "y1, y1_h1, y1_h2", what a call makes, or only the states. */
static const char *made_text(Arena *arena, int node, int states, bool with_output)
{
    const char *text = with_output ? flow_name(arena, node) : "";
    for (int k = 1; k <= states; k++)
        text = arena_format(arena, "%s%s%s_h%d", text, *text ? ", " : "", flow_name(arena, node), k);
    return text;
}

static const char *node_text(Arena *arena, const FuzzModel *model, int i)
{
    const FuzzNode *node = &model->nodes[i];
    const char *given = flow_name(arena, node->from[0]), *text = "", *layer = call_text(arena, node);
    for (int k = 1; k < node->from_count; k++)
        given = arena_format(arena, "%s, %s", given, flow_name(arena, node->from[k]));
    if (node->begins)
        given = arena_format(arena, "%s, initial_state = {%s}", given,
                             made_text(arena, node->begins - 1, node->states, false));
    if (is_called_again(model, i)) {
        text = arena_format(arena, "local l%d = %s\n", i + 1, layer);
        layer = arena_format(arena, "l%d", i + 1);
    } else if (node->again) {
        layer = arena_format(arena, "l%d", node->again);
    }
    bool braces = node->from_count > 1 || node->begins;
    return arena_format(arena, "%slocal %s = %s%c%s%c\n", text, made_text(arena, i, states_read(model, i), true), layer,
                        braces ? '{' : '(', given, braces ? '}' : ')');
}

static const char *graph_text(Arena *arena, const FuzzModel *model)
{
    const char *text = arena_format(arena, "local x = %s\n", input_text(arena, model, &model->first));
    const char *output = flow_name(arena, model->node_count - 1);
    if (model->second.rank)
        text = arena_format(arena, "%slocal z = %s\n", text, input_text(arena, model, &model->second));
    for (int i = 0; i < model->node_count; i++)
        text = arena_format(arena, "%s%s", text, node_text(arena, model, i));
    if (model->other_output)
        output = arena_format(arena, "{ %s, %s }", output, flow_name(arena, model->other_output - 1));
    const char *decoder = model->decoder ? arena_format(arena, " decoder = %s,", model->decoder == 1 ? "x" : "z") : "";
    return arena_format(arena, "%sreturn Model{ inputs = %s, outputs = %s,%s %s }\n", text,
                        model->second.rank ? "{ x, z }" : "x", output, decoder, options_text(arena, model));
}

const char *fuzz_text(Arena *arena, const FuzzModel *model)
{
    if (!is_chain(model))
        return graph_text(arena, model);
    const char *text = arena_format(arena, "return Sequential{ %s,\n  %s,\n", options_text(arena, model),
                                    input_text(arena, model, &model->first));
    for (int i = 0; i < model->node_count; i++)
        text = arena_format(arena, "%s  %s%s\n", text, call_text(arena, &model->nodes[i]),
                            i + 1 < model->node_count ? "," : " }");
    return text;
}

static bool is_small(const Model *model)
{
    for (int l = 0; l < model->layer_count; l++)
        if (shape_count(&model->layers[l].output) > ELEMENTS_MAX)
            return false;
    return true;
}

bool fuzz_is_legal(const FuzzModel *model)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    const char *text = fuzz_text(arena, model);
    Description *description = description_read_text(arena, diagnostics, "fuzzed.lua", text, strlen(text),
                                                     &(ReadOptions){ .silent = true });
    bool legal = description && is_small(description_model(description)) &&
                 lower(arena, description, &(LowerOptions){ .training = true, .batch = model->batch });
    description_free(description);
    arena_free(arena);
    return legal;
}
