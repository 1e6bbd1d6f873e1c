/* text_rows.h: lines of text files as rows of numbered tokens. */
#ifndef LSTMC_TEXT_ROWS_H
#define LSTMC_TEXT_ROWS_H

#include "labels.h"

struct lstmc_text_row {
    size_t text, target;                /* where its tokens begin in `numbers` */
    int text_count, target_count;
    int label;                          /* number in `labels`, or -1 */
};

struct lstmc_text_rows {
    const struct lstmc_lines_options *options;
    struct lstmc_message *message;
    struct lstmc_names folder;          /* files of a folder */
    const char *const *files; int file_count;
    /* of each file: what tokens and labels point into; the first `file_count` in small letters, if these are wanted,
     * and behind them, where a text is predicted from itself, as they are */
    char **bytes;
    struct lstmc_text_row *rows; size_t count, capacity;
    int *numbers; size_t number_count, number_capacity;
    struct lstmc_tokens text, target;
    struct lstmc_labels labels;
};

/* Free with lstmc_text_rows_free whatever it returns. */
int lstmc_text_rows_read(const struct lstmc_lines_options *options, struct lstmc_text_rows *rows,
                         struct lstmc_message *message);
void lstmc_text_rows_free(struct lstmc_text_rows *rows);

/* Says where the first byte stands that is no UTF-8, as line and column; LSTMC_BAD_FILE. */
int lstmc_text_malformed(const char *path, const char *text, size_t offset, struct lstmc_message *message);

#endif
