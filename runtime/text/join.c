/* join.c: in: words and punctuation marks, one after the other.  out: where spaces stand between them. */
#define LSTMC_TEXT_WORDS
#include "text.h"
#include "runtime/lstmc_text.h"

#include <string.h>

#define NO_MARK 1                       /* a word */

/* What stands against the word before it: , . ; : ! ? % ) ] } and, of other scripts and quotes, these. */
static const uint32_t closing[] = { ',', '.', ';', ':', '!', '?', '%', ')', ']', '}', 0x2026, 0x2019, 0x201d, 0xbb,
                                    0x3001, 0x3002, 0x3009, 0x300b, 0x300d, 0x300f, 0xff01, 0xff09, 0xff0c, 0xff0e };
/* What stands against the word behind it. An apostrophe does that more often than not: 'tis, 'twas. */
static const uint32_t opening[] = { '(', '[', '{', '\'', '$', 0xa3, 0xa1, 0xbf, 0x201c, 0x2018, 0x201e, 0xab,
                                    0x3008, 0x300a, 0x300c, 0x300e, 0x3001, 0x3002, 0xff01, 0xff08, 0xff0c, 0xff0e };

static int is_among(uint32_t mark, const uint32_t *marks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (marks[i] == mark)
            return 1;
    return 0;
}

#define IS_AMONG(mark, marks) is_among(mark, marks, sizeof marks / sizeof *marks)

/* The word as a mark. */
static uint32_t mark_of(const char *word, size_t length)
{
    int bytes = 0;
    uint32_t point = length ? lstmc_character(word, word + length, &bytes) : NO_MARK;
    int is_mark = (size_t)bytes == length && (point == '\n' || lstmc_sign_of(point) == LSTMC_PUNCTUATION);
    return is_mark ? point : NO_MARK;
}

int lstmc_joins_by_space(struct lstmc_joiner *joiner, const char *word, size_t length)
{
    uint32_t before = joiner->mark, mark = mark_of(word, length);
    int closes = IS_AMONG(mark, closing) || mark == '/' || mark == '\n';
    int opens = IS_AMONG(before, opening) || before == '/' || before == '\n';
    if (before == '"' && joiner->quoted)
        opens = 1;
    if (mark == '"') {
        closes = joiner->quoted;
        joiner->quoted = !joiner->quoted;
    }
    if (mark == '\n')
        joiner->quoted = 0;
    int is_dash = mark == '-' && before == '-';
    joiner->mark = mark;
    return before && !closes && !opens && !is_dash;
}
