/* lstmc_text.h: UTF-8 as characters, or as words with the punctuation split off. No locale is asked: the same text
 * gives the same tokens everywhere. The compiler copies this text into generated files that read text.
 * LSTMC_TEXT_WORDS: words are wanted, LSTMC_TEXT_LINES: with them ends of lines, LSTMC_TEXT_LOWER: small letters for
 * capitals.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_TEXT_FUNCTIONS_H
#define LSTMC_TEXT_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

/* The code point at `at`; *length is 0 where it is malformed: overlong, a surrogate, beyond 10FFFF, cut
 * off, or zero. */
static inline uint32_t lstmc_decode(const char *at, const char *end, int *length)
{
    static const uint32_t least[5] = { 0, 1, 0x80, 0x800, 0x10000 };
    const unsigned char *byte = (const unsigned char *)at;
    int count = byte[0] < 0x80   ? 1
                : byte[0] < 0xc0 ? 0
                : byte[0] < 0xe0 ? 2
                : byte[0] < 0xf0 ? 3
                : byte[0] < 0xf8 ? 4
                                 : 0;
    *length = 0;
    if (!count || end - at < count)
        return 0;
    uint32_t point = count == 1 ? byte[0] : byte[0] & (0x7fu >> count);
    for (int i = 1; i < count; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (byte[i] & 0x3fu);
    }
    if (point < least[count] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    *length = count;
    return point;
}

/* The same where malformed bytes must not stop anything: each is a character of its own. */
static inline uint32_t lstmc_character(const char *at, const char *end, int *length)
{
    uint32_t point = lstmc_decode(at, end, length);
    if (*length)
        return point;
    *length = 1;
    return 0xfffd;
}

#ifdef LSTMC_TEXT_LOWER

/* every step-th code point, and how far its small letter is */
struct lstmc_letters { uint32_t first, last; int step, distance; };

static const struct lstmc_letters lstmc_capitals[] = {
    { 'A', 'Z', 1, 32 }, { 0xc0, 0xd6, 1, 32 }, { 0xd8, 0xde, 1, 32 },                                     /* Latin 1 */
    /* Latin Extended-A */
    { 0x100, 0x12e, 2, 1 }, { 0x132, 0x136, 2, 1 }, { 0x139, 0x147, 2, 1 }, { 0x14a, 0x176, 2, 1 },
    { 0x178, 0x178, 1, -121 }, { 0x179, 0x17d, 2, 1 }, { 0x1a0, 0x1a0, 1, 1 }, { 0x1af, 0x1af, 1, 1 },
    { 0x1cd, 0x1db, 2, 1 }, { 0x218, 0x21a, 2, 1 },
    { 0x386, 0x386, 1, 38 }, { 0x388, 0x38a, 1, 37 }, { 0x38c, 0x38c, 1, 64 }, { 0x38e, 0x38f, 1, 63 },    /* Greek */
    { 0x391, 0x3a1, 1, 32 }, { 0x3a3, 0x3ab, 1, 32 },
    /* Cyrillic */
    { 0x400, 0x40f, 1, 80 }, { 0x410, 0x42f, 1, 32 }, { 0x460, 0x480, 2, 1 }, { 0x48a, 0x4be, 2, 1 },
    /* Vietnamese and others */
    { 0x1e00, 0x1e94, 2, 1 }, { 0x1ea0, 0x1efe, 2, 1 },
};

static inline uint32_t lstmc_small_letter(uint32_t point)
{
    for (size_t i = 0; i < sizeof lstmc_capitals / sizeof *lstmc_capitals; i++)
        if (point >= lstmc_capitals[i].first && point <= lstmc_capitals[i].last &&
            (point - lstmc_capitals[i].first) % (uint32_t)lstmc_capitals[i].step == 0)
            return (uint32_t)((int32_t)point + lstmc_capitals[i].distance);
    return point;
}

/* In place: Latin, Greek and Cyrillic letters, whose two cases take the same number of bytes. */
static inline void lstmc_lower(char *text, size_t size)
{
    int length;
    for (char *at = text, *end = text + size; at < end; at += length) {
        uint32_t point = lstmc_character(at, end, &length), small = lstmc_small_letter(point);
        if (small == point)
            continue;
        for (int i = length - 1; i > 0; i--, small >>= 6)
            at[i] = (char)(0x80 | (small & 0x3fu));
        at[0] = (char)(length == 1 ? small : (0xf00u >> length & 0xf0) | small);
    }
}

#endif
#ifdef LSTMC_TEXT_WORDS

enum lstmc_sign { LSTMC_LETTER, LSTMC_DIGIT, LSTMC_SPACE, LSTMC_PUNCTUATION };

static inline enum lstmc_sign lstmc_sign_of(uint32_t point)
{
    if (point <= ' ' || point == 0x7f || point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200b) ||
        point == 0x2028 || point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000 || point == 0xfeff)
        return LSTMC_SPACE;
    if (point >= '0' && point <= '9')
        return LSTMC_DIGIT;
    if (point < 0x80)
        return (point | 32) >= 'a' && (point | 32) <= 'z' ? LSTMC_LETTER : LSTMC_PUNCTUATION;
    if ((point < 0xc0 && point > 0xa0 && point != 0xaa && point != 0xb5 && point != 0xba) || point == 0xd7 ||
        point == 0xf7 || (point >= 0x2010 && point <= 0x205e) || (point >= 0x3001 && point <= 0x303f) ||
        (point >= 0xff01 && point <= 0xff0f))
        return LSTMC_PUNCTUATION;
    return LSTMC_LETTER;
}

