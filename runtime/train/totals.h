/* totals.h: what training and evaluation share: the sums behind an epoch's loss and metrics, and the
 * order of samples. */
#ifndef LSTMC_TOTALS_H
#define LSTMC_TOTALS_H

#include "ranks.h"
#include "runtime/lstmc.h"

/* Rows of a batch and what a model has said of them. */
struct lstmc_scored {
    const float *output;
    const void *y;
    const float *weights;       /* [rows, lstmc_weights_per_sample]: how much what is weighted counts; NULL: 1 */
    int rows;
};

/* A batch's loss is a mean, so that it counts once for each of its samples. The metrics are those of the rows that each
 * rank has; of several outputs the losses too, as the engine's last call found them. tally [lstmc_metric_tallies]: of
 * all metrics that are no means, one behind the other. parts [lstmc_totals_parts]: room, for the shards. */
int lstmc_totals_add(struct lstmc_totals *totals, double *tally, double *parts, struct lstmc_ranks *ranks,
                     const struct lstmc_train_options *options, const struct lstmc_scored *of, double loss,
                     struct lstmc_message *message);
size_t lstmc_totals_parts(const struct lstmc_model *model, const struct lstmc_train_options *options);
void lstmc_totals_means(const struct lstmc_model *model, const struct lstmc_train_options *options,
                        const struct lstmc_totals *totals, const double *tally, double *loss, double *metrics);

/* Whether losses of this data count differently; what the data says of one sample, [lstmc_weights_per_sample], 1 where
 * it says nothing; and, behind that, classes that do not count in a batch. (weigh.c) */
int  lstmc_weighs(const struct lstmc_model *model, const struct lstmc_dataset *data);
void lstmc_weigh_sample(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                        float *weights);
void lstmc_weigh_classes(struct lstmc_ranks *ranks, const void *y, int rows, float *weights);

/* What makes the sum of a batch's losses Keras's mean. */
float lstmc_batch_scale(const struct lstmc_model *model, size_t rows);

/* Samples that count, and the place of one of them: with streams, row b of batch k is sample k of the b-th part. */
size_t lstmc_samples_used(const struct lstmc_model *model, const struct lstmc_dataset *data, int stateful);
size_t lstmc_stream_sample(size_t used, size_t batch_rows, size_t position);

/* Refuses an engine that cannot train, no data, too many metrics, streams without states. */
int lstmc_check_task(const struct lstmc_engine *engine, const struct lstmc_dataset *data,
                     const struct lstmc_train_options *options, struct lstmc_message *message);

/* lstmc_evaluate with the memory of one batch and of the tallies: x and y are used with streams alone. Ends with
 * LSTMC_INTERRUPTED if options->interrupted says so. */
struct lstmc_batch_memory { char *x, *y; int32_t *lengths; float *output, *weights; double *tally, *parts; };
int  lstmc_batch_memory_create(struct lstmc_batch_memory *memory, const struct lstmc_model *model,
                               const struct lstmc_train_options *options);
void lstmc_batch_memory_free(struct lstmc_batch_memory *memory);
void lstmc_set_lengths(struct lstmc_engine *engine, const int32_t *lengths);
int lstmc_evaluate_with(struct lstmc_ranks *ranks, const float *weights, const struct lstmc_dataset *data,
                        const struct lstmc_train_options *options, const struct lstmc_batch_memory *memory,
                        struct lstmc_totals *totals, struct lstmc_message *message);

#endif
