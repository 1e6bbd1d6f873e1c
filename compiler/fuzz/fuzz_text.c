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

static const char *input_text(Arena *arena, const FuzzModel *model)
{
    const char *text = arena_format(arena, "%s{%d", model->input, model->shape[0]);
    for (int d = 1; d < model->rank; d++)
        text = arena_format(arena, "%s, %d", text, model->shape[d]);
    return arena_format(arena, "%s%s}", text, model->lengths ? ", lengths = true" : "");
}

static const char *options_text(Arena *arena, const FuzzModel *model)
{
    return arena_format(arena, "name = \"fuzzed\", batch_size = %d, shards = %d%s%s", model->batch * model->shards,
                        model->shards, model->loss.layer ? ", loss = " : "",
                        model->loss.layer ? call_text(arena, &model->loss) : "");
}

static bool is_chain(const FuzzModel *model)
{
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].from_count != 1 || model->nodes[i].from[0] != i - 1)
            return false;
    return true;
}

static const char *flow_name(Arena *arena, int node)
{
    return node == FUZZ_INPUT ? "x" : arena_format(arena, "y%d", node + 1);
}

static const char *graph_text(Arena *arena, const FuzzModel *model)
{
    const char *text = arena_format(arena, "local x = %s\n", input_text(arena, model));
    for (int i = 0; i < model->node_count; i++) {
        const FuzzNode *node = &model->nodes[i];
        const char *given = flow_name(arena, node->from[0]);
        for (int k = 1; k < node->from_count; k++)
            given = arena_format(arena, "%s, %s", given, flow_name(arena, node->from[k]));
        text = arena_format(arena, node->from_count > 1 ? "%slocal %s = %s{%s}\n" : "%slocal %s = %s(%s)\n", text,
                            flow_name(arena, i), call_text(arena, node), given);
    }
    return arena_format(arena, "%sreturn Model{ inputs = x, outputs = %s, %s }\n", text,
                        flow_name(arena, model->node_count - 1), options_text(arena, model));
}

const char *fuzz_text(Arena *arena, const FuzzModel *model)
{
    if (!is_chain(model))
        return graph_text(arena, model);
    const char *text = arena_format(arena, "return Sequential{ %s,\n  %s,\n", options_text(arena, model),
                                    input_text(arena, model));
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
