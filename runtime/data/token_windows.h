/* token_windows.h: text that goes on, as ids; and windows side by side that are cut out of it when somebody asks. */
#ifndef LSTMC_TOKEN_WINDOWS_H
#define LSTMC_TOKEN_WINDOWS_H

#include "runtime/lstmc.h"

/* Bytes of files that are mapped, one file behind the other, or numbers of tokens; and the id of each byte or number.
 * Freed when nobody uses it any more. */
struct lstmc_token_stream {
    int users;
    size_t count;                       /* tokens */
    struct lstmc_token_file {
        struct lstmc_mapping bytes;
        size_t end;                     /* tokens of the stream up to the end of the file */
    } *file;                            /* NULL: they are numbers */
    int file_count;
    int *number;
    int *id;
};

/* A stream without tokens, with room for so many files, which one uses; NULL: no memory. */
struct lstmc_token_stream *lstmc_token_stream_create(int files);
void lstmc_token_stream_leave(struct lstmc_token_stream *stream);

/* The data set of tokens `first` to first + count - 1: as many windows as have a token behind them. x is a window, y as
 * many tokens as the model has targets, the last of them that behind the window. LSTMC_NO_MEMORY. */
int lstmc_token_windows(const struct lstmc_model *model, struct lstmc_token_stream *stream, size_t first, size_t count,
                        struct lstmc_dataset *data);

#endif
