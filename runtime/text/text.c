/* text.c: in: UTF-8.  out: its tokens, by the functions that generated files have too. */
#define LSTMC_TEXT_LOWER
#define LSTMC_TEXT_WORDS
#define LSTMC_TEXT_LINES
#include "text.h"
#include "runtime/lstmc_text.h"

size_t lstmc_text_well_formed(const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    for (int length; at < end; at += length) {
        lstmc_decode(at, end, &length);
        if (!length)
            break;
    }
    return (size_t)(at - text);
}

void lstmc_text_lower(char *text, size_t size)
{
    lstmc_lower(text, size);
}

int lstmc_token_next(enum lstmc_text_unit unit, const char **at, const char *end, struct lstmc_token *token)
{
    int length = 1;
    if (unit == LSTMC_WORDS || unit == LSTMC_WORDS_AND_LINES) {
        int found = unit == LSTMC_WORDS ? lstmc_next_word(at, end, &token->text)
                                        : lstmc_next_word_or_line(at, end, &token->text);
        token->length = (size_t)(*at - token->text);
        return found;
    }
    if (*at == end)
        return 0;
    if (unit == LSTMC_CHARACTERS)
        lstmc_character(*at, end, &length);
    *token = (struct lstmc_token){ *at, (size_t)length };
    *at += token->length;
    return 1;
}
