/* token_windows.c: in: text that goes on.  out: windows of ids, each cut out when somebody asks for it: bytes stay in
 * their files. */
#include "token_windows.h"
#include "runtime/files/map.h"

#include <stdlib.h>

struct lstmc_token_stream *lstmc_token_stream_create(int files)
{
    struct lstmc_token_stream *stream = calloc(1, sizeof *stream);
    if (stream)
        *stream = (struct lstmc_token_stream){ .users = 1, .file = calloc((size_t)files + 1, sizeof *stream->file) };
    if (!stream || stream->file)
        return stream;
    free(stream);
    return NULL;
}

void lstmc_token_stream_leave(struct lstmc_token_stream *stream)
{
    if (!stream || --stream->users)
        return;
    for (int file = 0; file < stream->file_count; file++)
        lstmc_unmap(&stream->file[file].bytes);
    free(stream->file);
    lstmc_grown_free(stream->number);
    free(stream->id);
    free(stream);
}

/* ---- samples ---- */

/* Of one data set, for its x and its y. */
struct windows {
    int users;
    struct lstmc_token_stream *stream;
    size_t first, window, targets;
};

static void store_bytes(const struct lstmc_token_stream *stream, size_t at, size_t count, int32_t *to)
{
    const struct lstmc_token_file *file = stream->file;
    for (size_t end = at + count; at < end; at++) {
        while (at >= file->end)
            file++;
        *to++ = stream->id[((const unsigned char *)file->bytes.start)[at - (file->end - file->bytes.bytes)]];
    }
}

static void store_ids(const struct lstmc_token_stream *stream, size_t at, size_t count, int32_t *to)
{
    if (!stream->number)
        store_bytes(stream, at, count, to);
    for (size_t i = 0; stream->number && i < count; i++)
        to[i] = stream->id[stream->number[at + i]];
}

static void make_inputs(const void *context, size_t sample, void *to)
{
    const struct windows *w = context;
    store_ids(w->stream, w->first + sample * w->window, w->window, to);
}

static void make_targets(const void *context, size_t sample, void *to)
{
    const struct windows *w = context;
    store_ids(w->stream, w->first + (sample + 1) * w->window + 1 - w->targets, w->targets, to);
}

static void free_windows(void *context)
{
    struct windows *windows = context;
    if (--windows->users)
        return;
    lstmc_token_stream_leave(windows->stream);
    free(windows);
}

int lstmc_token_windows(const struct lstmc_model *model, struct lstmc_token_stream *stream, size_t first, size_t count,
                        struct lstmc_dataset *data)
{
    const size_t samples = count ? (count - 1) / model->input_count : 0;
    struct windows *windows = samples ? malloc(sizeof *windows) : NULL;
    if (!samples)
        return LSTMC_OK;
    if (!windows)
        return LSTMC_NO_MEMORY;
    *windows = (struct windows){ 2, stream, first, model->input_count, model->target_count };
    stream->users++;
    data->samples = samples;
    data->x_source = (struct lstmc_source){ make_inputs, windows, free_windows };
    data->y_source = (struct lstmc_source){ make_targets, windows, free_windows };
    return LSTMC_OK;
}
