/* data_path.c: in: the words of --data.  out: they stand in place of the files that the description names. */
#include "data_path.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const DataPath paths[] = {
    { DATA_NPY, "x", offsetof(Data, x) },
    { DATA_NPY, "y", offsetof(Data, y) },
    { DATA_NPY, "validation_x", offsetof(Data, validation_x) },
    { DATA_NPY, "validation_y", offsetof(Data, validation_y) },
    { DATA_NPY, "sample_weight", offsetof(Data, sample_weight) },
    { DATA_NPY, "validation_sample_weight", offsetof(Data, validation_sample_weight) },
    { DATA_NPY, "lengths", offsetof(Data, lengths) },
    { DATA_NPY, "offsets", offsetof(Data, offsets) },
    { DATA_NPY, "validation_lengths", offsetof(Data, validation_lengths) },
    { DATA_NPY, "validation_offsets", offsetof(Data, validation_offsets) },
    { DATA_NPY, "label_lengths", offsetof(Data, label_lengths) },
    { DATA_NPY, "validation_label_lengths", offsetof(Data, validation_label_lengths) },
    { DATA_CSV, "file", offsetof(Data, x) },
    { DATA_CSV, "validation", offsetof(Data, validation_x) },
    { DATA_CSV, "validation_remaining", offsetof(Data, validation_remaining) },
    { DATA_CHARACTERS, "file", offsetof(Data, x) },
    { DATA_WORDS, "file", offsetof(Data, x) },
    { DATA_LINES, "file", offsetof(Data, x) },
    { DATA_LINES, "folder", offsetof(Data, folder) },
    { DATA_WAV, "folder", offsetof(Data, folder) },
    { DATA_TS, "file", offsetof(Data, x) },
    { DATA_TS, "validation", offsetof(Data, validation_x) },
    { DATA_MULTI_HOT, "file", offsetof(Data, x) },
};

const DataPath *data_path(DataKind kind, int index)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i].kind == kind && index-- == 0)
            return &paths[i];
    return NULL;
}

const char *data_kind_name(DataKind kind)
{
    static const char *const names[] = {
        [DATA_NONE] = "",       [DATA_NPY] = "npy", [DATA_CSV] = "csv", [DATA_CHARACTERS] = "characters",
        [DATA_WORDS] = "words", [DATA_LINES] = "lines", [DATA_WAV] = "wav", [DATA_TS] = "ts",
        [DATA_MULTI_HOT] = "multi_hot",
        [DATA_SAMPLES] = "samples"
    };
    return names[kind];
}

static int no_path(DataKind kind, const char *word, struct lstmc_message *message)
{
    const DataPath *path;
    int used = snprintf(message->text, sizeof message->text, "--data %s: %s%s", word,
                        kind ? data_kind_name(kind) : "a description without data",
                        data_path(kind, 0) ? " has no such file; it has: " : " reads no files");
    for (int i = 0; (path = data_path(kind, i)) != NULL && used < (int)sizeof message->text; i++)
        used += snprintf(message->text + used, sizeof message->text - (size_t)used, "%s%s", i ? ", " : "", path->name);
    return LSTMC_MISMATCH;
}

/* The length of NAME in NAME=FILE; 0: the word is a file. */
static size_t name_length(const char *word)
{
    size_t length = 0;
    while (isalnum((unsigned char)word[length]) || word[length] == '_')
        length++;
    return word[length] == '=' ? length : 0;
}

int data_path_replace(Data *data, const char *const *words, int count, struct lstmc_message *message)
{
    for (int i = 0, next = 0; i < count; i++) {
        size_t length = name_length(words[i]);
        const DataPath *path;
        for (int p = length ? 0 : next++; (path = data_path(data->kind, p)) != NULL; p++)
            if (!length || (strlen(path->name) == length && !strncmp(path->name, words[i], length)))
                break;
        if (!path)
            return no_path(data->kind, words[i], message);
        if (data->x_arrays && (path->offset == offsetof(Data, x) || path->offset == offsetof(Data, validation_x))) {
            snprintf(message->text, sizeof message->text,
                     "--data %s: the model has several inputs: their files are named in the description", words[i]);
            return LSTMC_MISMATCH;
        }
        if (data->y_arrays && (path->offset == offsetof(Data, y) || path->offset == offsetof(Data, validation_y))) {
            snprintf(message->text, sizeof message->text,
                     "--data %s: the model has several outputs: their files are named in the description", words[i]);
            return LSTMC_MISMATCH;
        }
        *data_path_of(data, path) = words[i] + (length ? length + 1 : 0);
    }
    return LSTMC_OK;
}
