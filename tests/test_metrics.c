/* test_metrics.c: the metrics by hand. */
#include "small_model.h"
#include "runtime/train/metrics.h"

#include <criterion/criterion.h>
#include <math.h>

/* A model whose output and target have these shapes (0: no such axis). */
static struct lstmc_model shaped(int steps, int width, int target_width, int target_is_class)
{
    struct lstmc_model model = { .target_is_class = target_is_class };
    int axis = 0, target_axis = 0;
    if (steps > 0)
        model.output_shape[axis++] = model.target_shape[target_axis++] = steps;
    model.output_shape[axis++] = width;
    model.target_shape[target_axis++] = target_width;
    model.output_rank = axis;
    model.target_rank = target_axis;
    model.output_count = (size_t)((steps > 0 ? steps : 1) * width);
    model.target_count = (size_t)((steps > 0 ? steps : 1) * target_width);
    return model;
}

static void expect_metric(struct lstmc_model model, const char *name, const float *output, const void *target, int rows, double sum, double count)
{
    double s = 10, c = 100;                     /* it adds */
    int status = lstmc_metric_add(&model, name, output, target, rows, &s, &c);
    cr_expect(status == LSTMC_OK, "%s: status %d", name, status);
    cr_expect(fabs(s - 10 - sum) < 1e-6 && c - 100 == count, "%s: %g / %g, expected %g / %g", name, s - 10, c - 100, sum, count);
}

Test(metrics, errors)
{
    static const float output[6] = { 1, 2, 3, 4, 5, 6 }, target[6] = { 1, 0, 3, 8, 5, 7 };
    expect_metric(shaped(0, 1, 1, 0), "mse", output, target, 6, 4 + 16 + 1, 6);
    expect_metric(shaped(0, 1, 1, 0), "mae", output, target, 6, 2 + 4 + 1, 6);
    expect_metric(shaped(0, 3, 3, 0), "mse", output, target, 2, 4 / 3.0 + 17 / 3.0, 2);
    expect_metric(shaped(0, 3, 3, 0), "mean_absolute_error", output, target, 2, 2 / 3.0 + 5 / 3.0, 2);
    expect_metric(shaped(3, 2, 2, 0), "mean_squared_error", output, target, 1, 2 + 8 + 0.5, 3);
    expect_metric(shaped(0, 1, 1, 1), "mae", output, (int32_t[]){ 1, 4 }, 2, 2, 2);
}

/* The threshold: 0.5 itself is class 0. */
Test(metrics, binary_accuracy)
{
    static const float output[6] = { 0.5f, 0.500001f, 0.9f, 0.1f, 0, 1 }, target[6] = { 0, 1, 0, 0, 1, 1 };
    expect_metric(shaped(0, 1, 1, 0), "binary_accuracy", output, target, 6, 4, 6);
    expect_metric(shaped(0, 3, 3, 0), "binary_accuracy", output, target, 2, 4 / 3.0, 2);
    expect_metric(shaped(3, 1, 1, 0), "binary_accuracy", output, target, 2, 4, 6);
    expect_metric(shaped(0, 1, 1, 1), "binary_accuracy", output, (int32_t[]){ 1, 1, 1, 0, 0, 0 }, 6, 4, 6);
    expect_metric(shaped(0, 1, 1, 0), "binary_accuracy", (float[]){ 0.2f }, (float[]){ 0.2f }, 1, 0, 1);
}

Test(metrics, categorical_accuracy)
{
    static const float output[9] = { 0.1f, 0.7f, 0.2f, 0.4f, 0.4f, 0.2f, 0.2f, 0.4f, 0.4f };
    static const float target[9] = { 0, 1, 0, 0, 1, 0, 0, 0, 1 };
    expect_metric(shaped(0, 3, 3, 0), "categorical_accuracy", output, target, 3, 1, 3);     /* a tie goes to the first */
    expect_metric(shaped(3, 3, 3, 0), "categorical_accuracy", output, target, 1, 1, 3);
    expect_metric(shaped(0, 3, 3, 0), "categorical_accuracy", output, (float[]){ 0.2f, 0.5f, 0, 0.9f, 0.1f, 0, 0, 0.5f, 0.5f }, 3, 3, 3);
}

