/* metrics.c: in: outputs and targets of some rows.  out: the sum and the count of a metric over them, as Keras's
 * functions take them: one value for each place before the last axis, so a sequence counts each of its steps; or one
 * for a whole row. Or its tally. */
#include "metrics.h"
#include "masks.h"

#include <math.h>
#include <string.h>

#define EPSILON 1e-7            /* Keras's */

/* A number of the place in the unit of the data. */
static double in_unit(const struct lstmc_place *p, int i, double value)
{
    const struct lstmc_scaling *unit = p->unit;
    return unit && unit->columns ? value * unit->scale[i % unit->columns] + unit->offset[i % unit->columns] : value;
}

static double target_in_unit(const struct lstmc_place *p, int i)
{
    return in_unit(p, i, lstmc_place_target(p, i));
}

static double output_in_unit(const struct lstmc_place *p, int i)
{
    return in_unit(p, i, (double)p->output[i]);
}

static double at_least(double value, double least)
{
    return value > least ? value : least;
}

/* The first of the largest. */
static int largest_output(const struct lstmc_place *p)
{
    int best = 0;
    for (int i = 1; i < p->width; i++)
        if (p->output[i] > p->output[best])
            best = i;
    return best;
}

static double squared_error(const struct lstmc_place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++) {
        double error = target_in_unit(p, i) - output_in_unit(p, i);
        sum += error * error;
    }
    return sum / p->width;
}

static double absolute_error(const struct lstmc_place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++)
        sum += fabs(target_in_unit(p, i) - output_in_unit(p, i));
    return sum / p->width;
}

static double percentage_error(const struct lstmc_place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++) {
        double y = target_in_unit(p, i);
        sum += fabs(y - output_in_unit(p, i)) / at_least(fabs(y), EPSILON);
    }
    return 100 * sum / p->width;
}

static double logarithmic_error(const struct lstmc_place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++) {
        double error = log1p(at_least(output_in_unit(p, i), EPSILON)) - log1p(at_least(target_in_unit(p, i), EPSILON));
        sum += error * error;
    }
    return sum / p->width;
}

static double cosine_similarity(const struct lstmc_place *p)
{
    double product = 0, target = 0, output = 0;
    for (int i = 0; i < p->width; i++) {
        double y = target_in_unit(p, i), o = output_in_unit(p, i);
        product += y * o;
        target += y * y;
        output += o * o;
    }
    return product / (at_least(sqrt(target), EPSILON) * at_least(sqrt(output), EPSILON));
}

static double binary_accuracy(const struct lstmc_place *p)
{
    double right = 0;
    for (int i = 0; i < p->width; i++)
        right += lstmc_place_target(p, i) == (double)((double)p->output[i] > p->arguments->threshold);
    return right / p->width;
}

static int class_of_target(const struct lstmc_place *p)
{
    int class = 0;
    for (int i = 1; i < p->width; i++)
        if (lstmc_place_target(p, i) > lstmc_place_target(p, class))
            class = i;
    return class;
}

static double categorical_accuracy(const struct lstmc_place *p)
{
    return class_of_target(p) == largest_output(p);
}

static double sparse_categorical_accuracy(const struct lstmc_place *p)
{
    return lstmc_place_target(p, 0) == largest_output(p);
}

/* Classes that have a larger output than this one are fewer than k: a tie is with the first k. */
static double is_among_first(const struct lstmc_place *p, int class)
{
    int larger = 0;
    for (int i = 0; i < p->width; i++)
        larger += p->output[i] > p->output[class];
    return larger < p->arguments->k;
}

static double top_k_categorical_accuracy(const struct lstmc_place *p)
{
    return is_among_first(p, class_of_target(p));
}

/* The class of a target that is one; -1: there is no such class. */
static int class_of(const struct lstmc_place *p)
{
    double class = lstmc_place_target(p, 0);
    return class >= 0 && class < p->width ? (int)class : -1;
}

