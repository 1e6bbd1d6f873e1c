/* ranks.c: in: what the shards of one rank have found.  out: what all ranks have found together, to the bits of one
 * rank that has all shards: sums follow the tree of the shards (tree.h), of which each rank sends one partial sum for
 * each whole subtree that it has, to whoever updates those weights. */
#include "ranks.h"
#include "optimizer.h"
#include "tree.h"
#include "runtime/base/message.h"

#include <stdlib.h>
#include <string.h>

#define SUM_TASKS 16

int lstmc_ranks_first_shard(const struct lstmc_ranks *ranks, int rank)
{
    return (int)((long long)ranks->model->shards * rank / ranks->ranks);
}

static int row_of_shard(const struct lstmc_ranks *ranks, int shard, int rows)
{
    long long row = (long long)shard * ranks->model->batch;
    return row < rows ? (int)row : rows;
}

int lstmc_ranks_first_row(const struct lstmc_ranks *ranks, int rows)
{
    return row_of_shard(ranks, lstmc_ranks_first_shard(ranks, ranks->rank), rows);
}

int lstmc_ranks_end_row(const struct lstmc_ranks *ranks, int rows)
{
    return ranks->ranks == 1 ? rows : row_of_shard(ranks, lstmc_ranks_first_shard(ranks, ranks->rank + 1), rows);
}

static size_t own_floats(const struct lstmc_ranks *ranks, int rank)
{
    return ranks->first_float[rank + 1] - ranks->first_float[rank];
}

/* The shards of a rank in a batch of so many: first to end - 1, none if these are the same. */
static int first_of(const struct lstmc_ranks *ranks, int rank, int shards)
{
    int first = lstmc_ranks_first_shard(ranks, rank);
    return first < shards ? first : shards;
}

/* ---- talking ---- */

static void note_failure(struct lstmc_ranks *ranks, int status)
{
    ranks->failed |= status != 0;
}

/* first_byte is filled. */
static void gather(struct lstmc_ranks *ranks, void *bytes)
{
    const struct lstmc_transport *transport = ranks->transport;
    if (ranks->failed)
        return;
    note_failure(ranks, transport->gather(transport->context, bytes, ranks->first_byte));
}

static void begin(struct lstmc_ranks *ranks, const struct lstmc_piece *sent, int sent_count,
                  const struct lstmc_piece *received, int received_count)
{
    const struct lstmc_transport *transport = ranks->transport;
    if (ranks->failed)
        return;
    note_failure(ranks, transport->reduce(transport->context, sent, sent_count, received, received_count));
}

static void finish(struct lstmc_ranks *ranks)
{
    if (!ranks->failed)
        note_failure(ranks, ranks->transport->finish(ranks->transport->context));
}

void lstmc_ranks_meet(struct lstmc_ranks *ranks)
{
    if (ranks->ranks > 1 && !ranks->failed)
        note_failure(ranks, ranks->transport->barrier(ranks->transport->context));
}

int lstmc_ranks_status(const struct lstmc_ranks *ranks, struct lstmc_message *message)
{
    const struct lstmc_transport *transport = ranks->transport;
    if (!ranks->failed)
        return LSTMC_OK;
    const char *why = transport->why ? transport->why(transport->context) : NULL;
    return lstmc_fail(message, LSTMC_IO, "%.300s: the training ends; --resume goes on from the last checkpoint",
                      why ? why : "another rank cannot be reached");
}

/* ---- sums that all need ---- */

static void *scratch(struct lstmc_ranks *ranks, size_t bytes)
{
    if (bytes > ranks->gathered_bytes) {
        lstmc_free(ranks->gathered);
        ranks->gathered = lstmc_alloc(bytes);
        ranks->gathered_bytes = ranks->gathered ? bytes : 0;
    }
    ranks->failed |= !ranks->gathered;
    return ranks->gathered;
}

