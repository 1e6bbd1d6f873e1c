/* metric_tallies.c: in: places, and what has been counted so far.  out: the counts with these, and what Keras makes of
 * all of them: precision, recall, F1, the area under a curve, R2. */
#include "metrics.h"

#include <math.h>

static double ratio(double a, double b)
{
    return b != 0 ? a / b : 0;
}

/* ---- precision, recall ---- */

/* Whatever the axis, as Keras counts: predictions above the threshold, those of them that are right, what is there. */
enum { PREDICTED, RIGHT, THERE, DECISIONS };

static size_t three(int width, const struct lstmc_metric_arguments *arguments)
{
    (void)width, (void)arguments;
    return DECISIONS;
}

static void add_decisions(const struct lstmc_place *p, double *tally)
{
    for (int i = 0; i < p->width; i++) {
        int predicted = (double)p->output[i] > p->arguments->threshold, there = lstmc_place_target(p, i) != 0;
        tally[PREDICTED] += p->weight * predicted;
        tally[RIGHT] += p->weight * (predicted && there);
        tally[THERE] += p->weight * there;
    }
}

static double precision(int width, const struct lstmc_metric_arguments *arguments, const double *tally)
{
    (void)width, (void)arguments;
    return ratio(tally[RIGHT], tally[PREDICTED]);
}

static double recall(int width, const struct lstmc_metric_arguments *arguments, const double *tally)
{
    (void)width, (void)arguments;
    return ratio(tally[RIGHT], tally[THERE]);
}

const struct lstmc_tally lstmc_precision = { three, add_decisions, precision };
const struct lstmc_tally lstmc_recall = { three, add_decisions, recall };

/* ---- F1 ---- */

static size_t three_of_each(int width, const struct lstmc_metric_arguments *arguments)
{
    (void)arguments;
    return DECISIONS * (size_t)width;
}

/* Without a threshold the largest of a place are predicted. */
static void add_decisions_of_each(const struct lstmc_place *p, double *tally)
{
    double largest = (double)p->output[0];
    for (int i = 1; i < p->width; i++)
        largest = (double)p->output[i] > largest ? (double)p->output[i] : largest;
    for (int i = 0; i < p->width; i++) {
        double output = (double)p->output[i], there = lstmc_place_target(p, i);
        int predicted = isnan(p->arguments->f1_threshold) ? output >= largest && fabs(output) > 1e-9
                                                          : output > p->arguments->f1_threshold;
        tally[DECISIONS * i + PREDICTED] += p->weight * predicted;
        tally[DECISIONS * i + RIGHT] += predicted ? p->weight * there : 0;
        tally[DECISIONS * i + THERE] += p->weight * there;
    }
}

/* 2 precision recall / (precision + recall), in counts. */
static double f1_of(double predicted, double right, double there)
{
    double p = ratio(right, predicted), r = ratio(right, there);
    return ratio(2 * p * r, p + r);
}

static double f1_score(int width, const struct lstmc_metric_arguments *arguments, const double *tally)
{
    double all[DECISIONS] = { 0 }, sum = 0, weight = 0;
    for (int i = 0; i < width; i++) {
        const double *own = &tally[DECISIONS * i];
        double counts = arguments->average == LSTMC_WEIGHTED ? own[THERE] : 1;
        sum += counts * f1_of(own[PREDICTED], own[RIGHT], own[THERE]);
        weight += counts;
        for (int k = 0; k < DECISIONS; k++)
            all[k] += own[k];
    }
    return arguments->average == LSTMC_MICRO ? f1_of(all[PREDICTED], all[RIGHT], all[THERE]) : ratio(sum, weight);
}

const struct lstmc_tally lstmc_f1_score = { three_of_each, add_decisions_of_each, f1_score };

/* ---- the area under a curve ---- */

/* Keras's thresholds: evenly spread over [0, 1], the ends just outside of it. */
static double threshold(int i, int count)
{
    return i == 0 ? -1e-7 : i == count - 1 ? 1 + 1e-7 : (double)i / (count - 1);
}

