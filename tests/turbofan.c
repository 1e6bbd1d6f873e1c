/* turbofan.c: in: the three C-MAPSS text files and the published weights.  out: windows, remaining life, and the two models as cases. */
#include "turbofan.h"

#include "runtime/lstmc.h"
#include "runtime/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FOLDER PUBLISHED_DATA "/turbofan"
#define COLUMNS 26              /* engine, cycle, three settings, 21 sensors */
#define ROWS_MAX 30000

typedef struct Table {
    int rows;
    double (*row)[COLUMNS];
} Table;

static int read_table(const char *name, Table *table, char *why)
{
    char path[256], line[1024];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    gzFile file = gzopen(path, "rb");
    table->rows = 0;
    table->row = published_allocate(ROWS_MAX, sizeof *table->row);
    while (file && table->rows < ROWS_MAX && gzgets(file, line, sizeof line)) {
        char *at = line, *next;
        for (int c = 0; c < COLUMNS; c++, at = next) {
            table->row[table->rows][c] = strtod(at, &next);
            if (next == at) {
                snprintf(why, PUBLISHED_WHY, "%s: row %d has %d columns", path, table->rows + 1, c);
                table->rows = 0;
                gzclose(file);
                return -1;
            }
        }
        table->rows++;
    }
    if (!file)
        snprintf(why, PUBLISHED_WHY, "%s cannot be opened", path);
    else
        gzclose(file);
    return table->rows ? 0 : -1;
}

/* The features in the models' order: the cycle stands between the settings and the sensors. */
static double feature(const double *row, int f)
{
    return f < 3 ? row[2 + f] : f == 3 ? row[1] : row[1 + f];
}

static void find_extremes(const Table *training, double *low, double *high)
{
    for (int f = 0; f < TURBOFAN_FEATURES; f++) {
        low[f] = high[f] = feature(training->row[0], f);
        for (int r = 1; r < training->rows; r++) {
            double value = feature(training->row[r], f);
            if (value < low[f])
                low[f] = value;
            if (value > high[f])
                high[f] = value;
        }
    }
}

/* A column that never changes has no range: it becomes 0. */
static void copy_window(const Table *table, int first, const double *low, const double *high, float *x)
{
    for (int t = 0; t < TURBOFAN_STEPS; t++)
        for (int f = 0; f < TURBOFAN_FEATURES; f++) {
            double range = high[f] > low[f] ? high[f] - low[f] : 1;
            *x++ = (float)((feature(table->row[first + t], f) - low[f]) / range);
        }
}

int turbofan_read(struct turbofan *data, char why[PUBLISHED_WHY])
{
    Table training = { .row = NULL }, test = { .row = NULL };
    double low[TURBOFAN_FEATURES], high[TURBOFAN_FEATURES];
    memset(data, 0, sizeof *data);
    FILE *truth = fopen(FOLDER "/PM_truth.txt", "r");
    int status = truth ? 0 : -1;
    if (!truth)
        snprintf(why, PUBLISHED_WHY, FOLDER "/PM_truth.txt cannot be opened");
    if (status || read_table("PM_train.txt.gz", &training, why) || read_table("PM_test.txt.gz", &test, why)) {
        status = -1;
    } else {
        find_extremes(&training, low, high);
        int engines = (int)test.row[test.rows - 1][0];
        data->x = published_allocate((size_t)engines * TURBOFAN_STEPS * TURBOFAN_FEATURES, sizeof *data->x);
        data->remaining = published_allocate((size_t)engines, sizeof *data->remaining);
        for (int begin = 0, end; begin < test.rows && !status; begin = end) {
            double left;
            for (end = begin; end < test.rows && test.row[end][0] == test.row[begin][0]; end++)
                ;
            if (fscanf(truth, "%lf", &left) != 1) {
                snprintf(why, PUBLISHED_WHY, FOLDER "/PM_truth.txt: fewer lines than engines");
                status = -1;
            } else if (end - begin >= TURBOFAN_STEPS && data->engines < engines) {
                copy_window(&test, end - TURBOFAN_STEPS, low, high, data->x + (size_t)data->engines * TURBOFAN_STEPS * TURBOFAN_FEATURES);
                data->remaining[data->engines++] = left;
            }
        }
    }
    if (truth)
        fclose(truth);
    free(training.row);
    free(test.row);
    if (status)
        turbofan_free(data);
    return status;
}