/* Every rank gets the sums of all subtrees, and adds these up as all others do. */
static void sum_parts(void *context, float *const *parts, int count, int shards, size_t length)
{
    struct lstmc_ranks *ranks = context;
    const int first = first_of(ranks, ranks->rank, shards);
    float *all = scratch(ranks, (size_t)shards * length * sizeof *all);
    lstmc_tree_sum(parts, first, first + count, shards, 0, length);
    for (int own = 0; all && own < count; own++)
        memcpy(all + (size_t)(first + own) * length, parts[own], length * sizeof *all);
    for (int rank = 0; rank <= ranks->ranks; rank++)
        ranks->first_byte[rank] = (size_t)first_of(ranks, rank, shards) * length * sizeof *all;
    if (all)
        gather(ranks, all);
    if (ranks->failed)
        return;
    memset(ranks->small, 0, (size_t)shards * sizeof *ranks->small);
    for (int rank = 0; rank < ranks->ranks; rank++)
        for (int k = first_of(ranks, rank, shards), end = first_of(ranks, rank + 1, shards); k < end;
             k += lstmc_tree_span(k, end, shards))
            ranks->small[k] = all + (size_t)k * length;
    lstmc_tree_sum(ranks->small, 0, shards, shards, 0, length);
    for (int own = 0; own < count || !own; own++)
        memcpy(parts[own], all, length * sizeof *all);
}

/* ---- gradients ---- */

/* The part of a range of gradients that a rank updates: its first float, and how many. */
static size_t part_of(const struct lstmc_ranks *ranks, int rank, size_t first, size_t count, size_t *begin)
{
    const size_t from = ranks->first_float[rank], to = ranks->first_float[rank + 1], end = first + count;
    *begin = first > from ? first : from;
    size_t behind = end < to ? end : to;
    return behind > *begin ? behind - *begin : 0;
}

/* Each subtree that is whole here goes to everybody, in part: to each the floats that he updates. */
static void reduce_gradients(void *context, float *const *parts, int count, int shards, size_t first, size_t length)
{
    struct lstmc_ranks *ranks = context;
    const int first_shard = first_of(ranks, ranks->rank, shards), end_shard = first_shard + count;
    const size_t own = own_floats(ranks, ranks->rank), from = ranks->first_float[ranks->rank];
    struct lstmc_piece *sent = ranks->pieces, *received;
    int sent_count = 0, received_count = 0, foreign = 0;
    size_t begin_at, floats;
    memset(ranks->subtrees, 0, (size_t)ranks->model->shards * sizeof *ranks->subtrees);
    for (int k = first_shard; k < end_shard; k += lstmc_tree_span(k, end_shard, shards)) {
        ranks->subtrees[k] = parts[k - first_shard] + from;
        for (int rank = 0; rank < ranks->ranks; rank++)
            if (rank != ranks->rank && (floats = part_of(ranks, rank, first, length, &begin_at)) > 0)
                sent[sent_count++] = (struct lstmc_piece){ rank, parts[k - first_shard] + begin_at,
                                                           floats * sizeof(float) };
    }
    received = sent + sent_count;
    floats = part_of(ranks, ranks->rank, first, length, &begin_at);
    for (int rank = 0; rank < ranks->ranks; rank++)
        for (int k = first_of(ranks, rank, shards), end = first_of(ranks, rank + 1, shards);
             rank != ranks->rank && k < end; k += lstmc_tree_span(k, end, shards)) {
            ranks->subtrees[k] = ranks->received + (size_t)foreign++ * own;
            if (floats)
                received[received_count++] = (struct lstmc_piece){ rank, ranks->subtrees[k] + (begin_at - from),
                                                                   floats * sizeof(float) };
        }
    begin(ranks, sent, sent_count, received, received_count);
}

struct summing {
    const struct lstmc_ranks *ranks;
    float *gradients;
};

/* The task's part of this rank's floats, block by block, so that sums stay in the cache; and of all others. */
static void sum_task(void *context, int task)
{
    const struct summing *summing = context;
    const struct lstmc_ranks *ranks = summing->ranks;
    const size_t from = ranks->first_float[ranks->rank], own = own_floats(ranks, ranks->rank);
    const size_t all = ranks->model->gradient_count, behind = from + own;
    const int shards = ranks->model->shards;
    for (size_t i = own * (size_t)task / SUM_TASKS, end = own * ((size_t)task + 1) / SUM_TASKS, length; i < end;
         i += length) {
        length = end - i < LSTMC_BLOCK ? end - i : LSTMC_BLOCK;
        lstmc_tree_sum(ranks->subtrees, 0, shards, shards, i, length);
        memmove(summing->gradients + from + i, ranks->subtrees[0] + i, length * sizeof(float));
    }
    size_t begin = all * (size_t)task / SUM_TASKS, end = all * ((size_t)task + 1) / SUM_TASKS;
    if (begin < from)
        memset(summing->gradients + begin, 0, ((end < from ? end : from) - begin) * sizeof(float));
    if (end > behind)
        memset(summing->gradients + (begin > behind ? begin : behind), 0,
               (end - (begin > behind ? begin : behind)) * sizeof(float));
}