static inline enum lstmc_sign lstmc_sign_at(const char *at, const char *end)
{
    int length;
    return at < end ? lstmc_sign_of(lstmc_character(at, end, &length)) : LSTMC_SPACE;
}

/* A mark that does not end a word, between what stands before and behind it. */
static inline int lstmc_joins(uint32_t mark, enum lstmc_sign before, enum lstmc_sign behind)
{
    if (mark == '.' || mark == ',' || mark == ':')
        return before == LSTMC_DIGIT && behind == LSTMC_DIGIT;
    return (mark == '\'' || mark == '-' || mark == 0x2019 || mark == 0x2010) && before <= LSTMC_DIGIT &&
           behind <= LSTMC_DIGIT;
}

/* The next word from *at on, which moves behind it; it starts at *word. 0: there is none. Words are what stands between
 * spaces. A punctuation mark is a word of its own, but for apostrophes and hyphens between letters, and points, commas
 * and colons between digits. */
static inline int lstmc_next_word(const char **at, const char *end, const char **word)
{
    int length;
    const char *from = *at;
    for (; from < end && lstmc_sign_of(lstmc_character(from, end, &length)) == LSTMC_SPACE; from += length) {}
    *at = *word = from;
    enum lstmc_sign before = LSTMC_SPACE;
    for (const char *to = from; to < end; to += length) {
        uint32_t point = lstmc_character(to, end, &length);
        enum lstmc_sign sign = lstmc_sign_of(point);
        if (sign == LSTMC_PUNCTUATION && lstmc_joins(point, before, lstmc_sign_at(to + length, end)))
            sign = LSTMC_LETTER;
        if (sign == LSTMC_SPACE || (sign == LSTMC_PUNCTUATION && to > from))
            break;
        *at = to + length;
        if (sign == LSTMC_PUNCTUATION)
            break;
        before = sign;
    }
    return *at > from;
}

#ifdef LSTMC_TEXT_LINES

/* The same where the end of a line, "\n", is a word too. */
static inline int lstmc_next_word_or_line(const char **at, const char *end, const char **word)
{
    int length;
    for (const char *from = *at; lstmc_sign_at(from, end) == LSTMC_SPACE && from < end; from += length) {
        if (*from == '\n') {
            *word = from;
            *at = from + 1;
            return 1;
        }
        lstmc_character(from, end, &length);
    }
    return lstmc_next_word(at, end, word);
}

#endif
#endif

#endif
