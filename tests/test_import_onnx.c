/* test_import_onnx.c: models of ONNX through lstmc import: those of exporters, and the ONNX project's own node tests, give
 * the numbers that are published for them; what cannot be taken is refused by name; damaged files are survived. */
#include "command.h"
#include "mutate.h"
#include "onnx_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DATA "../shared/data/interchange/onnx"
#define CASES "../shared/data/onnx-conformance"
#define TOLERANCE 1e-5

static bool is_there(const char *path)
{
    struct stat info;
    return !stat(path, &info);
}

static void write_model(const char *folder, const OnnxFile *file)
{
    command_write(folder, "model.onnx", file->bytes, (long)file->count);
}

/* The largest difference, over the largest number or one. */
static double deviation(const struct onnx_tensor *a, const struct onnx_tensor *b)
{
    double largest = 1, away = 0;
    if (a->count != b->count)
        return INFINITY;
    for (size_t i = 0; i < a->count; i++) {
        largest = fmax(largest, fabs(b->values[i]));
        away = fmax(away, fabs(a->values[i] - b->values[i]));
        if (a->values[i] != a->values[i])
            return INFINITY;
    }
    return away / largest;
}

static void free_all(struct onnx_tensor *tensors, int count)
{
    for (int i = 0; i < count; i++)
        free(tensors[i].values);
}

/* ---- what exporters have written ---- */

static const struct {
    const char *folder, *message;
} refused[] = {
    { "refuse_scan_quantized", "(QuantizeLinear), which reads input.transposed" },
};

static const char *refusal_of(const char *name)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (!strcmp(refused[i].folder, name))
            return refused[i].message;
    return NULL;
}

static int read_arrays(const char *folder, const char *kind, int most, struct onnx_tensor *arrays)
{
    char path[600];
    int count = 0;
    for (; count < most; count++) {
        if (count)
            snprintf(path, sizeof path, "%s/%s%d.npy", folder, kind, count);
        else
            snprintf(path, sizeof path, "%s/%s.npy", folder, kind);
        if (!is_there(path))
            break;
        arrays[count] = onnx_file_array(path);
    }
    return count;
}

static void try_model(const char *place, const char *from, const char *model)
{
    struct onnx_tensor inputs[16], wanted[16], outputs[16];
    char path[900], why[ONNX_ASK_WHY] = "";
    snprintf(path, sizeof path, "%s/%s", from, model);
    OnnxFile file = onnx_file_read(path);
    OnnxNames names = onnx_file_names(&file);
    write_model(place, &file);
    int input_count = read_arrays(from, "input", 16, inputs), wanted_count = read_arrays(from, "output", 16, wanted);
    int count = onnx_file_ask(place, &names, inputs, input_count, outputs, why);
    cr_expect_eq(count, wanted_count, "%s: %d outputs of %d; %s", path, count, wanted_count, why);
    for (int i = 0; i < count && count == wanted_count; i++) {
        struct onnx_tensor turned = onnx_file_turned(place, names.outputs[i], &wanted[i]);
        double away = deviation(&outputs[i], &turned);
        cr_expect(away <= TOLERANCE, "%s: %s is %g away", path, names.outputs[i], away);
        if (getenv("SHOW"))
            fprintf(stderr, "%s %s %.2g\n", path, names.outputs[i], away);
        free(turned.values);
    }
    free_all(inputs, input_count);
    free_all(wanted, wanted_count);
    free_all(outputs, count > 0 ? count : 0);
    onnx_file_free(&file);
}

static int try_folder(const char *place, const char *name)
{
    char from[600];
    const char *message = refusal_of(name);
    int count = 0;
    snprintf(from, sizeof from, DATA "/%s", name);
    DIR *directory = opendir(from);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".onnx"))
            continue;
        count++;
        if (message) {
            char path[900];
            snprintf(path, sizeof path, "%s/%s", from, entry->d_name);
            OnnxFile file = onnx_file_read(path);
            write_model(place, &file);
            command_expect(place, 20, "$L import model.onnx -o m", 1, NULL, message);
            onnx_file_free(&file);
        } else {
            try_model(place, from, entry->d_name);
        }
    }
    if (directory)
        closedir(directory);
    return count;
}

Test(import_onnx, what_exporters_write_gives_the_same_numbers, .timeout = 600)
{
    if (!is_there(DATA))
        cr_skip_test("no " DATA);
    char *place = command_folder();
    int count = 0;
    DIR *directory = opendir(DATA);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.')
            count += try_folder(place, entry->d_name);
    closedir(directory);
    cr_expect(count >= 31, "only %d models", count);
    command_folder_remove(place);
}

/* ---- the ONNX project's node tests ---- */