Test(metrics, sparse_categorical_accuracy)
{
    static const float output[9] = { 0.1f, 0.7f, 0.2f, 0.4f, 0.4f, 0.2f, 0.2f, 0.4f, 0.4f };
    expect_metric(shaped(0, 3, 1, 1), "sparse_categorical_accuracy", output, (int32_t[]){ 1, 0, 2 }, 3, 2, 3);
    expect_metric(shaped(3, 3, 1, 1), "sparse_categorical_accuracy", output, (int32_t[]){ 1, 1, 1 }, 1, 2, 3);
    expect_metric(shaped(0, 3, 1, 0), "sparse_categorical_accuracy", output, (float[]){ 1, 0, 2 }, 3, 2, 3);
}

/* Two sequences of three steps: all of the first are right, one of the second is wrong. */
Test(metrics, sequence_accuracy)
{
    static const float output[12] = { 0.9f, 0.1f, 0.2f, 0.8f, 0.6f, 0.4f, 0.3f, 0.7f, 0.9f, 0.1f, 0.2f, 0.8f };
    static const float categories[12] = { 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1 };
    expect_metric(shaped(3, 2, 1, 1), "sequence_accuracy", output, (int32_t[]){ 0, 1, 0, 1, 1, 1 }, 2, 1, 2);
    expect_metric(shaped(3, 2, 2, 0), "sequence_accuracy", output, categories, 2, 1, 2);
    expect_metric(shaped(3, 1, 1, 0), "sequence_accuracy", output, (float[]){ 1, 0, 1, 1, 1, 0 }, 2, 1, 2);
    expect_metric(shaped(0, 2, 1, 1), "sequence_accuracy", output, (int32_t[]){ 0, 1, 1, 1, 0, 1 }, 6, 5, 6);
}

Test(metrics, refused)
{
    double sum = 0, count = 0;
    float output[6] = { 0 };
    int32_t target[6] = { 0 };
    struct lstmc_model one = shaped(0, 1, 1, 0), sparse = shaped(0, 3, 1, 1), dense = shaped(0, 3, 3, 0);
    cr_expect(lstmc_metric_add(&one, "accuracy", output, target, 1, &sum, &count) == LSTMC_MISMATCH);
    cr_expect(lstmc_metric_add(&one, "", output, target, 1, &sum, &count) == LSTMC_MISMATCH);
    cr_expect(lstmc_metric_add(&sparse, "categorical_accuracy", output, target, 1, &sum, &count) == LSTMC_MISMATCH);
    cr_expect(lstmc_metric_add(&sparse, "mse", output, target, 1, &sum, &count) == LSTMC_MISMATCH);
    cr_expect(lstmc_metric_add(&dense, "sparse_categorical_accuracy", output, target, 1, &sum, &count) == LSTMC_MISMATCH);
    cr_expect(sum == 0 && count == 0, "a refused metric changed its sums: %g / %g", sum, count);
}

/* ---- Keras's other metrics, with its objects' arguments ---------------------------------------------------------------------------------- */

/* The metric of all rows, added in two parts. */
static double value_of(struct lstmc_model model, struct lstmc_metric_use use, const float *output, const void *target, int rows)
{
    double sum = 0, count = 0, tally[1000] = { 0 };
    size_t numbers = lstmc_metric_tally(&model, &use);
    cr_assert(numbers < 1000, "%s has a tally of %zu", use.name, numbers);
    for (int part = 0, first = 0; part < 2; part++) {
        int some = part ? rows - first : rows / 2;
        const char *y = (const char *)target + (size_t)first * model.target_count * sizeof(float);
        int status = lstmc_metric_collect(&model, NULL, &use, output + (size_t)first * model.output_count, y, NULL, 0, some, &sum, &count, tally);
        cr_expect_eq(status, LSTMC_OK, "%s: status %d", use.name, status);
        first += some;
    }
    cr_expect_eq(tally[numbers], 0, "%s writes behind its tally", use.name);
    return lstmc_metric_result(&model, &use, sum, count, tally);
}

