/* encode.c: in: a text and what a model's ids mean.  out: the ids that the readers of characters and lines
 * make of it. */
#include "runtime/base/message.h"
#include "text.h"
#include "tokens.h"

#include <stdlib.h>
#include <string.h>

/* The id of a token, -1 if none stands for it. */
static int find_id(const struct lstmc_meaning *meaning, struct lstmc_token token)
{
    int first = meaning->unit == LSTMC_BYTES ? 0 : LSTMC_ID_FIRST;
    size_t length = *token.text ? token.length : 0;             /* the byte 0 has no text */
    for (int id = first; id < meaning->vocabulary.count; id++)
        if (strlen(meaning->vocabulary.text[id]) == length && !memcmp(meaning->vocabulary.text[id], token.text, length))
            return id;
    return meaning->unit == LSTMC_BYTES ? -1 : LSTMC_ID_UNKNOWN;
}

/* All ids of the text, as many as it has bytes at most and one in front; their number, or -1 with a message. */
static long find_ids(const struct lstmc_meaning *meaning, const char *text, size_t length, int32_t *ids,
                     struct lstmc_message *message)
{
    const char *at = text, *end = text + length;
    struct lstmc_token token;
    long count = 0;
    if (meaning->between_line_ends)
        ids[count++] = find_id(meaning, (struct lstmc_token){ "\n", 1 });
    while (lstmc_token_next(meaning->unit, &at, end, &token)) {
        int id = find_id(meaning, token);
        if (id < 0) {
            unsigned char byte = (unsigned char)*token.text;
            lstmc_fail(message, LSTMC_MISMATCH,
                       byte < 0x20 || byte > 0x7e ? "column %zu: no id stands for the byte 0x%02x"
                                                  : "column %zu: no id stands for '%c'",
                       (size_t)(token.text - text) + 1, byte);
            return -1;
        }
        ids[count++] = id;
    }
    return count;
}

int lstmc_encode(const struct lstmc_meaning *meaning, const char *text, size_t length, int32_t *ids, size_t count,
                 size_t *found, struct lstmc_message *message)
{
    size_t good = meaning->unit == LSTMC_BYTES ? length : lstmc_text_well_formed(text, length);
    if (good < length)
        return lstmc_fail(message, LSTMC_BAD_FILE, "column %zu: is not UTF-8", good + 1);
    char *copy = malloc(length + 1);
    int32_t *all = malloc((length + 2) * sizeof *all);
    int status = copy && all ? LSTMC_OK : lstmc_fail_memory(message, "a text");
    if (!status) {
        memcpy(copy, text, length);
        if (meaning->is_lower)
            lstmc_text_lower(copy, length);
        long number = find_ids(meaning, copy, length, all, message);
        size_t known = number < 0 ? 0 : (size_t)number, kept = known < count ? known : count;
        status = number < 0 ? LSTMC_MISMATCH : LSTMC_OK;
        memset(ids, 0, count * sizeof *ids);
        if (kept)
            memcpy(ids + (meaning->pads_front ? count - kept : 0), all + (meaning->pads_front ? known - kept : 0),
                   kept * sizeof *ids);
        if (found)
            *found = known;
    }
    free(copy);
    free(all);
    return status;
}