static double sparse_top_k_categorical_accuracy(const struct lstmc_place *p)
{
    int class = class_of(p);
    return class >= 0 && is_among_first(p, class);
}

static double smoothed(const struct lstmc_place *p, double target, double classes)
{
    double s = p->arguments->label_smoothing;
    return target * (1 - s) + s / classes;
}

static double clipped(double probability)
{
    return at_least(probability < 1 - EPSILON ? probability : 1 - EPSILON, EPSILON);
}

static double binary_crossentropy(const struct lstmc_place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++) {
        double y = smoothed(p, lstmc_place_target(p, i), 2), o = (double)p->output[i];
        if (p->arguments->from_logits)
            sum += (o > 0 ? o : 0) - o * y + log1p(exp(-fabs(o)));
        else
            sum -= y * log(clipped(o)) + (1 - y) * log(1 - clipped(o));
    }
    return sum / p->width;
}

/* log of the probability of a class, out of probabilities or of logits. */
static double log_probability(const struct lstmc_place *p, int class)
{
    double total = 0, largest = (double)p->output[largest_output(p)];
    for (int i = 0; i < p->width; i++)
        total += p->arguments->from_logits ? exp((double)p->output[i] - largest) : (double)p->output[i];
    return p->arguments->from_logits ? (double)p->output[class] - largest - log(total)
                                     : log(clipped((double)p->output[class] / total));
}

static double categorical_crossentropy(const struct lstmc_place *p)
{
    double sum = 0;
    for (int i = 0; i < p->width; i++) {
        double y = smoothed(p, lstmc_place_target(p, i), p->width);
        if (y != 0)
            sum -= y * log_probability(p, i);
    }
    return sum;
}

static double sparse_categorical_crossentropy(const struct lstmc_place *p)
{
    int class = class_of(p);
    return -log_probability(p, class >= 0 ? class : 0);
}

static double entropy_of_choice(const struct lstmc_place *p)
{
    return p->target_is_class ? sparse_categorical_crossentropy(p) : categorical_crossentropy(p);
}

/* What "accuracy" is for these targets. */
static double accuracy(const struct lstmc_place *p)
{
    return p->target_is_class ? sparse_categorical_accuracy(p)
           : p->width == 1    ? binary_accuracy(p)
                              : categorical_accuracy(p);
}

/* of a place: as many as it has outputs, or a class, or what the model has; of a row: labels */
enum targets { AS_OUTPUTS, ONE_CLASS, EITHER, LABELS };

static const struct metric {
    const char *name;
    enum targets targets;
    int whole_rows;             /* 1: a row has the least value of its places */
    double (*value)(const struct lstmc_place *place);
    double (*of_mean)(double mean);         /* NULL: the metric is the mean itself */
    const struct lstmc_tally *tally;        /* or it is no mean */
} metrics[] = {
    { "mse",                                AS_OUTPUTS, .value = squared_error },
    { "mae",                                AS_OUTPUTS, .value = absolute_error },
    { "mape",                               AS_OUTPUTS, .value = percentage_error },
    { "msle",                               AS_OUTPUTS, .value = logarithmic_error },
    { "rmse",                               AS_OUTPUTS, .value = squared_error, .of_mean = sqrt },
    { "mean_squared_error",                 AS_OUTPUTS, .value = squared_error },
    { "mean_absolute_error",                AS_OUTPUTS, .value = absolute_error },
    { "mean_absolute_percentage_error",     AS_OUTPUTS, .value = percentage_error },
    { "mean_squared_logarithmic_error",     AS_OUTPUTS, .value = logarithmic_error },
    { "root_mean_squared_error",            AS_OUTPUTS, .value = squared_error, .of_mean = sqrt },
    { "cosine_similarity",                  AS_OUTPUTS, .value = cosine_similarity },
    { "r2_score",                           AS_OUTPUTS, .tally = &lstmc_r2_score },
    { "binary_accuracy",                    AS_OUTPUTS, .value = binary_accuracy },
    { "categorical_accuracy",               AS_OUTPUTS, .value = categorical_accuracy },
    { "sparse_categorical_accuracy",        ONE_CLASS,  .value = sparse_categorical_accuracy },
    { "top_k_categorical_accuracy",         AS_OUTPUTS, .value = top_k_categorical_accuracy },
    { "sparse_top_k_categorical_accuracy",  ONE_CLASS,  .value = sparse_top_k_categorical_accuracy },
    { "sequence_accuracy",                  EITHER,     .value = accuracy, .whole_rows = 1 },
    { "binary_crossentropy",                AS_OUTPUTS, .value = binary_crossentropy },
    { "categorical_crossentropy",           AS_OUTPUTS, .value = categorical_crossentropy },
    { "sparse_categorical_crossentropy",    ONE_CLASS,  .value = sparse_categorical_crossentropy },
    { "perplexity",                         EITHER,     .value = entropy_of_choice, .of_mean = exp },
    { "precision",                          AS_OUTPUTS, .tally = &lstmc_precision },
    { "recall",                             AS_OUTPUTS, .tally = &lstmc_recall },
    { "f1_score",                           AS_OUTPUTS, .tally = &lstmc_f1_score },
    { "auc",                                AS_OUTPUTS, .tally = &lstmc_auc },
    { "label_error_rate",                   LABELS,     .value = NULL },
};

