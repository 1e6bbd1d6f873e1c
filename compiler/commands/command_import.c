/* command_import.c: lstmc import: a model of another framework becomes a description, NAME.lua, and its weights,
 * NAME.safetensors. */
#include "commands.h"
#include "compiler/base/ownership.h"
#include "compiler/base/out.h"
#include "compiler/front/read_lua.h"
#include "compiler/interchange/import.h"

#include "runtime/files/file.h"
#include "runtime/files/model_file.h"
#include "runtime/files/replace.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Import {
    Arena *arena;
    Diagnostics *diagnostics;
    Draft *draft;
    Description *description;
    const char *base;           /* of both files, with its folder */
    const char *name, *text;    /* of the model; the description */
    const float *weights;
} Import;

/* "models/motor.keras" -> "motor"; what -o says stands as it is, but for its ending. */
static const char *base_of(Arena *arena, const Arguments *arguments)
{
    bool said = strcmp(arguments->output, ".") != 0;
    const char *path = said ? arguments->output : arguments->model, *slash = strrchr(path, '/');
    char *base = arena_copy_text(arena, said || !slash ? path : slash + 1);
    char *dot = strrchr(base, '.');
    if (dot && dot != base && !strchr(dot, '/') && (!said || !strcmp(dot, ".lua")))
        *dot = 0;
    for (char *c = said ? base + strlen(base) : base; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    return base;
}

static const char *name_of(const char *base)
{
    return strrchr(base, '/') ? strrchr(base, '/') + 1 : base;
}

static bool is_size(const char *text)
{
    return *text && *text != '0' && strlen(text) < 9 && strspn(text, "0123456789") == strlen(text);
}

/* timesteps=40 on the command line is no assumption any more. */
static void set_parameter(Draft *draft, const char *word)
{
    size_t length = strcspn(word, "=");
    const char *value = word + length + 1, *mark = arena_format(draft->arena, "%.*s=N", (int)length, word);
    int kept = 0, found = 0;
    for (int i = 0; i < draft->parameter_count; i++)
        if (!strncmp(draft->parameters[i].name, word, length) && !draft->parameters[i].name[length]) {
            draft->parameters[i].text = value;
            found++;
        }
    for (int i = 0; i < draft->assumed_count; i++)
        if (!strstr(draft->assumed[i], mark))
            draft->assumed[kept++] = draft->assumed[i];
    draft->assumed_count = kept;
    if (!found)
        draft_refuse(draft, "leaves no %.*s open", (int)length, word);
    else if (!is_size(value))
        draft_refuse(draft, "%s is no size", word);
}

static Description *read_back(Import *import, Diagnostics *diagnostics)
{
    ReadOptions options = { .silent = true };
    import->text = draft_text(import->draft, import->name);
    return description_read_text(import->arena, diagnostics, arena_format(import->arena, "%s.lua", import->base),
                                 import->text, strlen(import->text), &options);
}

/* A loss that does not go with the model is no reason to refuse the model. */
static bool describe(Import *import)
{
    Draft *draft = import->draft;
    Diagnostics *first = diagnostics_create(import->arena);
    import->description = read_back(import, first);
    if (!import->description && draft->training_count) {
        for (int i = 0; i < draft->training_count; i++)
            draft_note(draft, "It was trained with %s = %s, which does not go with this model here.",
                       draft->training[i].name, draft->training[i].text);
        draft->training_count = 0;
        import->description = read_back(import, diagnostics_create(import->arena));
    }
    if (!import->description) {
        diagnostics_add(import->diagnostics, draft->file, 0, "cannot be built here: %s.lua would be refused as follows",
                        import->base);
        import->description = read_back(import, import->diagnostics);
    }
    return import->description != NULL;
}

static bool fail(const struct lstmc_message *message)
{
    fprintf(stderr, "%s\n", message->text);
    return false;
}

/* A description that somebody has worked on is not replaced. */
static bool is_free(const char *path, const char *text)
{
    unsigned char *bytes;
    size_t size;
    if (access(path, F_OK))
        return true;
    if (lstmc_file_read(path, &bytes, &size, NULL))
        return false;
    bool same = size == strlen(text) && !memcmp(bytes, text, size);
    free(bytes);
    return same;
}

static bool write_both(const Import *import)
{
    const char *description = arena_format(import->arena, "%s.lua", import->base);
    const char *weights = arena_format(import->arena, "%s.safetensors", import->base);
    const Model *model = description_model(import->description);
    struct lstmc_message message;
    struct lstmc_model written = model->descriptor;
    if (import->draft->parameter_count)         /* sequences of another length are no other model */
        written.fingerprint = 0;
    if (!is_free(description, import->text)) {
        fprintf(stderr, "%s is there, and says something else: remove it, or choose another name by -o\n", description);
        return false;
    }
    if (file_claim(weights, FILE_WEIGHTS, false, &message))
        return fail(&message);
    if (lstmc_model_file_write(&written, import->weights, NULL, 0, weights, NULL, &message))
        return fail(&message);
    int error = write_file(description, import->text, strlen(import->text));
    if (error)
        fprintf(stderr, "%s cannot be written: %s\n", description, lstmc_write_reason(error));
    return !error;
}

static void report(const Import *import, bool quiet)
{
    const Model *model = description_model(import->description);
    const Draft *draft = import->draft;
    if (quiet)
        return;
    printf("%s: %s\n", draft->file, draft->origin);
    for (int i = 0; i < model->layer_count; i++) {
        size_t count = 0;
        for (int w = 0; w < model->layers[i].weight_count; w++)
            count += model->layers[i].weights[w]->count;
        printf("  %-24s %-24s %8zu\n", model->layers[i].name, model->layers[i].kind, count);
    }
    for (int i = 0; i < draft->note_count; i++)
        printf("note: %s\n", draft->notes[i]);
    for (int i = 0; i < draft->assumed_count; i++)
        printf("assumed: %s\n", draft->assumed[i]);
    printf("%s.lua and %s.safetensors: %d layers, %zu parameters\n", import->base, import->base, model->layer_count,
           model->descriptor.weight_count);
}

int command_import(const Arguments *arguments)
{
    if (arguments->into)
        return import_into(arguments);
    Arena *arena = arena_create();
    Import import = { .arena = arena, .diagnostics = diagnostics_create(arena) };
    DraftSource source = { .path = arguments->model, .weights = arguments->weights };
    import.base = base_of(arena, arguments);
    import.name = name_of(import.base);
    import.draft = import_file(arena, import.diagnostics, &source);
    for (int i = 0; import.draft && i < arguments->parameter_count; i++)
        set_parameter(import.draft, arguments->parameters[i]);
    bool done = import.draft && !diagnostics_count(import.diagnostics) && describe(&import);
    if (done)
        import.weights = draft_weights(import.draft, description_model(import.description));
    if (!done || !import.weights)
        diagnostics_print(import.diagnostics, stderr);
    done = done && import.weights && write_both(&import);
    if (done)
        report(&import, arguments->quiet);
    description_free(import.description);
    arena_free(arena);
    return !done;
}
