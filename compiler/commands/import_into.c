/* import_into.c: lstmc import with --into: the weights in a file of another framework become those of a description
 * that is there: MODEL.safetensors, as lstmc train would leave them. */
#include "commands.h"
#include "compiler/base/ownership.h"
#include "compiler/front/read_lua.h"
#include "compiler/interchange/import.h"

#include "runtime/files/model_file.h"

#include <stdio.h>
#include <string.h>

/* NAME=LAYER; the last = is the one. */
static DraftPair *read_pairs(Arena *arena, const Arguments *arguments)
{
    DraftPair *pairs = arena_array(arena, DraftPair, arguments->map_count + 1);
    for (int i = 0; i < arguments->map_count; i++) {
        char *word = arena_copy_text(arena, arguments->maps[i]), *equal = strrchr(word, '=');
        *equal = 0;
        pairs[i] = (DraftPair){ word, equal + 1 };
    }
    return pairs;
}

/* As lstmc train calls it, or what -o says, with its ending or without. */
static const char *path_of(Arena *arena, const Arguments *arguments, const Model *model)
{
    static const char ending[] = ".safetensors";
    const char *said = arguments->output;
    size_t length = strlen(said), letters = strlen(ending);
    if (!strcmp(said, "."))
        return arena_format(arena, "%s%s", model->descriptor.name, ending);
    bool has_ending = length > letters && !strcmp(said + length - letters, ending);
    return has_ending ? said : arena_format(arena, "%s%s", said, ending);
}

static bool write_weights(const Arguments *arguments, const Model *model, const float *values, const char *path)
{
    struct lstmc_message message;
    bool is_named = strcmp(arguments->output, ".") != 0;
    int status = file_claim(path, FILE_WEIGHTS, is_named, &message);
    if (!status)
        status = lstmc_model_file_write(&model->descriptor, values, NULL, 0, path, NULL, &message);
    if (status)
        fprintf(stderr, "%s\n", message.text);
    return !status;
}

static bool load(Arena *arena, Diagnostics *diagnostics, const Arguments *arguments, const Model *model)
{
    DraftSource source = { .path = arguments->model, .weights = arguments->weights, .weights_alone = true };
    const Draft *draft = import_file(arena, diagnostics, &source);
    const float *values = draft ? draft_into(draft, model, read_pairs(arena, arguments), arguments->map_count) : NULL;
    const char *path = path_of(arena, arguments, model);
    if (!values) {
        diagnostics_print(diagnostics, stderr);
        return false;
    }
    if (!write_weights(arguments, model, values, path))
        return false;
    for (int i = 0; i < draft->note_count && !arguments->quiet; i++)
        printf("note: %s\n", draft->notes[i]);
    if (!arguments->quiet)
        printf("%s: %zu parameters of %s (%s) for %s\n", path, model->descriptor.weight_count, draft->file,
               draft->origin, arguments->into);
    return true;
}

int import_into(const Arguments *arguments)
{
    Arena *arena = arena_create();
    Diagnostics *diagnostics = diagnostics_create(arena);
    Arguments described = *arguments;
    described.model = arguments->into;
    Description *description = command_read(arena, diagnostics, &described);
    bool done = description && load(arena, diagnostics, arguments, description_model(description));
    description_free(description);
    arena_free(arena);
    return !done;
}
