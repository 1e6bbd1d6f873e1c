/* ranks.h: one training on several machines: which shards of a batch each has, which weights it updates; and what they
 * have to tell each other, in an order and with sums that do not depend on how many they are. */
#ifndef LSTMC_RANKS_H
#define LSTMC_RANKS_H

#include "runtime/lstmc.h"
#include "runtime/lstmc_transport.h"

/* With one rank all functions do what is to be done here, and talk to nobody. */
struct lstmc_ranks {
    const struct lstmc_transport *transport;    /* NULL: one rank */
    const struct lstmc_model *model;
    struct lstmc_engine *engine;
    int rank, ranks;
    size_t *first_float;        /* [ranks + 1]: rank r updates the weights from first_float[r] to first_float[r + 1] */
    size_t *first_block;        /* [ranks + 1]: the same, counted in blocks */
    size_t *first_byte;         /* [ranks + 1]: of a gather */
    float **subtrees;           /* [shards]: of gradients on their way: sums, by the first of their shards, or NULL */
    float **small;              /* [shards]: of a sum that all need, the same */
    float *received;            /* gradients: this rank's floats, once for each subtree that another one has */
    struct lstmc_piece *pieces; /* [shards + 2 ranks] */
    void *gathered; size_t gathered_bytes;
    int failed;                 /* somebody cannot be reached: nothing is right any more */
};

/* Splits the shards of the engine's model, and the blocks of its weights, which do not depend on the ranks. A transport
 * NULL is one rank. LSTMC_MISMATCH: there are more ranks than shards. */
int  lstmc_ranks_create(struct lstmc_ranks *ranks, struct lstmc_engine *engine,
                        const struct lstmc_transport *transport, struct lstmc_message *message);
void lstmc_ranks_free(struct lstmc_ranks *ranks);

/* The shards of a rank: from the first on, up to that of the next rank. */
int  lstmc_ranks_first_shard(const struct lstmc_ranks *ranks, int rank);
/* The rows of this rank in a batch of so many. */
int  lstmc_ranks_first_row(const struct lstmc_ranks *ranks, int rows);
int  lstmc_ranks_end_row(const struct lstmc_ranks *ranks, int rows);

/* Behind engine->train: the sum over all shards of this rank's own floats into `gradients`, what other ranks update is
 * 0 there. */
void lstmc_ranks_sum_gradients(struct lstmc_ranks *ranks, float *gradients);

/* Everybody gets the floats of the weights that each rank has updated. */
void lstmc_ranks_gather_weights(struct lstmc_ranks *ranks, float *weights);
/* Everybody gets numbers that belong to shards, `each` of one. */
void lstmc_ranks_gather_shards(struct lstmc_ranks *ranks, void *numbers, size_t each_bytes);
/* Everybody gets what each rank has of an array: `bytes` of one, by rank. */
void lstmc_ranks_gather_equal(struct lstmc_ranks *ranks, void *array, size_t bytes);
/* Rank 0 alone gets what all have of an array of gradient_count floats; whole (rank 0): the array, own: this rank's
 * floats of it. */
void lstmc_ranks_collect(struct lstmc_ranks *ranks, float *whole, const float *own);

/* Everybody gets the bytes that rank 0 has. */
void lstmc_ranks_spread(struct lstmc_ranks *ranks, void *bytes, size_t count);
/* Everybody gets numbers that belong to blocks of weights (optimizer.h), `each_bytes` of one, of whoever updates it. */
void lstmc_ranks_gather_blocks(struct lstmc_ranks *ranks, void *numbers, size_t each_bytes);

/* The bits that anybody has. */
unsigned lstmc_ranks_any(struct lstmc_ranks *ranks, unsigned flags);
/* The sum of what they have. */
size_t lstmc_ranks_total(struct lstmc_ranks *ranks, size_t number);

/* Returns when all ranks have come here. */
void lstmc_ranks_meet(struct lstmc_ranks *ranks);

/* LSTMC_OK, or LSTMC_IO with a message if somebody cannot be reached. */
int  lstmc_ranks_status(const struct lstmc_ranks *ranks, struct lstmc_message *message);

#endif
