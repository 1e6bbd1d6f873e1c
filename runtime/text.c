/* text.c: in: UTF-8.  out: its tokens. No locale is asked: the same text gives the same tokens everywhere. */
#include "text.h"

#include <string.h>

/* ---- code points ---- */

/* Of the character at `at`; *length is 0 where it is malformed: overlong, a surrogate, beyond 10FFFF, cut off, or zero. */
static uint32_t decode(const char *at, const char *end, int *length)
{
    static const uint32_t least[5] = { 0, 1, 0x80, 0x800, 0x10000 };
    const unsigned char *byte = (const unsigned char *)at;
    int count = byte[0] < 0x80 ? 1 : byte[0] < 0xc0 ? 0 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : byte[0] < 0xf8 ? 4 : 0;
    *length = 0;
    if (!count || end - at < count)
        return 0;
    uint32_t point = count == 1 ? byte[0] : byte[0] & (0x7fu >> count);
    for (int i = 1; i < count; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (byte[i] & 0x3f);
    }
    if (point < least[count] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    *length = count;
    return point;
}

size_t lstmc_text_well_formed(const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    for (int length; at < end; at += length) {
        decode(at, end, &length);
        if (!length)
            break;
    }
    return (size_t)(at - text);
}

/* The same where malformed bytes must not stop anything: each is a character of its own. */
static uint32_t character(const char *at, const char *end, int *length)
{
    uint32_t point = decode(at, end, length);
    if (*length)
        return point;
    *length = 1;
    return 0xfffd;
}

/* ---- capitals ---- */

struct letters { uint32_t first, last; int step, distance; };    /* every step-th code point, and how far its small letter is */

static const struct letters capitals[] = {
    { 'A', 'Z', 1, 32 }, { 0xc0, 0xd6, 1, 32 }, { 0xd8, 0xde, 1, 32 },                                     /* Latin 1 */
    { 0x100, 0x12e, 2, 1 }, { 0x132, 0x136, 2, 1 }, { 0x139, 0x147, 2, 1 }, { 0x14a, 0x176, 2, 1 },        /* Latin Extended-A */
    { 0x178, 0x178, 1, -121 }, { 0x179, 0x17d, 2, 1 }, { 0x1a0, 0x1a0, 1, 1 }, { 0x1af, 0x1af, 1, 1 },
    { 0x1cd, 0x1db, 2, 1 }, { 0x218, 0x21a, 2, 1 },
    { 0x386, 0x386, 1, 38 }, { 0x388, 0x38a, 1, 37 }, { 0x38c, 0x38c, 1, 64 }, { 0x38e, 0x38f, 1, 63 },    /* Greek */
    { 0x391, 0x3a1, 1, 32 }, { 0x3a3, 0x3ab, 1, 32 },
    { 0x400, 0x40f, 1, 80 }, { 0x410, 0x42f, 1, 32 }, { 0x460, 0x480, 2, 1 }, { 0x48a, 0x4be, 2, 1 },      /* Cyrillic */
    { 0x1e00, 0x1e94, 2, 1 }, { 0x1ea0, 0x1efe, 2, 1 },                                                    /* Vietnamese and others */
};

static uint32_t small_letter(uint32_t point)
{
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++)
        if (point >= capitals[i].first && point <= capitals[i].last && (point - capitals[i].first) % (uint32_t)capitals[i].step == 0)
            return (uint32_t)((int32_t)point + capitals[i].distance);
    return point;
}

void lstmc_text_lower(char *text, size_t size)
{
    int length;
    for (char *at = text, *end = text + size; at < end; at += length) {
        uint32_t point = character(at, end, &length), small = small_letter(point);
        if (small == point)
            continue;
        for (int i = length - 1; i > 0; i--, small >>= 6)
            at[i] = (char)(0x80 | (small & 0x3f));
        at[0] = (char)(length == 1 ? small : (0xf00u >> length & 0xf0) | small);
    }
}

/* ---- words ---- */

enum sign { SIGN_LETTER, SIGN_DIGIT, SIGN_SPACE, SIGN_PUNCTUATION };

static enum sign sign_of(uint32_t point)
{
    if (point <= ' ' || point == 0x7f || point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200b) || point == 0x2028 ||
        point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000 || point == 0xfeff)
        return SIGN_SPACE;
    if (point >= '0' && point <= '9')
        return SIGN_DIGIT;
    if (point < 0x80)
        return (point | 32) >= 'a' && (point | 32) <= 'z' ? SIGN_LETTER : SIGN_PUNCTUATION;
    if ((point < 0xc0 && point > 0xa0 && point != 0xaa && point != 0xb5 && point != 0xba) || point == 0xd7 || point == 0xf7 ||
        (point >= 0x2010 && point <= 0x205e) || (point >= 0x3001 && point <= 0x303f) || (point >= 0xff01 && point <= 0xff0f))
        return SIGN_PUNCTUATION;
    return SIGN_LETTER;
}

/* A mark that does not end a word, between what stands before and behind it. */
static int joins(uint32_t mark, enum sign before, enum sign behind)
{
    if (mark == '.' || mark == ',' || mark == ':')
        return before == SIGN_DIGIT && behind == SIGN_DIGIT;
    return (mark == '\'' || mark == '-' || mark == 0x2019 || mark == 0x2010) && before <= SIGN_DIGIT && behind <= SIGN_DIGIT;
}

static enum sign sign_at(const char *at, const char *end)
{
    int length;
    return at < end ? sign_of(character(at, end, &length)) : SIGN_SPACE;
}

static int next_word(const char **at, const char *end, struct lstmc_token *token)
{
    int length;
    const char *from = *at;
    for (; from < end && sign_of(character(from, end, &length)) == SIGN_SPACE; from += length) {}
    *at = from;
    if (from == end)
        return 0;
    enum sign before = SIGN_SPACE;
    for (const char *to = from; to < end; to += length) {
        uint32_t point = character(to, end, &length);
        enum sign sign = sign_of(point);
        if (sign == SIGN_PUNCTUATION && joins(point, before, sign_at(to + length, end)))
            sign = SIGN_LETTER;
        if (sign == SIGN_SPACE || (sign == SIGN_PUNCTUATION && to > from))
            break;
        *at = to + length;
        if (sign == SIGN_PUNCTUATION)
            break;
        before = sign;
    }
    *token = (struct lstmc_token){ from, (size_t)(*at - from) };
    return 1;
}

int lstmc_token_next(enum lstmc_text_unit unit, const char **at, const char *end, struct lstmc_token *token)
{
    int length = 1;
    if (unit == LSTMC_WORDS)
        return next_word(at, end, token);
    if (*at == end)
        return 0;
    if (unit == LSTMC_CHARACTERS)
        character(*at, end, &length);
    *token = (struct lstmc_token){ *at, (size_t)length };
    *at += token->length;
    return 1;
}