void turbofan_free(struct turbofan *data)
{
    free(data->x);
    free(data->remaining);
    memset(data, 0, sizeof *data);
}

/* The tensors as Keras 2.0.5 named them, in the order of our weights. */
static int add_published_weights(struct published_case *one, const char *path, char *why)
{
    static const char *const names[] = { "lstm_1/lstm_1/kernel:0", "lstm_1/lstm_1/recurrent_kernel:0", "lstm_1/lstm_1/bias:0",
                                         "lstm_2/lstm_2/kernel:0", "lstm_2/lstm_2/recurrent_kernel:0", "lstm_2/lstm_2/bias:0",
                                         "dense_1/dense_1/kernel:0", "dense_1/dense_1/bias:0" };
    struct lstmc_tensor_file file;
    struct lstmc_message message;
    int status = 0;
    if (lstmc_tensor_file_open(path, &file, &message)) {
        snprintf(why, PUBLISHED_WHY, "%s", message.text);
        return -1;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++) {
        const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(&file, names[i]);
        if (!tensor || strcmp(tensor->dtype, "F32")) {
            snprintf(why, PUBLISHED_WHY, "%s: no tensor %s of floats", path, names[i]);
            status = -1;
        } else {
            one->weights = realloc(one->weights, (one->weight_count + tensor->count) * sizeof *one->weights);
            if (!one->weights)
                abort();
            lstmc_file_tensor_floats(tensor, one->weights + one->weight_count);
            one->weight_count += tensor->count;
        }
    }
    lstmc_tensor_file_free(&file);
    return status;
}

int published_turbofan(const char *name, const struct turbofan *data, struct published_case *result, char why[PUBLISHED_WHY])
{
    char path[256];
    int binary = !strcmp(name, "binary");
    size_t elements = (size_t)data->engines * TURBOFAN_STEPS * TURBOFAN_FEATURES;
    memset(result, 0, sizeof *result);
    snprintf(result->name, sizeof result->name, "turbofan_%s", name);
    snprintf(path, sizeof path, FOLDER "/converted/%s_model.safetensors", name);
    if (add_published_weights(result, path, why)) {
        published_free(result);
        return -1;
    }
    published_add_line(result, "return Sequential{ name = \"%s\",", result->name);
    published_add_line(result, "  Input{%d, %d},", TURBOFAN_STEPS, TURBOFAN_FEATURES);
    published_add_line(result, "  LSTM{100, recurrent_activation = \"hard_sigmoid_keras2\", return_sequences = true},");
    published_add_line(result, "  Dropout{0.2},");
    published_add_line(result, "  LSTM{50, recurrent_activation = \"hard_sigmoid_keras2\"},");
    published_add_line(result, "  Dropout{0.2},");
    published_add_line(result, "  Dense{1%s},", binary ? ", activation = \"sigmoid\"" : "");
    published_add_line(result, "  loss = \"%s\", optimizer = \"adam\", batch_size = 16, shards = 1 }", binary ? "binary_crossentropy" : "mse");
    result->samples = data->engines;
    result->input_count = TURBOFAN_STEPS * TURBOFAN_FEATURES;
    result->x = published_allocate(elements, sizeof *result->x);
    memcpy(result->x, data->x, elements * sizeof *result->x);
    result->expected_count = (size_t)data->engines;
    result->expected = published_allocate(result->expected_count, sizeof *result->expected);
    memcpy(result->expected, data->remaining, result->expected_count * sizeof *result->expected);
    result->steps = TURBOFAN_STEPS;
    return 0;
}
