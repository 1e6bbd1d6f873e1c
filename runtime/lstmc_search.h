/* lstmc_search.h: what a decoder says: tokens, one after the other, each of them read in the next step. Greedily the
 * most probable one each time; with a beam the most probable sequences of several that are kept. For any
 * struct lstmc_decoder (lstmc_decoder.h); the compiler copies this text into programs that search.
 * Nothing here allocates, prints or keeps anything.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_SEARCH_H
#define LSTMC_SEARCH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef LSTMC_DECODER_H
#include "lstmc_decoder.h"
#endif

struct lstmc_search_options {
    int beam;                   /* sequences that are kept; 1: greedily */
    int steps;                  /* the most tokens that are said */
    int first_token;            /* tokens below this one are never said, but for the end token */
    int from_logits;            /* 1: the decoder gives scores in front of a softmax; 0: probabilities */
    /* The logarithm of the probability of n tokens, the end token among them, is divided by ((5 + n) / 6) to the power
     * of this (Wu et al. 2016), or short ones would always be the most probable; 0: it is not. */
    double length_penalty;
};

/* A sequence on its way, or complete. */
struct lstmc_said {
    void *state;
    int32_t *tokens; int count;         /* the end token is not among them */
    double log_probability, score;      /* score: with the length penalty */
};

struct lstmc_next {                     /* one more token of a sequence */
    int parent;
    int32_t token;
    double log_probability;
};

/* The parts of the memory of a search. */
struct lstmc_search_room {
    struct lstmc_said *live, *next, *done;      /* [beam] each; done: the best one first */
    struct lstmc_next *best;                    /* [2 * beam], the best one first */
    float *y;
    void *scratch;
    size_t bytes;
};

static inline void *lstmc_search_take(char *start, size_t *used, size_t bytes)
{
    char *part = start ? start + *used : NULL;
    *used += (bytes + 63) / 64 * 64;
    return part;
}

/* The parts, from `start` on; of NULL how many bytes there are. */
static inline struct lstmc_search_room lstmc_search_lay_out(const struct lstmc_decoder *decoder,
                                                            const struct lstmc_search_options *how, char *start)
{
    struct lstmc_search_room room;
    size_t used = 0, beam = (size_t)how->beam;
    memset(&room, 0, sizeof room);
    struct lstmc_said **lists[3];
    lists[0] = &room.live;
    lists[1] = &room.next;
    lists[2] = &room.done;
    for (int i = 0; i < 3; i++) {
        *lists[i] = (struct lstmc_said *)lstmc_search_take(start, &used, beam * sizeof **lists[i]);
        for (int k = 0; k < how->beam; k++) {
            void *state = i < 2 ? lstmc_search_take(start, &used, decoder->state_bytes) : NULL;
            void *tokens = lstmc_search_take(start, &used, (size_t)how->steps * sizeof(int32_t));
            if (!start)
                continue;
            (*lists[i])[k].state = state;
            (*lists[i])[k].tokens = (int32_t *)tokens;
        }
    }
    room.best = (struct lstmc_next *)lstmc_search_take(start, &used, 2 * beam * sizeof *room.best);
    room.y = (float *)lstmc_search_take(start, &used, decoder->output_count * sizeof *room.y);
    room.scratch = lstmc_search_take(start, &used, decoder->decode_scratch_bytes);
    room.bytes = used;
    return room;
}

enum { LSTMC_BEAM_MOST = 1024, LSTMC_SEARCH_STEPS_MOST = 1 << 20 };

/* Bytes of memory, aligned to 64 or as malloc aligns them, that a search needs; 0: the decoder reads no tokens, or
 * there is no such search. */
static inline size_t lstmc_search_bytes(const struct lstmc_decoder *decoder, const struct lstmc_search_options *how)
{
    if (!decoder->reads_tokens || decoder->input_count != 1 || how->beam < 1 || how->beam > LSTMC_BEAM_MOST ||
        how->steps < 1 || how->steps > LSTMC_SEARCH_STEPS_MOST || !(how->length_penalty >= 0))
        return 0;
    return lstmc_search_lay_out(decoder, how, NULL).bytes;
}

static inline double lstmc_search_score(const struct lstmc_search_options *how, double log_probability, int count)
{
    return how->length_penalty > 0 ? log_probability / pow((5.0 + count) / 6.0, how->length_penalty) : log_probability;
}

/* What is to be taken from a score to make it the logarithm of a probability. */
static inline double lstmc_search_total(const struct lstmc_search_options *how, const float *y, size_t count)
{
    double highest = -INFINITY, total = 0;
    for (size_t i = 0; i < count && how->from_logits; i++)
        highest = y[i] > highest ? y[i] : highest;
    for (size_t i = 0; i < count && how->from_logits; i++)
        total += y[i] <= highest ? exp(y[i] - highest) : 0;
    return how->from_logits ? highest + log(total) : 0;
}

/* Among the best, if it is; of equals those of earlier sequences, and of lower tokens, come first. */
static inline int lstmc_search_offer(struct lstmc_next *best, int count, int most, struct lstmc_next next)
{
    int at = count;
    if (!(next.log_probability > -INFINITY) ||
        (count == most && !(next.log_probability > best[most - 1].log_probability)))
        return count;
    while (at > 0 && next.log_probability > best[at - 1].log_probability)
        at--;
    count += count < most;
    memmove(best + at + 1, best + at, (size_t)(count - 1 - at) * sizeof *best);
    best[at] = next;
    return count;
}

