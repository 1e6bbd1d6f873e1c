/* The reader of the ONNX project's test files: what is published is read, and no damage to a file leads outside of it. */
#include "onnx.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DATA "../shared/data/onnx-conformance"

static char why[128];

static int is_there(void)
{
    struct stat info;
    return !stat(DATA, &info);
}

static void read_every_case(const char *folder)
{
    static struct onnx_model model;
    char path[600];
    DIR *directory = opendir(folder);
    cr_assert(directory, "%s cannot be opened", folder);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (strncmp(entry->d_name, "test_", 5))
            continue;
        snprintf(path, sizeof path, "%s/%s/model.onnx", folder, entry->d_name);
        cr_assert(!onnx_read_model(path, &model, why), "%s: %s", path, why);
        cr_expect(model.node_count > 0, "%s: no node", path);
        onnx_free_model(&model);
        for (int i = 0; i < 2; i++) {
            struct onnx_tensor tensor;
            snprintf(path, sizeof path, "%s/%s/test_data_set_0/%s_0.pb", folder, entry->d_name, i ? "output" : "input");
            if (onnx_read_tensor(path, &tensor, why))
                cr_expect(strstr(why, "neither float"), "%s: %s", path, why);
            else
                onnx_free_tensor(&tensor);
        }
    }
    closedir(directory);
}

Test(onnx, reads_every_published_case)
{
    if (!is_there())
        cr_skip_test("no " DATA);
    read_every_case(DATA "/node");
    read_every_case(DATA "/pytorch-converted");
}

Test(onnx, reads_names_shapes_and_attributes)
{
    if (!is_there())
        cr_skip_test("no " DATA);
    static struct onnx_model model;
    struct onnx_tensor w;
    cr_assert(!onnx_read_model(DATA "/node/test_lstm_with_initial_bias/model.onnx", &model, why), "%s", why);
    const struct onnx_node *node = &model.nodes[0];
    cr_assert(model.node_count == 1 && node->input_count == 4 && node->output_count == 2);
    cr_assert_str_eq(node->operation, "LSTM");
    cr_assert_str_eq(node->inputs[3], "B");
    cr_assert_str_eq(node->outputs[0], "");
    cr_assert_str_eq(node->outputs[1], "Y_h");
    cr_assert_eq(published_attribute(node, "hidden_size")->integer, 4);
    cr_assert_null(published_attribute(node, "layout"));
    cr_assert(!onnx_read_tensor(DATA "/node/test_lstm_with_initial_bias/test_data_set_0/input_1.pb", &w, why), "%s", why);
    cr_assert_str_eq(w.name, "W");
    cr_assert(w.rank == 3 && w.dims[0] == 1 && w.dims[1] == 16 && w.dims[2] == 3 && w.count == 48);
    cr_assert_float_eq(w.values[47], 0.1, 1e-8);
    onnx_free_tensor(&w);
    onnx_free_model(&model);
}

/* The three ways in which numbers are stored, written by hand: packed floats, single int32, packed int64. */
Test(onnx, reads_typed_data)
{
    static const unsigned char floats[] = { 0x0a, 1, 2, 0x10, 1, 0x22, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0 };
    static const unsigned char ints[] = { 0x08, 2, 0x10, 6, 0x28, 5, 0x28, 7 };
    static const unsigned char longs[] = { 0x08, 2, 0x10, 7, 0x3a, 11, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 };
    struct onnx_tensor tensor;
    cr_assert(!onnx_parse_tensor(floats, sizeof floats, &tensor, why), "%s", why);
    cr_assert(tensor.count == 2 && tensor.values[0] == 1 && tensor.values[1] == -2, "%g %g", tensor.values[0], tensor.values[1]);
    onnx_free_tensor(&tensor);
    cr_assert(!onnx_parse_tensor(ints, sizeof ints, &tensor, why), "%s", why);
    cr_assert(tensor.count == 2 && tensor.values[0] == 5 && tensor.values[1] == 7);
    onnx_free_tensor(&tensor);
    cr_assert(!onnx_parse_tensor(longs, sizeof longs, &tensor, why), "%s", why);
    cr_assert(tensor.count == 2 && tensor.values[0] == 3 && tensor.values[1] == -1);
    onnx_free_tensor(&tensor);
}

/* Each truncation and each changed byte, in memory that ends where the file ends. */
static void damage(const char *path)
{
    static struct onnx_model model;
    unsigned char whole[4096];
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    size_t length = fread(whole, 1, sizeof whole, file);
    fclose(file);
    for (size_t keep = 0; keep < 2 * length; keep++) {
        size_t size = keep < length ? keep : length;
        unsigned char *bytes = malloc(size + (size == 0));
        struct onnx_tensor tensor;
        memcpy(bytes, whole, size);
        if (keep >= length)
            bytes[keep - length] ^= 0xff;
        if (!onnx_parse_model(bytes, size, &model, why))
            onnx_free_model(&model);
        if (!onnx_parse_tensor(bytes, size, &tensor, why))
            onnx_free_tensor(&tensor);
        free(bytes);
    }
}

Test(onnx, survives_damage)
{
    if (!is_there())
        cr_skip_test("no " DATA);
    damage(DATA "/node/test_lstm_with_initial_bias/model.onnx");
    damage(DATA "/node/test_lstm_with_initial_bias/test_data_set_0/input_1.pb");
    damage(DATA "/pytorch-converted/test_Embedding/model.onnx");
    damage(DATA "/node/test_sce_mean/test_data_set_0/input_1.pb");
}

Test(onnx, refuses_a_tensor_with_too_few_elements)
{
    static const unsigned char bytes[] = { 0x08, 3, 0x10, 6, 0x28, 5, 0x28, 7 };
    struct onnx_tensor tensor;
    cr_assert(onnx_parse_tensor(bytes, sizeof bytes, &tensor, why));
    cr_assert_str_eq(why, "the number of elements is not that of the shape");
}
