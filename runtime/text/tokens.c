/* tokens.c: in: tokens.  out: their numbers and ids. */
#include "tokens.h"
#include "runtime/base/array.h"

#include <limits.h>
#include <string.h>

static uint64_t hash(struct lstmc_token token)          /* FNV-1a */
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < token.length; i++)
        value = (value ^ (unsigned char)token.text[i]) * UINT64_C(0x100000001b3);
    return value;
}

static size_t find_slot(const struct lstmc_tokens *tokens, struct lstmc_token token)
{
    size_t at = (size_t)hash(token) & (tokens->slots - 1);
    while (tokens->slot[at] && lstmc_token_compare(tokens->token[tokens->slot[at] - 1], token))
        at = (at + 1) & (tokens->slots - 1);
    return at;
}

/* At most half of the slots are taken. */
static int make_room(struct lstmc_tokens *tokens)
{
    if (!lstmc_array_grow((void **)&tokens->token, tokens->count, &tokens->capacity, sizeof *tokens->token))
        return 0;
    if (tokens->count < tokens->slots / 2)
        return 1;
    free(tokens->slot);
    tokens->slots = tokens->slots ? tokens->slots * 2 : 256;
    tokens->slot = calloc(tokens->slots, sizeof *tokens->slot);
    for (size_t i = 0; tokens->slot && i < tokens->count; i++)
        tokens->slot[find_slot(tokens, tokens->token[i])] = (uint32_t)i + 1;
    return tokens->slot != NULL;
}

/* A copy, with a zero behind it. */
static int add(struct lstmc_tokens *tokens, struct lstmc_token token)
{
    char *text = malloc(token.length + 1);
    if (!text)
        return 0;
    memcpy(text, token.text, token.length);
    text[token.length] = 0;
    tokens->token[tokens->count++] = (struct lstmc_token){ text, token.length };
    return 1;
}

int lstmc_tokens_number(struct lstmc_tokens *tokens, struct lstmc_token token)
{
    if (tokens->count >= INT_MAX || !make_room(tokens))
        return -1;
    size_t at = find_slot(tokens, token);
    if (!tokens->slot[at]) {
        if (!add(tokens, token))
            return -1;
        tokens->slot[at] = (uint32_t)tokens->count;
    }
    return (int)tokens->slot[at] - 1;
}

void lstmc_tokens_free(struct lstmc_tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++)
        free((char *)tokens->token[i].text);
    free(tokens->token);
    free(tokens->slot);
    memset(tokens, 0, sizeof *tokens);
}

int lstmc_token_compare(struct lstmc_token a, struct lstmc_token b)
{
    int order = memcmp(a.text, b.text, a.length < b.length ? a.length : b.length);
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

struct ranked {
    struct lstmc_token token;
    size_t frequency;
    int number;
};

static int by_rank(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->frequency != b->frequency)
        return a->frequency > b->frequency ? -1 : 1;
    return lstmc_token_compare(a->token, b->token);
}

int lstmc_tokens_ids(const struct lstmc_tokens *tokens, const size_t *frequency, int first, int most, int *id)
{
    struct ranked *ranked = calloc(tokens->count + 1, sizeof *ranked);
    int present = 0, next = first;
    if (!ranked)
        return -1;
    for (size_t i = 0; i < tokens->count; i++) {
        id[i] = LSTMC_ID_UNKNOWN;
        if (frequency[i])
            ranked[present++] = (struct ranked){ tokens->token[i], frequency[i], (int)i };
    }
    qsort(ranked, (size_t)present, sizeof *ranked, by_rank);
    for (int i = 0; i < present && (!most || next < most); i++)
        id[ranked[i].number] = next++;
    free(ranked);
    return next;
}

int lstmc_tokens_name(const struct lstmc_tokens *tokens, const int *id, int first, int count,
                      struct lstmc_names *names)
{
    int good = lstmc_names_alloc(names, count) && lstmc_names_set(names, LSTMC_ID_UNKNOWN, "\xef\xbf\xbd", 3);
    if (good && first > LSTMC_ID_FIRST)
        good = lstmc_names_set(names, LSTMC_ID_BEGIN, "<begin>", strlen("<begin>")) &&
               lstmc_names_set(names, LSTMC_ID_END, "<end>", strlen("<end>"));
    for (size_t i = 0; good && i < tokens->count; i++)
        if (id[i] >= first)
            good = lstmc_names_set(names, id[i], tokens->token[i].text, tokens->token[i].length);
    return good;
}