void lstmc_ranks_sum_gradients(struct lstmc_ranks *ranks, float *gradients)
{
    struct summing summing = { ranks, gradients };
    if (ranks->ranks == 1)
        return;
    finish(ranks);
    if (!ranks->failed)
        ranks->engine->run(ranks->engine->context, SUM_TASKS, sum_task, &summing);
}

/* ---- what everybody gets ---- */

void lstmc_ranks_gather_weights(struct lstmc_ranks *ranks, float *weights)
{
    if (ranks->ranks == 1)
        return;
    for (int rank = 0; rank <= ranks->ranks; rank++)
        ranks->first_byte[rank] = ranks->first_float[rank] * sizeof *weights;
    gather(ranks, weights);
}

void lstmc_ranks_gather_shards(struct lstmc_ranks *ranks, void *numbers, size_t each_bytes)
{
    if (ranks->ranks == 1)
        return;
    for (int rank = 0; rank <= ranks->ranks; rank++)
        ranks->first_byte[rank] = (size_t)lstmc_ranks_first_shard(ranks, rank) * each_bytes;
    gather(ranks, numbers);
}

void lstmc_ranks_gather_equal(struct lstmc_ranks *ranks, void *array, size_t bytes)
{
    if (ranks->ranks == 1)
        return;
    for (int rank = 0; rank <= ranks->ranks; rank++)
        ranks->first_byte[rank] = (size_t)rank * bytes;
    gather(ranks, array);
}

void lstmc_ranks_collect(struct lstmc_ranks *ranks, float *whole, const float *own)
{
    const size_t bytes = own_floats(ranks, ranks->rank) * sizeof *own;
    if (ranks->rank) {
        struct lstmc_piece piece = { 0, (void *)(uintptr_t)own, bytes };
        begin(ranks, &piece, bytes > 0, NULL, 0);
    } else {
        int count = 0;
        if (whole + ranks->first_float[0] != own)
            memcpy(whole + ranks->first_float[0], own, bytes);
        for (int rank = 1; rank < ranks->ranks; rank++)
            if (own_floats(ranks, rank))
                ranks->pieces[count++] = (struct lstmc_piece){ rank, whole + ranks->first_float[rank],
                                                               own_floats(ranks, rank) * sizeof *whole };
        if (count)
            begin(ranks, NULL, 0, ranks->pieces, count);
    }
    if (ranks->ranks > 1)
        finish(ranks);
}

void lstmc_ranks_gather_blocks(struct lstmc_ranks *ranks, void *numbers, size_t each_bytes)
{
    if (ranks->ranks == 1)
        return;
    for (int rank = 0; rank <= ranks->ranks; rank++)
        ranks->first_byte[rank] = ranks->first_block[rank] * each_bytes;
    gather(ranks, numbers);
}

void lstmc_ranks_spread(struct lstmc_ranks *ranks, void *bytes, size_t count)
{
    if (ranks->ranks == 1 || !count)
        return;
    for (int rank = 0; rank <= ranks->ranks; rank++)
        ranks->first_byte[rank] = rank ? count : 0;
    gather(ranks, bytes);
}

/* What each rank says, by rank; NULL: it cannot be had. */
static const size_t *ask_all(struct lstmc_ranks *ranks, size_t number)
{
    size_t *all = scratch(ranks, (size_t)ranks->ranks * sizeof number);
    if (!all)
        return NULL;
    all[ranks->rank] = number;
    lstmc_ranks_gather_equal(ranks, all, sizeof number);
    return ranks->failed ? NULL : all;
}

unsigned lstmc_ranks_any(struct lstmc_ranks *ranks, unsigned flags)
{
    const size_t *all = ranks->ranks > 1 ? ask_all(ranks, flags) : NULL;
    for (int rank = 0; all && rank < ranks->ranks; rank++)
        flags |= (unsigned)all[rank];
    return flags;
}

size_t lstmc_ranks_total(struct lstmc_ranks *ranks, size_t number)
{
    const size_t *all = ranks->ranks > 1 ? ask_all(ranks, number) : NULL;
    size_t total = all ? 0 : number;
    for (int rank = 0; all && rank < ranks->ranks; rank++)
        total += all[rank];
    return total;
}

/* ---- beginning and end ---- */

