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
    struct lstmc_text_row *rows; size_t count, capacity;
    int *numbers; size_t number_count, number_capacity;
    struct lstmc_tokens text, target;
    struct lstmc_labels labels;
};

/* Free with lstmc_text_rows_free whatever it returns. */
int lstmc_text_rows_read(const struct lstmc_lines_options *options, struct lstmc_text_rows *rows,
                         struct lstmc_message *message);
void lstmc_text_rows_free(struct lstmc_text_rows *rows);

/* What samples of rows are made of. Freed when nobody uses it any more. */
struct lstmc_text_store {
    int users;
    struct lstmc_text_row *rows;
    const struct lstmc_text_row **order;        /* what trains, and behind it what is held out */
    int *ids;                                   /* where `numbers` were; a label is a class */
};

/* Takes them out of `rows`, for one user; NULL: no memory, and `rows` and `order` stay. */
struct lstmc_text_store *lstmc_text_store_take(struct lstmc_text_rows *rows, const struct lstmc_text_row **order);
void lstmc_text_store_leave(struct lstmc_text_store *store);

/* Numbers of tokens become their ids. */
void lstmc_text_number(int *numbers, int count, const int *id);

/* `count` ids into `length` places: what is too short has zeros in front or behind, and what is too long is cut
 * there. */
void lstmc_text_place(const int *ids, int count, int pads_front, int length, int32_t *to);

/* Samples of rows of a part of the store, with their lengths (line_samples.c, text_lines.c). LSTMC_NO_MEMORY. */
struct lstmc_text_part {
    struct lstmc_text_store *store;
    const struct lstmc_text_row *const *row;
    size_t count;
};
int lstmc_line_samples(const struct lstmc_model *model, const struct lstmc_lines_options *options,
                       struct lstmc_text_part part, struct lstmc_dataset *data);

/* Says where the first byte stands that is no UTF-8, as line and column; LSTMC_BAD_FILE. */
int lstmc_text_malformed(const char *path, const char *text, size_t offset, struct lstmc_message *message);

#endif