/* Predictions by how many thresholds they are above, of class 0 and of class 1. */
static size_t two_of_each_threshold(int width, const struct lstmc_metric_arguments *arguments)
{
    (void)width;
    return 2 * ((size_t)arguments->num_thresholds + 1);
}

static void add_above(const struct lstmc_place *p, double *tally)
{
    int count = p->arguments->num_thresholds;
    for (int i = 0; i < p->width; i++) {
        double output = (double)p->output[i];
        if (p->arguments->from_logits)
            output = 1 / (1 + exp(-output));
        int above = output > 0 ? output < 1 ? (int)(output * (count - 1)) : count - 1 : 0;
        while (above < count && output > threshold(above, count))
            above++;
        while (above > 0 && !(output > threshold(above - 1, count)))
            above--;
        tally[2 * above + (lstmc_place_target(p, i) != 0)] += p->weight;
    }
}

/* Right and wrong positives of one threshold. */
struct positives { double right, wrong; };

/* Under recall over the rate of false positives, by trapezoids. */
static double roc_part(struct positives low, struct positives high, struct positives all)
{
    double width = ratio(low.wrong, all.wrong) - ratio(high.wrong, all.wrong);
    return width * (ratio(low.right, all.right) + ratio(high.right, all.right)) / 2;
}

/* Under precision over recall: between two thresholds right positives grow evenly with all positives.
 * Davis & Goadrich 2006. */
static double pr_part(struct positives low, struct positives high, struct positives all)
{
    double from = high.right + high.wrong, to = low.right + low.wrong;
    double slope = ratio(low.right - high.right, to - from), offset = high.right - slope * from;
    double relative = to > 0 && from > 0 ? to / from : 1;
    return ratio(slope * (low.right - high.right + offset * log(relative)), all.right);
}

static double auc(int width, const struct lstmc_metric_arguments *arguments, const double *tally)
{
    (void)width;
    struct positives all = { 0 }, high = { 0 };
    double area = 0;
    int count = arguments->num_thresholds;
    for (int above = 0; above <= count; above++) {
        all.wrong += tally[2 * above];
        all.right += tally[2 * above + 1];
    }
    for (int i = count - 1; i >= 0; i--) {      /* above threshold i: above more than i of them */
        struct positives low = { high.right + tally[2 * (i + 1) + 1], high.wrong + tally[2 * (i + 1)] };
        if (i < count - 1)
            area += arguments->of_precision ? pr_part(low, high, all) : roc_part(low, high, all);
        high = low;
    }
    return area;
}

const struct lstmc_tally lstmc_auc = { two_of_each_threshold, add_above, auc };

/* ---- R2 ---- */

/* Of each output: the squared errors, the targets, their squares; then how many there are. The same in every unit. */
enum { ERRORS, TARGETS, SQUARES, SUMS };

static size_t three_of_each_and_one(int width, const struct lstmc_metric_arguments *arguments)
{
    (void)arguments;
    return SUMS * (size_t)width + 1;
}

static void add_squares(const struct lstmc_place *p, double *tally)
{
    for (int i = 0; i < p->width; i++) {
        double y = lstmc_place_target(p, i), error = (double)p->output[i] - y;
        tally[SUMS * i + ERRORS] += p->weight * error * error;
        tally[SUMS * i + TARGETS] += p->weight * y;
        tally[SUMS * i + SQUARES] += p->weight * y * y;
    }
    tally[SUMS * p->width] += p->weight;
}

/* 1 - errors / variance, the mean over the outputs; Keras counts an output whose targets do not vary as 0. */
static double r2_score(int width, const struct lstmc_metric_arguments *arguments, const double *tally)
{
    (void)arguments;
    double count = tally[SUMS * width], sum = 0;
    for (int i = 0; i < width; i++) {
        const double *own = &tally[SUMS * i];
        double varies = own[SQUARES] - own[TARGETS] * ratio(own[TARGETS], count);
        sum += varies > 0 ? 1 - own[ERRORS] / varies : 0;
    }
    return sum / width;
}

const struct lstmc_tally lstmc_r2_score = { three_of_each_and_one, add_squares, r2_score };