static const struct metric *metric_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (!strcmp(metrics[i].name, name))
            return &metrics[i];
    return NULL;
}

/* A metric of an output and its target, in rows that may hold others too. */
struct view {
    const struct metric *metric;        /* NULL: there is none of that name */
    int width;                          /* of the last axis of the output */
    int index;                          /* of several outputs */
    size_t output, output_count, target, target_count;      /* where they begin in a row, and their elements */
    int target_is_class;
    size_t first_weight, weights;       /* of a row: as many as places, or one */
};

static int last_extent(int rank, const int *shape)
{
    return rank > 0 ? shape[rank - 1] : 1;
}

/* The name without "weighted_" in front. */
static const char *unweighted(const char *name)
{
    static const char prefix[] = "weighted_";
    return strncmp(name, prefix, sizeof prefix - 1) ? name : name + sizeof prefix - 1;
}

/* Of several outputs the one that the metric's name begins with. */
static struct view view_of(const struct lstmc_model *model, const char *name)
{
    if (!model->outputs)
        return (struct view){ metric_by_name(name), last_extent(model->output_rank, model->output_shape), 0, 0,
                              model->output_count, 0, model->target_count, model->target_is_class, 0,
                              lstmc_weights_per_sample(model) };
    for (int k = 0; k < model->output_arrays; k++) {
        const struct lstmc_array *of = &model->outputs[k], *y = &model->targets[k];
        size_t length = strlen(of->name);
        int is_its_own = !strncmp(name, of->name, length) && name[length] == '_';
        const struct metric *metric = is_its_own ? metric_by_name(unweighted(name + length + 1)) : NULL;
        if (metric)
            return (struct view){ metric, last_extent(of->rank, of->shape), k, of->offset, of->count, y->offset,
                                  y->count, y->is_integer, y->first_weight, y->weights };
    }
    return (struct view){ .metric = NULL };
}

static const struct lstmc_metric_arguments keras = LSTMC_METRIC_DEFAULTS;

/* How many places of a row belong to one step. */
static size_t places_of_step(const struct lstmc_model *model, const struct view *of, size_t places)
{
    int steps = model->outputs ? model->outputs[of->index].shape[0] : model->output_shape[0];
    return steps > 0 && places % (size_t)steps == 0 ? places / (size_t)steps : places;
}

