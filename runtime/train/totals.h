/* totals.h: what training and evaluation share: the sums behind an epoch's loss and metrics, and the
 * order of samples. */
#ifndef LSTMC_TOTALS_H
#define LSTMC_TOTALS_H

#include "runtime/lstmc.h"

/* A batch's loss is a mean, so that it counts once for each of its samples. The metrics are those of `output` and `y`;
 * of several outputs the losses too, as the engine's last call found them. tally [lstmc_metric_tallies]: of all metrics
 * that are no means, one behind the other. weights [rows, lstmc_weights_per_sample]: how much what is weighted counts;
 * NULL: 1. */
int lstmc_totals_add(struct lstmc_totals *totals, double *tally, const struct lstmc_engine *engine,
                     const struct lstmc_train_options *options, double loss, const float *output, const void *y,
                     const float *weights, int rows, struct lstmc_message *message);
void lstmc_totals_means(const struct lstmc_model *model, const struct lstmc_train_options *options,
                        const struct lstmc_totals *totals, const double *tally, double *loss, double *metrics);

/* Whether losses of this data count differently; what the data says of one sample, [lstmc_weights_per_sample], 1 where
 * it says nothing; and, behind that, classes that do not count in a batch. (weigh.c) */
int  lstmc_weighs(const struct lstmc_model *model, const struct lstmc_dataset *data);
void lstmc_weigh_sample(const struct lstmc_model *model, const struct lstmc_dataset *data, size_t sample,
                        float *weights);
void lstmc_weigh_classes(const struct lstmc_model *model, const void *y, size_t rows, float *weights);

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
struct lstmc_batch_memory { char *x, *y; int32_t *lengths; float *output, *weights; double *tally; };
void lstmc_set_lengths(struct lstmc_engine *engine, const int32_t *lengths);
int lstmc_evaluate_with(struct lstmc_engine *engine, const float *weights, const struct lstmc_dataset *data,
                        const struct lstmc_train_options *options, const struct lstmc_batch_memory *memory,
                        struct lstmc_totals *totals, struct lstmc_message *message);

#endif
