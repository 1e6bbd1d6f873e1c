/* metrics.c: in: outputs and targets of some rows.  out: the sum and the count of a metric over them, as Keras's
 * functions take them: one value for each place before the last axis, so a sequence counts each of its steps; or one
 * for a whole row. */
#include "runtime/lstmc.h"

#include <math.h>
#include <string.h>

/* One place of one row: `width` outputs; its targets start at element `first` of `target`. */
struct place {
    const float *output;
    int width;
    const void *target;
    int target_is_class;
    size_t first;
};

static double target_value(const struct place *p, int i)
{
    return p->target_is_class ? (double)((const int32_t *)p->target)[p->first + (size_t)i]
                              : (double)((const float *)p->target)[p->first + (size_t)i];
}

/* The first of the largest. */
static int largest_output(const struct place *p)
{
    int best = 0;
    for (int i = 1; i < p->width; i++)
        if (p->output[i] > p->output[best])
            best = i;
    return best;
}

static double squared_error(const struct place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++) {
        double error = target_value(p, i) - p->output[i];
        sum += error * error;
    }
    return sum / p->width;
}

static double absolute_error(const struct place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++)
        sum += fabs(target_value(p, i) - p->output[i]);
    return sum / p->width;
}

static double binary_accuracy(const struct place *p)
{
    double right = 0;
    for (int i = 0; i < p->width; i++)
        right += target_value(p, i) == (double)(p->output[i] > 0.5f);
    return right / p->width;
}

static double categorical_accuracy(const struct place *p)
{
    int class = 0;
    for (int i = 1; i < p->width; i++)
        if (target_value(p, i) > target_value(p, class))
            class = i;
    return class == largest_output(p);
}

static double sparse_categorical_accuracy(const struct place *p)
{
    return target_value(p, 0) == largest_output(p);
}

/* What "accuracy" is for these targets. */
static double accuracy(const struct place *p)
{
    return p->target_is_class ? sparse_categorical_accuracy(p)
           : p->width == 1    ? binary_accuracy(p)
                              : categorical_accuracy(p);
}

/* of a place: as many as it has outputs, or a class, or what the model has */
enum targets { AS_OUTPUTS, ONE_CLASS, EITHER };

static const struct metric {
    const char *name;
    enum targets targets;
    int whole_rows;             /* 1: a row has the least value of its places */
    double (*value)(const struct place *place);
} metrics[] = {
    { "mse",                         AS_OUTPUTS, 0, squared_error },
    { "mae",                         AS_OUTPUTS, 0, absolute_error },
    { "mean_squared_error",          AS_OUTPUTS, 0, squared_error },
    { "mean_absolute_error",         AS_OUTPUTS, 0, absolute_error },
    { "binary_accuracy",             AS_OUTPUTS, 0, binary_accuracy },
    { "categorical_accuracy",        AS_OUTPUTS, 0, categorical_accuracy },
    { "sparse_categorical_accuracy", ONE_CLASS,  0, sparse_categorical_accuracy },
    { "sequence_accuracy",           EITHER,     1, accuracy },
};

static const struct metric *metric_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (!strcmp(metrics[i].name, name))
            return &metrics[i];
    return NULL;
}

/* An output and its target, in rows that may hold others too. */
struct view {
    int rank;
    const int *shape;                   /* of the output */
    size_t output, output_count, target, target_count;      /* where they begin in a row, and their elements */
    int target_is_class;
};

static int add(const struct lstmc_model *model, const struct view *of, const char *name, const float *output,
               const void *target, int rows, double *sum, double *count)
{
    const struct metric *metric = metric_by_name(name);
    int width = of->rank > 0 ? of->shape[of->rank - 1] : 1;
    if (!metric || width < 1)
        return LSTMC_MISMATCH;
    int one_class = metric->targets == ONE_CLASS || (metric->targets == EITHER && of->target_is_class);
    size_t places = of->output_count / (size_t)width, targets = one_class ? 1 : (size_t)width;
    if (of->target_count != places * targets)
        return LSTMC_MISMATCH;
    double least = 1;
    for (size_t i = 0; i < (size_t)rows * places; i++) {
        size_t row = i / places, at = i % places;
        struct place place = { output + row * model->output_count + of->output + at * (size_t)width, width, target,
                               of->target_is_class, row * model->target_count + of->target + at * targets };
        double value = metric->value(&place);
        least = at == 0 || value < least ? value : least;
        if (metric->whole_rows && at + 1 < places)
            continue;
        *sum += metric->whole_rows ? least : value;
        *count += 1;
    }
    return LSTMC_OK;
}

int lstmc_metric_add(const struct lstmc_model *model, const char *name, const float *output, const void *target,
                     int rows, double *sum, double *count)
{
    if (!model->outputs) {
        struct view whole = { model->output_rank, model->output_shape, 0, model->output_count, 0, model->target_count,
                              model->target_is_class };
        return add(model, &whole, name, output, target, rows, sum, count);
    }
    for (int k = 0; k < model->output_arrays; k++) {
        const struct lstmc_array *of = &model->outputs[k], *y = &model->targets[k];
        size_t length = strlen(of->name);
        struct view view = { of->rank, of->shape, of->offset, of->count, y->offset, y->count, y->is_integer };
        if (!strncmp(name, of->name, length) && name[length] == '_' && metric_by_name(name + length + 1))
            return add(model, &view, name + length + 1, output, target, rows, sum, count);
    }
    return LSTMC_MISMATCH;
}