int lstmc_metric_collect(const struct lstmc_model *model, const struct lstmc_engine *engine,
                         const struct lstmc_metric_use *use, const float *output, const void *target,
                         const float *weights, int first, int rows, double *sum, double *count,
                         double *tally)
{
    size_t each = lstmc_weights_per_sample(model);
    struct view of = view_of(model, use->name);
    if (!of.metric || of.width < 1 || (of.metric->tally && !tally))
        return LSTMC_MISMATCH;
    if (of.metric->targets == LABELS) {
        const struct lstmc_label_rows labels = { engine, of.index, output + of.output, (const int32_t *)target +
                                                 of.target, weights ? weights + of.first_weight : NULL, first, rows };
        return lstmc_count_label_errors(model, &labels, sum, count);
    }
    int one_class = of.metric->targets == ONE_CLASS || (of.metric->targets == EITHER && of.target_is_class);
    size_t places = of.output_count / (size_t)of.width, targets = one_class ? 1 : (size_t)of.width;
    if (of.target_count != places * targets)
        return LSTMC_MISMATCH;
    struct lstmc_mask masked = { .engine = NULL };
    if (engine)
        masked = lstmc_mask_of(engine, of.index);
    double least = 1;
    size_t of_step = places_of_step(model, &of, places), counted = 0;
    for (size_t i = (size_t)first * places; i < (size_t)(first + rows) * places; i++) {
        size_t row = i / places, at = i % places;
        const float *mask = engine ? lstmc_mask_row(&masked, (int)row) : NULL;
        int counts = !mask || mask[at / of_step] != 0;
        struct lstmc_place place = { output + row * model->output_count + of.output + at * (size_t)of.width, of.width,
                                     target, of.target_is_class, row * model->target_count + of.target + at * targets,
                                     use->arguments ? use->arguments : &keras, use->unit,
                                     weights ? (double)weights[row * each + of.first_weight + (of.weights > 1 ? at : 0)]
                                             : 1 };
        if (of.metric->tally) {
            if (counts)
                of.metric->tally->add(&place, tally);
            continue;
        }
        double value = counts ? of.metric->value(&place) : 1;
        counted = (at ? counted : 0) + (size_t)counts;
        least = at == 0 || value < least ? value : least;
        if (of.metric->whole_rows ? at + 1 < places || !counted : !counts)
            continue;
        *sum += place.weight * (of.metric->whole_rows ? least : value);
        *count += place.weight;
    }
    return LSTMC_OK;
}

int lstmc_metric_add(const struct lstmc_model *model, const char *name, const float *output, const void *target,
                     int rows, double *sum, double *count)
{
    return lstmc_metric_collect(model, NULL, &(struct lstmc_metric_use){ .name = name }, output, target, NULL, 0, rows,
                                sum, count, NULL);
}

struct lstmc_metric_use lstmc_metric_used(const struct lstmc_train_options *options, int index)
{
    int is_weighted = (int)(options->weighted_metrics >> index & 1);
    const char *name = options->metrics[index];
    return (struct lstmc_metric_use){ is_weighted ? unweighted(name) : name,
                                      options->metric_arguments ? &options->metric_arguments[index] : &keras,
                                      options->unit, is_weighted };
}

size_t lstmc_metric_tally(const struct lstmc_model *model, const struct lstmc_metric_use *use)
{
    struct view of = view_of(model, use->name);
    return of.metric && of.metric->tally ? of.metric->tally->numbers(of.width, use->arguments ? use->arguments : &keras)
                                         : 0;
}

size_t lstmc_metric_tallies(const struct lstmc_model *model, const struct lstmc_train_options *options)
{
    size_t numbers = 0;
    for (int i = 0; i < options->metric_count; i++) {
        struct lstmc_metric_use use = lstmc_metric_used(options, i);
        numbers += lstmc_metric_tally(model, &use);
    }
    return numbers;
}

double lstmc_metric_result(const struct lstmc_model *model, const struct lstmc_metric_use *use, double sum,
                           double count, const double *tally)
{
    struct view of = view_of(model, use->name);
    if (of.metric && of.metric->tally)
        return of.metric->tally->result(of.width, use->arguments ? use->arguments : &keras, tally);
    double mean = count > 0 ? sum / count : 0;
    return of.metric && of.metric->of_mean && count > 0 ? of.metric->of_mean(mean) : mean;
}