static void expect_value(struct lstmc_model model, const char *name, struct lstmc_metric_arguments arguments, const float *output,
                         const void *target, int rows, double expected)
{
    double value = value_of(model, (struct lstmc_metric_use){ .name = name, .arguments = &arguments }, output, target, rows);
    cr_expect(fabs(value - expected) < 1e-6 * fmax(1, fabs(expected)), "%s: %.9g, expected %.9g", name, value, expected);
}

static const struct lstmc_metric_arguments keras = LSTMC_METRIC_DEFAULTS;

Test(metrics, of_numbers)
{
    static const float output[4] = { 1, 2, 3, 4 }, target[4] = { 2, 2, 1, 8 };
    struct lstmc_model one = shaped(0, 1, 1, 0), two = shaped(0, 2, 2, 0);
    expect_value(one, "rmse", keras, output, target, 4, sqrt((1 + 0 + 4 + 16) / 4.0));
    expect_value(two, "root_mean_squared_error", keras, output, target, 2, sqrt((1 + 0 + 4 + 16) / 4.0));
    expect_value(one, "mape", keras, output, target, 4, 100 * (0.5 + 0 + 2 + 0.5) / 4);
    expect_value(one, "msle", keras, (float[]){ 1, -3 }, (float[]){ 3, -1 }, 2, log(2) * log(2) / 2);
    expect_value(two, "cosine_similarity", keras, output, target, 2, (6 / sqrt(5 * 8) + 35 / sqrt(25 * 65)) / 2);
    /* 1 - 21 / (73 - 13 * 13 / 4); each output by itself, whose targets are 2, 1 and 2, 8 */
    expect_value(one, "r2_score", keras, output, target, 4, 1 - 21 / 30.75);
    expect_value(two, "r2_score", keras, output, target, 2, (1 - 5 / 0.5 + 1 - 16 / 18.0) / 2);
    expect_value(one, "r2_score", keras, output, (float[]){ 3, 3, 3, 3 }, 4, 0);
}

