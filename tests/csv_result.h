/* csv_result.h: a CSV text to data sets, for the tests of the reader. */
#ifndef CSV_RESULT_H
#define CSV_RESULT_H

#include "runtime/lstmc.h"
#include "temporary.h"

#define NAMES(...) (const char *const[]){ __VA_ARGS__ }
#define HORIZONS(...) .horizons = (const int[]){ __VA_ARGS__ }, .horizon_count = sizeof (int[]){ __VA_ARGS__ } / sizeof(int)

struct csv_result {
    int status;
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
};

/* Windows of `window` rows of `columns` columns, `targets` values predicted; rows one by one. */
struct lstmc_model csv_window_model(int window, int columns, int targets);
struct lstmc_model csv_row_model(int columns, int targets);

struct csv_result csv_read_bytes(const struct lstmc_model *model, const void *bytes, size_t size, const struct lstmc_csv_options *options);
struct csv_result csv_read_text(const struct lstmc_model *model, const char *text, const struct lstmc_csv_options *options);
void              csv_result_free(struct csv_result *result);
void              csv_expect_floats(const char *what, const float *values, const double *expected, size_t count);

#endif
