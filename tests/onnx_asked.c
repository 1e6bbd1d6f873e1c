/* onnx_asked.c: in: a model in a folder, and what it is to read.  out: what the description and the weights that lstmc
 * import has made of it give, by lstmc predict. */
#include "onnx_file.h"
#include "command.h"

#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX 4096

/* ---- axes ---- */

/* "-- x: its axes are 1, 0, 2 of the file's, the batch first." */
static int noted_axes(const char *text, const char *name, int rank, int *order)
{
    char line[160];
    int count = 0;
    snprintf(line, sizeof line, "\n-- %s: its axes are ", name);
    const char *at = strstr(text, line);
    for (int d = 0; d < rank && !at; d++)
        order[count++] = d;
    for (at = at ? at + strlen(line) : ""; *at >= '0' && *at <= '9'; at += strspn(at, ", "))
        order[count++] = (int)strtol(at, (char **)&at, 10);
    return count;
}

static struct onnx_tensor turned(const char *text, const char *name, const struct onnx_tensor *tensor)
{
    int order[ONNX_RANK_MAX];
    size_t strides[ONNX_RANK_MAX], index[ONNX_RANK_MAX] = { 0 }, stride = 1;
    struct onnx_tensor to = { .rank = noted_axes(text, name, tensor->rank, order), .count = tensor->count };
    for (int d = tensor->rank - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= tensor->dims[d];
    }
    for (int d = 0; d < to.rank; d++)
        to.dims[d] = tensor->dims[order[d]];
    to.values = calloc(to.count + 1, sizeof *to.values);
    for (size_t i = 0; i < to.count; i++) {
        size_t from = 0;
        for (int d = 0; d < to.rank; d++)
            from += index[d] * strides[order[d]];
        to.values[i] = tensor->values[from];
        for (int d = to.rank - 1; d >= 0 && ++index[d] == to.dims[d]; d--)
            index[d] = 0;
    }
    return to;
}

struct onnx_tensor onnx_file_turned(const char *folder, const char *name, const struct onnx_tensor *tensor)
{
    char *text = command_read_file(folder, "m.lua");
    cr_assert(text);
    struct onnx_tensor to = turned(text, name, tensor);
    free(text);
    return to;
}

struct onnx_tensor onnx_file_array(const char *path)
{
    struct lstmc_npy array;
    struct lstmc_message message;
    struct onnx_tensor tensor = { .rank = 0 };
    cr_assert(!lstmc_npy_read(path, &array, &message), "%s", message.text);
    tensor.rank = array.rank;
    tensor.count = array.count;
    for (int d = 0; d < array.rank; d++)
        tensor.dims[d] = array.shape[d];
    tensor.values = calloc(array.count + 1, sizeof *tensor.values);
    for (size_t i = 0; i < array.count; i++)
        tensor.values[i] = lstmc_npy_value(&array, i);
    lstmc_npy_free(&array);
    return tensor;
}

/* ---- samples ---- */

/* A line for each sample: its inputs side by side; of sequences with lengths as many steps as count. */
static void write_samples(const char *folder, const struct onnx_tensor *inputs, int count,
                          const struct onnx_tensor *lengths)
{
    char path[256];
    snprintf(path, sizeof path, "%s/x.txt", folder);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    for (size_t row = 0; row < inputs[0].dims[0]; row++) {
        for (int i = 0; i < count; i++) {
            size_t size = inputs[i].count / inputs[i].dims[0], end = size;
            if (lengths && i == 0)
                end = (size_t)lengths->values[row] * (size / inputs[i].dims[1]);
            for (size_t k = 0; k < end; k++)
                fprintf(file, "%.9g ", inputs[i].values[row * size + k]);
        }
        fprintf(file, "\n");
    }
    fclose(file);
}

/* y.npy, or y.NAME.npy by the names of "outputs = {lstm, dense}". */
static int read_outputs(const char *folder, const char *text, struct onnx_tensor *outputs)
{
    char path[512], names[LINE_MAX], *rest;
    const char *list = strstr(text, "outputs = {");
    int count = 0;
    snprintf(names, sizeof names, "%.*s", list ? (int)strcspn(list + 11, "}") : 0, list ? list + 11 : "");
    if (!strchr(names, ',')) {
        snprintf(path, sizeof path, "%s/y.npy", folder);
        outputs[count++] = onnx_file_array(path);
        return count;
    }
    for (char *name = strtok_r(names, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        snprintf(path, sizeof path, "%s/y.%s.npy", folder, name);
        outputs[count++] = onnx_file_array(path);
    }
    return count;
}

static int run(const char *folder, const char *line, char *why)
{
    Ran ran = command_run(folder, 60, line);
    int status = ran.status;
    if (status)
        snprintf(why, ONNX_ASK_WHY, "%s: status %d, %s", line, status, ran.errors);
    ran_free(&ran);
    return status;
}

int onnx_file_ask(const char *folder, const OnnxNames *names, const struct onnx_tensor *inputs, int input_count,
                  struct onnx_tensor *outputs, char *why)
{
    struct onnx_tensor rows[16], *lengths = NULL;
    char line[200];
    int count;
    command_expect(folder, 10, "rm -f m.lua m.safetensors y*.npy", 0, NULL, NULL);
    if (run(folder, "$L import model.onnx -o m", why))
        return -1;
    char *text = command_read_file(folder, "m.lua");
    cr_assert(text);
    for (int i = 0; i < input_count; i++)
        rows[i] = turned(text, names->inputs[i], &inputs[i]);
    if (strstr(text, "lengths = true"))
        lengths = &rows[input_count - 1];
    write_samples(folder, rows, input_count - (lengths != NULL), lengths);
    snprintf(line, sizeof line, "$L predict m.lua --interpreted --input x.txt --out y.npy");
    if (strstr(text, "= arg.timesteps"))
        snprintf(line + strlen(line), sizeof line - strlen(line), " timesteps=%zu", rows[0].dims[1]);
    count = run(folder, line, why) ? -1 : read_outputs(folder, text, outputs);
    for (int i = 0; i < input_count; i++)
        free(rows[i].values);
    free(text);
    return count;
}