/* mae of 2 in numbers is one of 20 in a unit that is ten times as fine; a percentage needs the offset too. */
Test(metrics, in_the_unit_of_the_data)
{
    static const float output[4] = { 1, 2, 3, 4 }, target[4] = { 2, 2, 1, 8 };
    double offset[2] = { 100, -5 }, scale[2] = { 10, 0.5 };
    struct lstmc_scaling unit = { 2, offset, scale };
    struct lstmc_model two = shaped(0, 2, 2, 0);
    static const struct { const char *name; double value; } known[] = {
        { "mae", (10 + 20 + 0 + 2) / 4.0 }, { "mse", (100 + 400 + 0 + 4) / 4.0 }, { "rmse", 11.224972160321824 },
        { "mape", 100 * (10 / 120.0 + 0 / 4.0 + 20 / 110.0 + 2 / 1.0) / 4 }, { "r2_score", (1 - 5 / 0.5 + 1 - 16 / 18.0) / 2 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double value = value_of(two, (struct lstmc_metric_use){ .name = known[i].name, .arguments = &keras, .unit = &unit }, output, target, 2);
        cr_expect(fabs(value - known[i].value) < 1e-6 * fabs(known[i].value), "%s: %.9g, expected %.9g", known[i].name, value, known[i].value);
    }
}

Test(metrics, precision_recall_and_f1)
{
    /* above 0.5: 1, 1, 1, 0, 0, 0, of which two are right; three are there */
    static const float output[6] = { 0.9f, 0.8f, 0.6f, 0.5f, 0.2f, 0.1f }, target[6] = { 1, 0, 1, 1, 0, 0 };
    struct lstmc_model one = shaped(0, 1, 1, 0), three = shaped(0, 3, 3, 0), steps = shaped(2, 1, 1, 0);
    struct lstmc_metric_arguments low = keras, f1 = keras;
    low.threshold = 0.15;
    expect_value(one, "precision", keras, output, target, 6, 2 / 3.0);
    expect_value(one, "recall", keras, output, target, 6, 2 / 3.0);
    expect_value(one, "precision", low, output, target, 6, 3 / 5.0);
    expect_value(steps, "recall", low, output, target, 3, 1);
    expect_value(three, "precision", keras, output, target, 2, 2 / 3.0);
    expect_value(one, "precision", keras, (float[]){ 0.1f, 0.2f }, (float[]){ 1, 0 }, 2, 0);
    f1.f1_threshold = 0.15;
    expect_value(one, "f1_score", f1, output, target, 6, 2 * 0.6 / 1.6);
    /* Keras's own example of F1Score(threshold=0.5): the score of each class is 0.5, 0.8, 0.6666667 */
    static const float y[9] = { 1, 1, 1, 1, 0, 0, 1, 1, 0 }, p[9] = { 0.2f, 0.6f, 0.7f, 0.2f, 0.6f, 0.6f, 0.6f, 0.8f, 0 };
    f1.f1_threshold = 0.5;
    expect_value(three, "f1_score", f1, p, y, 3, (0.5 + 0.8 + 2 / 3.0) / 3);
    f1.average = LSTMC_WEIGHTED;
    expect_value(three, "f1_score", f1, p, y, 3, (3 * 0.5 + 2 * 0.8 + 2 / 3.0) / 6);
    f1.average = LSTMC_MICRO;                   /* six predicted, four of them right, six there */
    expect_value(three, "f1_score", f1, p, y, 3, 4 / 6.0);
    f1.f1_threshold = NAN;                      /* the largest: classes 2; 1 and 2; 1: one right, none of two, one right */
    expect_value(three, "f1_score", f1, p, y, 3, 2 * (2 / 4.0) * (2 / 6.0) / (2 / 4.0 + 2 / 6.0));
}

/* Keras's own examples of AUC: 0.75 with three thresholds; and with the usual 200 the share of pairs in order. */
Test(metrics, area_under_a_curve)
{
    static const float p[4] = { 0, 0.5f, 0.3f, 0.9f }, y[4] = { 0, 0, 1, 1 };
    struct lstmc_metric_arguments few = keras, pr = keras, logits = keras;
    struct lstmc_model one = shaped(0, 1, 1, 0);
    few.num_thresholds = 3;
    expect_value(one, "auc", few, p, y, 4, 0.75);
    expect_value(one, "auc", keras, p, y, 4, 0.75);
    expect_value(shaped(0, 2, 2, 0), "auc", keras, p, y, 2, 0.75);
    expect_value(one, "auc", keras, (float[]){ 0.2f, 0.2f, 0.7f, 0.7f }, (float[]){ 0, 1, 0, 1 }, 4, 0.5);
    expect_value(one, "auc", keras, (float[]){ 0, 1 }, (float[]){ 1, 0 }, 2, 0);
    expect_value(one, "auc", keras, p, (float[]){ 0, 0, 0, 0 }, 4, 0);
    logits.from_logits = 1;
    expect_value(one, "auc", logits, (float[]){ -3, 0, -0.8f, 2 }, y, 4, 0.75);
    /* precision over recall: from 0.9 to 0.5 one wrong more, then one right more: 0.5 + integral of (1 + t) / (2 + t), t = 0 ... 1, over 2 */
    pr.of_precision = 1;
    expect_value(one, "auc", pr, p, y, 4, 0.5 + 0.5 * (1 - log(1.5)));
}

Test(metrics, of_choices)
{
    static const float output[8] = { 0.1f, 0.4f, 0.2f, 0.3f, 0.25f, 0.25f, 0.25f, 0.25f };
    struct lstmc_model sparse = shaped(0, 4, 1, 1), dense = shaped(0, 4, 4, 0), binary = shaped(0, 1, 1, 0);
    struct lstmc_metric_arguments two = keras, logits = keras, smooth = keras;
    two.k = 2;
    expect_value(sparse, "sparse_top_k_categorical_accuracy", two, output, (int32_t[]){ 3, 3 }, 2, 1);      /* a tie is with the first */
    expect_value(sparse, "sparse_top_k_categorical_accuracy", two, output, (int32_t[]){ 2, 0 }, 2, 0.5);
    expect_value(sparse, "sparse_top_k_categorical_accuracy", keras, output, (int32_t[]){ 0, 0 }, 2, 1);
    expect_value(dense, "top_k_categorical_accuracy", two, output, (float[]){ 1, 0, 0, 0, 0, 0, 0, 1 }, 2, 0.5);
    expect_value(sparse, "sparse_categorical_crossentropy", keras, output, (int32_t[]){ 1, 0 }, 2, -(log(0.4) + log(0.25)) / 2);
    expect_value(dense, "categorical_crossentropy", keras, output, (float[]){ 0, 1, 0, 0, 0, 0, 0.5f, 0.5f }, 2, -(log(0.4) + log(0.25)) / 2);
    expect_value(sparse, "perplexity", keras, output, (int32_t[]){ 1, 0 }, 2, 1 / sqrt(0.4 * 0.25));
    logits.from_logits = 1;
    expect_value(sparse, "perplexity", logits, (float[]){ 5, 5, 5, 5, 900, 900, 0, 0 }, (int32_t[]){ 1, 0 }, 2, sqrt(8));
    expect_value(binary, "binary_crossentropy", keras, (float[]){ 0.8f, 0.3f }, (float[]){ 1, 0 }, 2, 0.289909248);
    expect_value(binary, "binary_crossentropy", logits, (float[]){ 2, -1 }, (float[]){ 1, 0.25f }, 2, 0.345094849);
    smooth.label_smoothing = 0.2;
    expect_value(binary, "binary_crossentropy", smooth, (float[]){ 0.8f, 0.3f }, (float[]){ 1, 0 }, 2, 0.401588859);
    two.threshold = 0.7;
    expect_value(binary, "binary_accuracy", two, (float[]){ 0.8f, 0.6f }, (float[]){ 1, 1 }, 2, 0.5);
}

/* What is no mean has no sum. */
Test(metrics, no_mean)
{
    double sum = 0, count = 0;
    struct lstmc_model one = shaped(0, 1, 1, 0);
    cr_expect_eq(lstmc_metric_add(&one, "auc", (float[]){ 0.5f }, (float[]){ 1 }, 1, &sum, &count), LSTMC_MISMATCH);
}

/* Of the best paths 1 2, 1 and nothing, and the labels 1 2 2, 2 and 1 1: one left out, one exchanged, two left out, of six. */
Test(metrics, label_error_rate)
{
    struct lstmc_model model = shaped(4, 3, 3, 1);
    model.target_rank = 1, model.target_shape[0] = 3, model.target_count = 3;
    model.ignores_class = LSTMC_BLANK_BEHIND_LABELS;
    static const float output[3][4][3] = { { { 0, 1, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 1, 0, 0 } },
                                           { { 1, 0, 0 }, { 0, 3, 2 }, { 0, 0.5f, 0.25f }, { 1, 0, 0 } },
                                           { { 2, 1, 0 }, { 2, 1, 0 }, { 1, 1, 0 }, { 1, 0, 0 } } };
    expect_metric(model, "label_error_rate", output[0][0], (int32_t[]){ 1, 2, 2, 2, 0, 0, 1, 1, 0 }, 3, 4, 6);
    expect_metric(model, "label_error_rate", output[0][0], (int32_t[]){ 0, 0, 0 }, 1, 2, 0);        /* put in, of none */
    model.ignored_class = 2;
    expect_metric(model, "label_error_rate", output[0][0], (int32_t[]){ 1, 0, 2 }, 1, 0, 2);
    model.ignores_class = 0;
    double sum = 0, count = 0;
    cr_expect_eq(lstmc_metric_add(&model, "label_error_rate", output[0][0], (int32_t[]){ 1, 0, 2 }, 1, &sum, &count), LSTMC_MISMATCH);
}
