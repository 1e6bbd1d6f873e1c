/* count.c: in: a model, and how many ranks would share its training.  out: what they would send each other in a step,
 * by the functions that send it, each rank in turn in this one process, over a transport that only counts. */
#include "scaling.h"

#include "runtime/train/ranks.h"

#include <stdlib.h>
#include <string.h>

static int take_share(void *context, const struct lstmc_share *share)
{
    if (share)
        *(struct lstmc_share *)context = *share;
    return LSTMC_OK;
}

/* Gradients leave as engine_batch.c has them: behind each phase those that it completes, side by side as far as they
 * lie so. `parts` are addresses alone. */
static void hand_on(const struct lstmc_model *model, const struct lstmc_share *share, float *const *parts)
{
    const int phases = model->backward_phases > 1 ? model->backward_phases : 1;
    for (int phase = 0; phase < phases; phase++) {
        size_t first = 0, count = 0;
        for (int i = 0; i < model->weight_tensors; i++) {
            const struct lstmc_tensor *weight = &model->weights[i];
            if (weight->offset >= model->gradient_count || (phases > 1 && weight->last_phase != phase))
                continue;
            if (count && first + count != weight->offset) {
                share->reduce(share->context, parts, share->count, model->shards, first, count);
                count = 0;
            }
            first = count ? first : weight->offset;
            count += weight->count;
        }
        if (count)
            share->reduce(share->context, parts, share->count, model->shards, first, count);
    }
}

static void keep_most(double *most, double value)
{
    *most = value > *most ? value : *most;
}

/* Of one rank, what is more than any before it had. */
static void add_rank(const struct lstmc_model *model, int rank, int ranks, float *weights, float **parts,
                     Traffic *traffic)
{
    struct lstmc_share share = { 0 };
    struct lstmc_engine engine = { .model = model, .context = &share, .share = take_share };
    struct lstmc_ranks own;
    struct lstmc_message message;
    Counter counter;
    counter_open(&counter, NULL, rank, ranks);
    if (lstmc_ranks_create(&own, &engine, &counter.outside, &message)) {
        fprintf(stderr, "scaling: %s\n", message.text);
        exit(1);
    }
    if (ranks > 1)
        hand_on(model, &share, parts);
    const size_t sent = counter.sent;
    lstmc_ranks_gather_weights(&own, weights);
    const double own_bytes = (double)(own.first_float[rank + 1] - own.first_float[rank]) * sizeof(float);
    const int shards = lstmc_ranks_first_shard(&own, rank + 1) - lstmc_ranks_first_shard(&own, rank);
    keep_most(&traffic->messages, (double)counter.messages);
    keep_most(&traffic->sent, (double)sent);
    keep_most(&traffic->received, (double)counter.received);
    keep_most(&traffic->gathered, (double)counter.gathered);
    keep_most(&traffic->total, (double)(sent + counter.gathered));
    keep_most(&traffic->own_bytes, own_bytes);
    keep_most(&traffic->room, ranks > 1 ? own_bytes * (model->shards - shards) : 0);
    traffic->shards = shards > traffic->shards ? shards : traffic->shards;
    lstmc_ranks_free(&own);
}

Traffic count_traffic(const struct lstmc_model *model, int ranks, int shards)
{
    struct lstmc_model shared = *model;
    Traffic traffic = { .messages = 0 };
    float *weights = checked_alloc(model->weight_count * sizeof *weights);
    float **parts = checked_alloc((size_t)shards * sizeof *parts);
    shared.shards = shards;
    for (int shard = 0; shard < shards; shard++)
        parts[shard] = weights;
    for (int rank = 0; rank < ranks; rank++)
        add_rank(&shared, rank, ranks, weights, parts, &traffic);
    checked_free(weights);
    checked_free(parts);
    return traffic;
}
