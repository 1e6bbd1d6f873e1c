/* text.h: UTF-8 text as tokens: bytes, characters, or words with the punctuation split off. */
#ifndef LSTMC_TEXT_H
#define LSTMC_TEXT_H

#include "runtime/lstmc.h"

struct lstmc_token {
    const char *text;           /* inside the text that was split; no zero byte behind it */
    size_t length;
};

/* How many bytes at the beginning are well-formed UTF-8 without zero bytes: `size` if all are. */
size_t lstmc_text_well_formed(const char *text, size_t size);

/* Small letters for capitals, in place: Latin, Greek and Cyrillic ones, whose two cases take the same
 * number of bytes. */
void lstmc_text_lower(char *text, size_t size);

/* The next token of well-formed text from *at on, which moves behind it; 0: there is none. Words are what stands
 * between spaces. A punctuation mark is a word of its own, but for apostrophes and hyphens between letters, and points,
 * commas and colons between digits. Of words and lines "\n" is one too. */
int lstmc_token_next(enum lstmc_text_unit unit, const char **at, const char *end, struct lstmc_token *token);

/* Words back to text: what has come before the next one. Begins as zeros. */
struct lstmc_joiner {
    uint32_t mark;              /* the word before, if it was one mark; 0: none yet; else 1 */
    int quoted;                 /* within straight quotation marks */
};

/* Whether a space stands before this word: not before what ends or closes, nor behind what opens, nor at the end of a
 * line or behind it. The word counts as written then. */
int lstmc_joins_by_space(struct lstmc_joiner *joiner, const char *word, size_t length);

#endif