/* Ranks have whole blocks, whose bounds and sums are those of one rank, and as many floats as that allows. */
static int split_weights(struct lstmc_ranks *ranks)
{
    const struct lstmc_model *model = ranks->model;
    const size_t count = lstmc_blocks_count(model), all = model->gradient_count, others = (size_t)ranks->ranks;
    struct lstmc_block *blocks = calloc(count + 1, sizeof *blocks);
    ranks->first_float = calloc(others + 1, sizeof *ranks->first_float);
    ranks->first_block = calloc(others + 1, sizeof *ranks->first_block);
    ranks->first_byte = calloc(others + 1, sizeof *ranks->first_byte);
    int good = blocks && ranks->first_float && ranks->first_block && ranks->first_byte;
    if (good) {
        size_t block = 0;
        lstmc_blocks_fill(model, blocks);
        for (size_t rank = 1; rank <= others; rank++) {
            while (block < count && blocks[block].offset < all / others * rank)
                block++;
            block = rank == others ? count : block;
            ranks->first_block[rank] = block;
            ranks->first_float[rank] = block < count ? blocks[block].offset : all;
        }
    }
    free(blocks);
    return good;
}

/* Room for what other ranks send: each has at most one subtree for each of its shards. */
static int make_room(struct lstmc_ranks *ranks)
{
    const size_t shards = (size_t)ranks->model->shards, others = (size_t)ranks->ranks;
    int first = lstmc_ranks_first_shard(ranks, ranks->rank);
    size_t foreign = shards - (size_t)(lstmc_ranks_first_shard(ranks, ranks->rank + 1) - first);
    ranks->subtrees = calloc(shards, sizeof *ranks->subtrees);
    ranks->small = calloc(shards, sizeof *ranks->small);
    ranks->pieces = calloc(shards * (others + 1) + 1, sizeof *ranks->pieces);
    ranks->received = lstmc_alloc((foreign * own_floats(ranks, ranks->rank) + 1) * sizeof *ranks->received);
    return ranks->subtrees && ranks->small && ranks->pieces && ranks->received;
}

int lstmc_ranks_create(struct lstmc_ranks *ranks, struct lstmc_engine *engine,
                       const struct lstmc_transport *transport, struct lstmc_message *message)
{
    const struct lstmc_model *model = engine->model;
    *ranks = (struct lstmc_ranks){ .model = model, .engine = engine, .ranks = 1 };
    if (transport && transport->ranks > 1) {
        ranks->transport = transport;
        ranks->rank = transport->rank;
        ranks->ranks = transport->ranks;
    }
    if (ranks->ranks > 1 && !engine->share)
        return lstmc_fail(message, LSTMC_MISMATCH, "this engine has no shards that %d ranks could share",
                          ranks->ranks);
    if (ranks->ranks > model->shards && ranks->ranks > 1)
        return lstmc_fail(message, LSTMC_MISMATCH, "%d ranks are more than the %d shard%s of a batch, which they "
                          "share: write shards = %d in the description, or start fewer", ranks->ranks, model->shards,
                          model->shards == 1 ? "" : "s", ranks->ranks);
    if (!split_weights(ranks) || (ranks->ranks > 1 && !make_room(ranks)))
        return lstmc_fail_memory(message, "what other ranks send");
    if (ranks->ranks == 1)
        return LSTMC_OK;
    const int first = lstmc_ranks_first_shard(ranks, ranks->rank);
    const struct lstmc_share share = { first, lstmc_ranks_first_shard(ranks, ranks->rank + 1) - first, ranks,
                                       sum_parts, reduce_gradients };
    return lstmc_engine_share(engine, &share) ? lstmc_fail_memory(message, "the tapes") : LSTMC_OK;
}

/* The engine has all shards again, or, where there is no memory for their tapes, its own, and nobody to share with. */
void lstmc_ranks_free(struct lstmc_ranks *ranks)
{
    if (ranks->ranks > 1 && lstmc_engine_share(ranks->engine, NULL)) {
        const int first = lstmc_ranks_first_shard(ranks, ranks->rank);
        const struct lstmc_share own = { .first = first,
                                         .count = lstmc_ranks_first_shard(ranks, ranks->rank + 1) - first };
        lstmc_engine_share(ranks->engine, &own);
    }
    free(ranks->first_float);
    free(ranks->first_block);
    free(ranks->first_byte);
    free(ranks->subtrees);
    free(ranks->small);
    free(ranks->pieces);
    lstmc_free(ranks->received);
    lstmc_free(ranks->gathered);
}
