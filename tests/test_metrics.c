/* test_metrics.c: the metrics by hand. */
#include "small_model.h"

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
