/* tokens.h: distinct tokens, numbered, and the ids that they get by their frequency. */
#ifndef LSTMC_TOKENS_H
#define LSTMC_TOKENS_H

#include "text.h"

#define LSTMC_ID_PADDING 0
#define LSTMC_ID_UNKNOWN 1
#define LSTMC_ID_FIRST 2                        /* of the most frequent token */
/* in front of it, in texts that a decoder says: what begins and ends one */
#define LSTMC_ID_BEGIN 2
#define LSTMC_ID_END 3

struct lstmc_tokens {
    struct lstmc_token *token;                  /* in the order of their first appearance; copies */
    size_t count, capacity;
    uint32_t *slot; size_t slots;               /* open addressing: number + 1, or 0 */
};

/* The number of a token, a new one if it has none; -1 if there is no memory. */
int  lstmc_tokens_number(struct lstmc_tokens *tokens, struct lstmc_token token);
void lstmc_tokens_free(struct lstmc_tokens *tokens);

/* Below 0, 0 or above as `a` comes before, is, or comes behind `b`, byte by byte. */
int lstmc_token_compare(struct lstmc_token a, struct lstmc_token b);

/* id[number] of each token: `first`, first + 1, ... by falling frequency (frequency[number]), equal ones by their text,
 * and LSTMC_ID_UNKNOWN for those that never appear or find no place below `most` (0: there is place for all). Returns
 * how many ids there are, -1 if there is no memory. */
int lstmc_tokens_ids(const struct lstmc_tokens *tokens, const size_t *frequency, int first, int most, int *id);

/* The text of each of `count` ids, and of what begins and ends a text, if the first id of a token is not
 * LSTMC_ID_FIRST; 0 if there is no memory. */
int lstmc_tokens_name(const struct lstmc_tokens *tokens, const int *id, int first, int count,
                      struct lstmc_names *names);

#endif
