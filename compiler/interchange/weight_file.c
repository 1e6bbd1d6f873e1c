/* weight_file.c: in: a weight file of lstmc or of another framework, and the model.  out: the model's weights. */
#include "weight_file.h"
#include "import.h"

#include "runtime/files/model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file of tensors whose names are a layer's and a weight's, "lstm/kernel", or that says so. */
static bool is_ours(const struct lstmc_tensor_file *file)
{
    const char *format = lstmc_tensor_file_value(file, "format");
    bool ours = format && !strcmp(format, "lstmc");
    for (int i = 0; i < file->count; i++)
        ours |= strchr(file->tensors[i].name, '/') != NULL;
    return ours;
}

/* All mistakes, as far as there is room for whole lines. */
static void say(const Diagnostics *diagnostics, struct lstmc_message *message)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (!memory)
        return;
    diagnostics_print(diagnostics, memory);
    fclose(memory);
    while (length && text[length - 1] == '\n')
        text[--length] = 0;
    snprintf(message->text, sizeof message->text, "%s", text);
    char *last = length >= sizeof message->text ? strrchr(message->text, '\n') : NULL;
    if (last)
        *last = 0;
    free(text);
}

static int load_foreign(Arena *arena, const Model *model, float *weights, const char *path,
                        struct lstmc_message *message)
{
    DraftSource source = { .path = path, .weights_alone = true };
    Diagnostics *diagnostics = diagnostics_create(arena);
    Draft *draft = import_file(arena, diagnostics, &source);
    const float *values = draft ? draft_into(draft, model, NULL, 0) : NULL;
    if (!values) {
        say(diagnostics, message);
        return LSTMC_MISMATCH;
    }
    memcpy(weights, values, model->descriptor.weight_count * sizeof *weights);
    return LSTMC_OK;
}

int weight_file_load(Arena *arena, const Model *model, float *weights, struct lstmc_meaning *meaning, int *differs,
                     const char *path, struct lstmc_message *message)
{
    struct lstmc_tensor_file file;
    *differs = 0;
    memset(meaning, 0, sizeof *meaning);
    if (import_is_tensors(path) && !lstmc_tensor_file_open(path, &file, message)) {
        bool ours = is_ours(&file);
        int status = ours ? lstmc_trained_take(&model->descriptor, weights, meaning, differs, &file, path, message) : 0;
        lstmc_tensor_file_free(&file);
        if (ours)
            return status;
    }
    if (!import_knows(path))
        return lstmc_trained_load(&model->descriptor, weights, meaning, differs, path, message);
    return load_foreign(arena, model, weights, path, message);
}