/* One more step of each sequence: how many ways to go on are among the best. */
static inline int lstmc_search_step(const struct lstmc_decoder *decoder, const void *packed, const void *memory,
                                    const struct lstmc_search_options *how, struct lstmc_search_room *room, int live)
{
    int count = 0;
    for (int k = 0; k < live; k++) {
        const struct lstmc_said *said = &room->live[k];
        int32_t last = said->count ? said->tokens[said->count - 1] : decoder->begin_token;
        decoder->decode_step(packed, memory, room->scratch, said->state, &last, room->y);
        double total = lstmc_search_total(how, room->y, decoder->output_count);
        for (size_t i = 0; i < decoder->output_count; i++) {
            double y = room->y[i], logarithm = how->from_logits ? y - total : y > 0 ? log(y) : -INFINITY;
            struct lstmc_next next = { k, (int32_t)i, said->log_probability + logarithm };
            if ((int)i >= how->first_token || (int)i == decoder->end_token)
                count = lstmc_search_offer(room->best, count, 2 * how->beam, next);
        }
    }
    return count;
}

static inline void lstmc_search_copy(struct lstmc_said *to, const struct lstmc_said *from, size_t state_bytes)
{
    memcpy(to->tokens, from->tokens, (size_t)from->count * sizeof *to->tokens);
    to->count = from->count;
    to->log_probability = from->log_probability;
    if (to->state)
        memcpy(to->state, from->state, state_bytes);
}

/* A complete sequence among those that are done, of which `most` are kept. */
static inline int lstmc_search_end(struct lstmc_said *done, int count, int most, const struct lstmc_said *said,
                                   double log_probability, double score)
{
    int at = count;
    if (count == most && !(score > done[most - 1].score))
        return count;
    while (at > 0 && score > done[at - 1].score)
        at--;
    struct lstmc_said last = done[count < most ? count : most - 1];
    count += count < most;
    memmove(done + at + 1, done + at, (size_t)(count - 1 - at) * sizeof *done);
    done[at] = last;                    /* its memory */
    lstmc_search_copy(&done[at], said, 0);
    done[at].log_probability = log_probability;
    done[at].score = score;
    return count;
}

/* Nothing on its way can become better than the best that is complete: longer is less probable, and the length penalty
 * is the smallest at the end. Greedily the first end is one. */
static inline int lstmc_search_is_over(const struct lstmc_search_options *how,
                                       const struct lstmc_search_room *room, int live, int done)
{
    int over = done > 0;
    for (int k = 0; k < live && how->beam > 1; k++)
        over &= done > 0 && !(lstmc_search_score(how, room->live[k].log_probability, how->steps) > room->done[0].score);
    return over;
}

/* What the decoder says of what was encoded, the most probable sequence that is found: tokens [how->steps], without the
 * end token. work: lstmc_search_bytes of memory. *log_probability (or NULL): of the sequence. Returns the number of
 * tokens; -1 if there is no such search, or the decoder gives no numbers. */
static inline int lstmc_search(const struct lstmc_decoder *decoder, const void *packed, const void *memory,
                               const struct lstmc_search_options *how, void *work, int32_t *tokens,
                               double *log_probability)
{
    if (!lstmc_search_bytes(decoder, how))
        return -1;
    struct lstmc_search_room room = lstmc_search_lay_out(decoder, how, (char *)work);
    int live = 1, done = 0;
    room.live[0].count = 0;
    room.live[0].log_probability = 0;
    decoder->decode_reset(packed, memory, room.live[0].state);
    for (int step = 0; step < how->steps && !lstmc_search_is_over(how, &room, live, done); step++) {
        int count = lstmc_search_step(decoder, packed, memory, how, &room, live), kept = 0;
        for (int i = 0; i < count && kept < how->beam; i++) {
            const struct lstmc_next *next = &room.best[i];
            const struct lstmc_said *parent = &room.live[next->parent];
            if (next->token == decoder->end_token) {
                done = lstmc_search_end(room.done, done, how->beam, parent, next->log_probability,
                                        lstmc_search_score(how, next->log_probability, parent->count + 1));
                continue;
            }
            struct lstmc_said *said = &room.next[kept++];
            lstmc_search_copy(said, parent, decoder->state_bytes);
            said->tokens[said->count++] = next->token;
            said->log_probability = next->log_probability;
        }
        struct lstmc_said *now = room.live;
        room.live = room.next;
        room.next = now;
        live = kept;
    }
    for (int k = 0; k < live; k++)      /* cut off, where there was no end */
        if (room.live[k].count == how->steps && (how->beam > 1 || !done))
            done = lstmc_search_end(room.done, done, how->beam, &room.live[k], room.live[k].log_probability,
                                    lstmc_search_score(how, room.live[k].log_probability, room.live[k].count));
    if (!done)
        return -1;
    memcpy(tokens, room.done[0].tokens, (size_t)room.done[0].count * sizeof *tokens);
    if (log_probability)
        *log_probability = room.done[0].log_probability;
    return room.done[0].count;
}

#endif
