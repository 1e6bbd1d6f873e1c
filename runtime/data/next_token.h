/* next_token.h: what readers of texts share whose model predicts the next token: its classes are its ids. */
#ifndef LSTMC_NEXT_TOKEN_H
#define LSTMC_NEXT_TOKEN_H

#include "text_rows.h"

/* What one token is called: "character", "word". */
const char *lstmc_token_word(enum lstmc_text_unit unit);

/* Whether the model reads `window` ids and predicts a class, at each step or once. */
int lstmc_next_token_check(const struct lstmc_model *model, const char *path, enum lstmc_text_unit unit, int window,
                           struct lstmc_message *message);

/* What readers of UTF-8 know of their tokens: frequency[number] in what trains. */
struct lstmc_counted {
    const struct lstmc_tokens *tokens;
    const size_t *frequency;
    int most;                           /* ids that are kept; 0: all */
    enum lstmc_text_unit unit;
    const char *path;
};

/* id[number] of each token, and what the ids mean, which the classes mean too. Refuses a model that reads fewer ids, or
 * has another number of classes. */
int lstmc_next_token_ids(const struct lstmc_model *model, const struct lstmc_counted *counted, int *id,
                         struct lstmc_meaning *meaning, struct lstmc_message *message);

/* Rows of one part of the lines. */
struct lstmc_text_part {
    const struct lstmc_text_row *const *row;
    size_t count;
};

/* Data sets of lines whose next tokens are predicted (text_lines.c); `rows` gets one token more, the end of a line. */
int lstmc_text_lines(const struct lstmc_model *model, struct lstmc_text_rows *rows, struct lstmc_text_part trains,
                     struct lstmc_text_part held_out, struct lstmc_dataset *training,
                     struct lstmc_dataset *validation);

#endif
