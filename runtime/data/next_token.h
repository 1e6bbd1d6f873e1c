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

/* Rows of lines whose next tokens are predicted, as ids, and what these mean: `rows` gets one token more, the end of a
 * line, whose id is *line_end. And their samples. (text_lines.c) */
int lstmc_text_lines_number(const struct lstmc_model *model, struct lstmc_text_rows *rows,
                            const struct lstmc_text_part *trains, struct lstmc_meaning *meaning, int *line_end);
int lstmc_text_line_samples(const struct lstmc_model *model, const struct lstmc_lines_options *options,
                            struct lstmc_text_part part, int line_end, struct lstmc_dataset *data);

#endif
