/* import_pytorch.c: in: a file of PyTorch.  out: a chain in the draft, or where a description is there already the
 * weights of each module by itself. */
#include "import_pytorch.h"
#include "module.h"

#include "runtime/files/map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)4 << 30)

bool is_pytorch_archive(const struct lstmc_tensor_file *contents)
{
    for (int i = 0; i < contents->count; i++) {
        const char *slash = strrchr(contents->tensors[i].name, '/');
        if (!strcmp(slash ? slash + 1 : contents->tensors[i].name, "data.pkl"))
            return true;
    }
    return false;
}

/* ---- weights for a description ---- */

static void add_part(Draft *draft, const Step *step, const StepArrays *arrays, const char *name)
{
    DraftLayer *layer = draft_add(draft, step->kind ? step->kind : step->torch,
                                  arena_format(draft->arena, "%s (%s)", name, step->torch));
    layer->key = name;
    for (int i = 0; i < arrays->count; i++)
        draft_weight(draft, layer, &arrays->list[i]);
    if (step->other_kind) {
        layer->otherwise = arena_new(draft->arena, DraftLayer);
        *layer->otherwise = (DraftLayer){ .kind = step->other_kind, .found = layer->found, .key = name };
        for (int i = 0; i < step->other.count; i++)
            draft_weight(draft, layer->otherwise, &step->other.list[i]);
    }
}

/* Directions by themselves: a description may have a layer for each. */
static void add_parts(Draft *draft, const Steps *steps)
{
    bool normalized = false;
    for (int i = 0; i < steps->count; i++) {
        const Step *step = &steps->list[i];
        add_part(draft, step, &step->weights, step->name);
        if (step->both)
            add_part(draft, step, &step->backward, arena_format(draft->arena, "%s_reverse", step->name));
        normalized |= step->kind && strstr(step->kind, "Normalization");
    }
    if (normalized)
        draft_note(draft, "Normalisations of PyTorch have epsilon 1e-5 unless something else is said; here that is "
                   "0.001, unless the description has epsilon = 1e-5 or defaults = \"pytorch\".");
}

/* A training that went wrong leaves such numbers, and no model is made of them. */
static void refuse_infinite(const State *state)
{
    for (int i = 0; i < state->count; i++)
        for (size_t k = 0; k < state->tensors[i].count; k++)
            if (!isfinite(state->tensors[i].values[k])) {
                draft_refuse(state->draft, "%s: number %zu of it is not finite", state->tensors[i].name, k + 1);
                break;
            }
}

static void note_dtypes(const State *state)
{
    const char *other = NULL;
    for (int i = 0; i < state->count; i++)
        if (strstr(state->tensors[i].dtype, "float") && strcmp(state->tensors[i].dtype, "float32"))
            other = state->tensors[i].dtype;
    if (other)
        draft_note(state->draft, "There are numbers of the dtype %s in it; here all are float32.", other);
}

static void make_draft(State *state, const DraftSource *source)
{
    Draft *draft = state->draft;
    refuse_infinite(state);
    if (diagnostics_count(draft->diagnostics))
        return;
    Steps steps = modules_read(state);
    if (diagnostics_count(draft->diagnostics))
        return;
    draft->unordered = state->sorted;
    note_dtypes(state);
    if (!steps.count)
        draft_refuse(draft, "holds no weights of a module");
    else if (source->weights_alone)
        add_parts(draft, &steps);
    else
        chain_draft(draft, &steps, state->sorted);
}

/* ---- files ---- */

void import_pytorch_archive(Draft *draft, const DraftSource *source, const struct lstmc_tensor_file *contents)
{
    State state = { .draft = draft };
    draft->origin = "PyTorch";
    state_read_archive(&state, contents);
    make_draft(&state, source);
}

void import_pytorch_pickles(Draft *draft, const DraftSource *source)
{
    State state = { .draft = draft };
    struct lstmc_mapping file;
    draft->origin = "PyTorch before 1.6";
    if (lstmc_map_file(source->path, &file, NULL) || file.bytes > FILE_BYTES_MAX) {
        draft_refuse(draft, "cannot be read");
    } else {
        state_read_old(&state, file.start, file.bytes);
        make_draft(&state, source);
    }
    lstmc_unmap(&file);
}

void import_safetensors(Draft *draft, const DraftSource *source)
{
    State state = { .draft = draft };
    struct lstmc_tensor_file file;
    struct lstmc_message message;
    draft->origin = "PyTorch, safetensors";
    if (lstmc_tensor_file_open(source->path, &file, &message)) {
        draft_refuse(draft, "is damaged, or no safetensors file: %s", message.text);
        return;
    }
    const char *format = lstmc_tensor_file_value(&file, "format"), *model = lstmc_tensor_file_value(&file, "model");
    if (format && !strcmp(format, "lstmc"))
        draft_refuse(draft, "is a weight file of lstmc's own, of the model %s: nothing is to be imported",
                     model ? model : "?");
    else
        state_read_safetensors(&state, &file);
    make_draft(&state, source);
    lstmc_tensor_file_free(&file);
}

bool is_pytorch_json(const json_t *json)
{
    const char *name;
    json_t *value;
    bool named = json_object_size(json) > 0;
    json_object_foreach((json_t *)json, name, value) {
        const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
        named = named && json_is_array(value) && (!strncmp(last, "weight", 6) || !strncmp(last, "bias", 4) ||
                                                  !strncmp(last, "running_", 8));
    }
    return named;
}

void import_pytorch_json(Draft *draft, const DraftSource *source, const json_t *json)
{
    State state = { .draft = draft };
    draft->origin = "PyTorch, JSON";
    state_read_json(&state, json);
    make_draft(&state, source);
}
