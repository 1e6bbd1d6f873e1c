/* csv_result.c: a CSV text to data sets, for the tests of the reader. */
#include "csv_result.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

struct lstmc_model csv_window_model(int window, int columns, int targets)
{
    return (struct lstmc_model){ .name = "window", .loss = "mse", .input_rank = 2, .input_shape = { window, columns },
                                 .output_rank = 1, .output_shape = { targets }, .target_rank = 1, .target_shape = { targets },
                                 .input_count = (size_t)window * (size_t)columns, .output_count = (size_t)targets,
                                 .target_count = (size_t)targets, .batch = 4, .shards = 1 };
}

struct lstmc_model csv_row_model(int columns, int targets)
{
    struct lstmc_model model = csv_window_model(1, columns, targets);
    model.input_rank = 1;
    model.input_shape[0] = columns;
    return model;
}

struct csv_result csv_read_bytes(const struct lstmc_model *model, const void *bytes, size_t size, const struct lstmc_csv_options *options)
{
    struct csv_result result = { .status = 0 };
    struct temporary_file file = temporary_write(bytes, size);
    result.status = lstmc_read_csv(model, file.path, options, &result.training, &result.validation, &result.message);
    if (!result.status) {               /* for tests that look into x and y */
        cr_assert_eq(lstmc_dataset_make(model, &result.training), 0);
        cr_assert_eq(lstmc_dataset_make(model, &result.validation), 0);
    }
    temporary_remove(&file);
    return result;
}

struct csv_result csv_read_text(const struct lstmc_model *model, const char *text, const struct lstmc_csv_options *options)
{
    return csv_read_bytes(model, text, strlen(text), options);
}

void csv_result_free(struct csv_result *result)
{
    lstmc_dataset_free(&result->training);
    lstmc_dataset_free(&result->validation);
}

void csv_expect_floats(const char *what, const float *values, const double *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs((double)values[i] - expected[i]) <= 1e-6 * fmax(1, fabs(expected[i])), "%s[%zu]: %.9g, expected %.9g (tol 1e-6)", what, i,
                  (double)values[i], expected[i]);
}
