/* engine_batch.h: one batch on the tapes of a generated model: what engine.c and engine_batch.c share. */
#ifndef LSTMC_ENGINE_BATCH_H
#define LSTMC_ENGINE_BATCH_H

#include "runtime/lstmc.h"
#include "threads.h"

/* Arrays by shard have those of this engine alone, the first one in place 0. */
struct generated {
    const struct lstmc_model *model;
    const float *weights;
    int packed_is_current;      /* inference operands are made when a prediction asks for them: training never does */
    void *packed, *training;
    struct lstmc_share share;   /* of a batch: first to first + count - 1 of its shards; all if there is no sum */
    void **tapes;
    float **gradients;          /* one for each shard but the first, which adds to the caller's */
    float *losses;              /* one for each shard */
    float **parts;              /* one for each shard: what is being added up */
    struct lstmc_threads *threads;
    void **batch_scratch;       /* one for each thread */
    int batch_scratch_count;
    enum lstmc_carry carry;
    const int32_t *lengths;     /* of the rows of a call; NULL: all steps of all of them count */
};

/* One call of train, evaluate or predict: what its shards have in common. */
struct job {
    struct generated *generated;
    const void *x, *target;
    const float *sample_weight;
    int rows, first_row;
    float scale;
    uint64_t seed;
    float *gradients, *output;
    int phase;                  /* of the pass that is being done */
};

/* Shards of the whole batch; rows of block `block` of it, from row block * batch on. */
int lstmc_job_shards(const struct job *job);
int lstmc_job_rows(const struct job *job, int block);

/* Row `row` of an array of 4-byte elements, `count` to a row. */
static inline const void *lstmc_row_of(const void *rows, int row, size_t count)
{
    return (const char *)rows + (size_t)row * count * sizeof(float);
}

/* Forward and loss of the shards that this engine has, and backward, if gradients are asked for, which are then summed
 * up or handed on. Returns the loss, of the whole batch. */
float lstmc_job_run(struct job *job);

/* A shard through its tape, for the states that it goes on with. */
void lstmc_job_predict(struct job *job);

#endif