/* What no layer does, by how the names of the cases begin; of several the last one that fits. */
static const struct {
    const char *begin, *message;
} without_layer[] = {
    { "test_ada", "an operator of ai.onnx.preview.training" },
    { "test_momentum", "an operator of ai.onnx.preview.training" },
    { "test_nesterov", "an operator of ai.onnx.preview.training" },
    { "test_argmax", "(ArgMax), which reads data: there is no layer for this operator" },
    { "test_onehot", "(OneHot), which reads indices, depth, values: there is no layer for this operator" },
    { "test_nllloss", "there is no layer for this operator" },
    { "test_sce", "(SoftmaxCrossEntropyLoss)" },
    { "test_matmulinteger", "(MatMulInteger)" },
    { "test_batchnorm_epsilon_training", "training_mode = 1" },
    { "test_batchnorm_example_training", "training_mode = 1" },
    { "test_concat_1d", "along the batch" },
    { "test_concat_2d_axis_0", "along the batch" },
    { "test_concat_2d_axis_negative_2", "along the batch" },
    { "test_concat_3d_axis_0", "along the batch" },
    { "test_concat_3d_axis_negative_3", "along the batch" },
    { "test_dropout_default_mask", "its second output" },
    { "test_training_dropout", "it draws in prediction too" },
    { "test_training_dropout_mask", "its second output" },
    { "test_training_dropout_default_mask", "its second output" },
    { "test_training_dropout_zero_ratio", NULL },
    { "test_training_dropout_zero_ratio_mask", "its second output" },
    { "test_gather", "in an order that no layer has" },
    { "test_gemm_default_matrix_bias", "another number for each row of the batch" },
    { "test_layer_normalization_2d_axis0", "the batch is not an axis of its own" },
    { "test_layer_normalization_2d_axis_negative_2", "the batch is not an axis of its own" },
    { "test_layer_normalization_3d_axis0", "the batch is not an axis of its own" },
    { "test_layer_normalization_3d_axis_negative_3", "the batch is not an axis of its own" },
    { "test_logsoftmax_axis_0", "the batch is not an axis of its own" },
    { "test_softmax_axis_0", "the batch is not an axis of its own" },
    { "test_matmul_1d", "its constant factor is no matrix" },
    { "test_matmul_3d", "its constant factor is no matrix" },
    { "test_matmul_4d", "its constant factor is no matrix" },
    { "test_matmul_bcast", "its constant factor is no matrix" },
    { "test_prelu_example", "its slopes are those of a part of its axes" },
};

static const char *why_not(const char *name)
{
    const char *message = NULL;
    for (size_t i = 0; i < sizeof without_layer / sizeof *without_layer; i++)
        if (!strncmp(name, without_layer[i].begin, strlen(without_layer[i].begin)))
            message = without_layer[i].message;
    return message;
}

static bool reads_flows_alone(const char *name)
{
    return !strncmp(name, "test_concat", 11);
}

/* Inputs behind the first one are weights. */
static int read_case(const char *folder, OnnxFile *file, struct onnx_tensor *inputs, char *why)
{
    char path[900];
    OnnxFile graph = { NULL, 0, 0 };
    int count = 0, flows = 0;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    OnnxFile whole = onnx_file_read(path);
    if (strstr(folder, "layer_normalization")) {        /* the others are the mean and the deviation */
        OnnxFile first = onnx_file_of_one_output(&whole);
        onnx_file_free(&whole);
        whole = first;
    }
    for (; count < 16; count++) {
        snprintf(path, sizeof path, "%s/test_data_set_0/input_%d.pb", folder, count);
        OnnxFile bytes = onnx_file_read(path);
        if (!bytes.count)
            break;
        if (count == 0 || reads_flows_alone(strrchr(folder, '/') + 1))
            flows += !onnx_read_tensor(path, &inputs[flows], why);
        else
            onnx_graph_tensor(&graph, bytes.bytes, bytes.count);
        onnx_file_free(&bytes);
    }
    *file = onnx_file_with(&whole, &graph);
    onnx_file_free(&whole);
    return flows;
}

/* Outputs that are published and no flags. */
static double compare_outputs(const char *place, const char *folder, const OnnxNames *names,
                              const struct onnx_tensor *outputs, int count)
{
    struct onnx_tensor wanted;
    char path[900], why[ONNX_ASK_WHY];
    double away = 0;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/test_data_set_0/output_%d.pb", folder, i);
        if (onnx_read_tensor(path, &wanted, why))
            continue;
        struct onnx_tensor turned = onnx_file_turned(place, names->outputs[i], &wanted);
        away = fmax(away, deviation(&outputs[i], &turned));
        free(turned.values);
        onnx_free_tensor(&wanted);
    }
    return away;
}

/* Whether it was imported. */
static bool try_case(const char *place, const char *folder)
{
    struct onnx_tensor inputs[16], outputs[16];
    OnnxFile file;
    const char *name = strrchr(folder, '/') + 1, *message = why_not(name);
    char why[ONNX_ASK_WHY] = "";
    int flows = read_case(folder, &file, inputs, why);
    OnnxNames names = onnx_file_names(&file);
    write_model(place, &file);
    int count = -1;
    if (message) {
        command_expect(place, 20, "$L import model.onnx -o m", 1, NULL, message);
    } else {
        count = onnx_file_ask(place, &names, inputs, flows, outputs, why);
        double away = compare_outputs(place, folder, &names, outputs, count);
        cr_expect(count > 0 && away <= TOLERANCE, "%s: %g away; %s", name, away, why);
    }
    free_all(inputs, flows);
    free_all(outputs, count > 0 ? count : 0);
    onnx_file_free(&file);
    return count > 0;
}

static void try_cases(const char *place, const char *parent, int *all, int *imported)
{
    char folder[600];
    DIR *directory = opendir(parent);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (strncmp(entry->d_name, "test_", 5))
            continue;
        snprintf(folder, sizeof folder, "%s/%s", parent, entry->d_name);
        ++*all;
        *imported += try_case(place, folder);
    }
    if (directory)
        closedir(directory);
}

Test(import_onnx, node_tests_give_the_published_numbers, .timeout = 600)
{
    if (!is_there(CASES))
        cr_skip_test("no " CASES);
    char *place = command_folder();
    int all = 0, imported = 0;
    try_cases(place, CASES "/node", &all, &imported);
    try_cases(place, CASES "/pytorch-converted", &all, &imported);
    cr_expect(imported == 122 && all == 201, "%d of %d were imported", imported, all);
    command_folder_remove(place);
}
