/* metrics.h: a metric is a mean over places, of which the sum and the count are kept; or it is worked out of numbers
 * that are added up over all places, its tally: of a precision counts, of an area under a curve two a threshold. */
#ifndef LSTMC_METRICS_H
#define LSTMC_METRICS_H

#include "runtime/lstmc.h"

/* A metric as a training asks for it. */
struct lstmc_metric_use {
    const char *name;
    const struct lstmc_metric_arguments *arguments;     /* NULL: Keras's defaults */
    const struct lstmc_scaling *unit;                   /* of errors; NULL: numbers are as the model says them */
    int is_weighted;                                    /* by the weights of samples */
};

/* Metric `index` of the options. */
struct lstmc_metric_use lstmc_metric_used(const struct lstmc_train_options *options, int index);

/* Numbers of the tally of one metric; 0: it is a mean, or there is none of that name. And of all of them. */
size_t lstmc_metric_tally(const struct lstmc_model *model, const struct lstmc_metric_use *use);
size_t lstmc_metric_tallies(const struct lstmc_model *model, const struct lstmc_train_options *options);

/* Steps that the engine's last call masked do not count (engine NULL: there is none).
 * Adds the rows from `first` on: to the sum and the count, or to the tally, which may be NULL where there is none.
 * weights [rows, lstmc_weights_per_sample]: how much each counts; NULL: 1. LSTMC_MISMATCH as lstmc_metric_add. */
int lstmc_metric_collect(const struct lstmc_model *model, const struct lstmc_engine *engine,
                         const struct lstmc_metric_use *use, const float *output, const void *target,
                         const float *weights, int first, int rows, double *sum, double *count,
                         double *tally);
double lstmc_metric_result(const struct lstmc_model *model, const struct lstmc_metric_use *use, double sum,
                           double count, const double *tally);

/* One place of one row: `width` outputs; its targets start at element `first` of `target`. */
struct lstmc_place {
    const float *output;
    int width;
    const void *target;
    int target_is_class;
    size_t first;
    const struct lstmc_metric_arguments *arguments;
    const struct lstmc_scaling *unit;
    double weight;
};

/* A target as it is. */
static inline double lstmc_place_target(const struct lstmc_place *p, int i)
{
    return p->target_is_class ? (double)((const int32_t *)p->target)[p->first + (size_t)i]
                              : (double)((const float *)p->target)[p->first + (size_t)i];
}

/* ---- metric_tallies.c ---- */

struct lstmc_tally {
    size_t (*numbers)(int width, const struct lstmc_metric_arguments *arguments);
    void (*add)(const struct lstmc_place *place, double *tally);
    double (*result)(int width, const struct lstmc_metric_arguments *arguments, const double *tally);
};
extern const struct lstmc_tally lstmc_precision, lstmc_recall, lstmc_f1_score, lstmc_auc, lstmc_r2_score;


/* ---- metric_labels.c ---- */

/* One output of some rows, and its labels. */
struct lstmc_label_rows {
    const struct lstmc_engine *engine;      /* NULL: all steps count */
    int index;                              /* of several outputs */
    const float *output;                    /* where it begins in the first row */
    const int32_t *target;
    const float *weights;                   /* NULL: 1 */
    int first, rows;                        /* of the batch: the rows that are counted */
};

/* Adds how far what the best path says is from the labels, and how many labels there are. LSTMC_MISMATCH where the
 * target is none of labels, LSTMC_NO_MEMORY. */
int lstmc_count_label_errors(const struct lstmc_model *model, const struct lstmc_label_rows *of, double *sum,
                             double *count);

#endif
