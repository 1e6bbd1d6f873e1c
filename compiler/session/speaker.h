/* speaker.h: what a trained model with a decoder says of a sample: the search of lstmc_search.h over the compiled
 * decoder, or, by the interpreter or where the decoder cannot go step by step, over predictions of the whole. */
#ifndef SPEAKER_H
#define SPEAKER_H

#include "session.h"

typedef struct Speaker Speaker;

/* Of a session that is prepared, whose weights the engine has. beam: 0: greedily. NULL: there is no memory. */
Speaker *speaker_open(Session *session, const struct lstmc_meaning *meaning, int beam, double length_penalty);
void     speaker_close(Speaker *speaker);

/* x: a sample, of which the decoder's input is not read; length: of the input that has lengths. Returns how many tokens
 * there are, in *tokens, which the next call overwrites; -1 if the model gives no numbers. */
int speaker_say(Speaker *speaker, const void *x, int32_t length, const int32_t **tokens);

/* Tokens as text, by the names of classes, or as numbers: words with spaces between them. */
void print_tokens(const struct lstmc_meaning *meaning, const int32_t *tokens, int count, FILE *to);

#endif
