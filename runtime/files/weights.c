/* weights.c: in: a model's weights, or a safetensors file of them.  out: the other. */
#include "runtime/lstmc.h"
#include "runtime/base/message.h"
#include "model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static void shape_words(char *words, size_t size, int rank, const size_t *extents)
{
    size_t used = (size_t)snprintf(words, size, "(");
    for (int axis = 0; axis < rank && used < size; axis++)
        used += (size_t)snprintf(words + used, size - used, axis ? ", %zu" : "%zu", extents[axis]);
    if (used < size)
        snprintf(words + used, size - used, ")");
}

static int check_shape(const char *path, const struct lstmc_tensor *weight, const struct lstmc_file_tensor *tensor,
                       struct lstmc_message *message)
{
    size_t expected[LSTMC_RANK_MAX];
    int same = tensor->rank == weight->rank;
    for (int axis = 0; axis < weight->rank; axis++) {
        expected[axis] = (size_t)weight->shape[axis];
        same = same && tensor->shape[axis] == expected[axis];
    }
    if (same)
        return LSTMC_OK;
    char found_words[100], expected_words[100];
    shape_words(found_words, sizeof found_words, tensor->rank, tensor->shape);
    shape_words(expected_words, sizeof expected_words, weight->rank, expected);
    return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: %s: shape %s, but the model's is %s", path, weight->name,
                      found_words, expected_words);
}

static int check_weight(const char *path, const struct lstmc_model *model, const struct lstmc_tensor *weight,
                        const struct lstmc_tensor_file *file, struct lstmc_message *message)
{
    const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(file, weight->name);
    if (!tensor)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: %s of model \"%s\" is missing (%d tensors, the first is \"%.100s\")", path,
                          weight->name, model->name, file->count, file->count ? file->tensors[0].name : "");
    if (strcmp(tensor->dtype, "F32"))
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: %s: dtype %s, but only F32 is read", path, weight->name,
                          tensor->dtype);
    return check_shape(path, weight, tensor, message);
}

static int is_weight(const struct lstmc_model *model, const char *name)
{
    for (int i = 0; i < model->weight_tensors; i++)
        if (!strcmp(model->weights[i].name, name))
            return 1;
    return 0;
}

static int check_weights(const char *path, const struct lstmc_model *model, const struct lstmc_tensor_file *file,
                         struct lstmc_message *message)
{
    for (int i = 0; i < model->weight_tensors; i++) {
        int status = check_weight(path, model, &model->weights[i], file, message);
        if (status != LSTMC_OK)
            return status;
    }
    for (int i = 0; i < file->count; i++) {
        if (!is_weight(model, file->tensors[i].name) &&
            strncmp(file->tensors[i].name, LSTMC_TRAINING_PREFIX, strlen(LSTMC_TRAINING_PREFIX)))
            return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: tensor \"%.100s\" is no weight of model \"%s\"", path,
                              file->tensors[i].name, model->name);
    }
    return LSTMC_OK;
}

/* The first element of an F32 tensor that is a NaN or an infinity, whose exponents are all ones; `count` if there is
 * none. */
static size_t first_not_finite(const struct lstmc_file_tensor *tensor)
{
    size_t i = 0;
    while (i < tensor->count && ((tensor->data[4 * i + 3] & 0x7f) != 0x7f || !(tensor->data[4 * i + 2] & 0x80)))
        i++;
    return i;
}

int lstmc_weights_check(const struct lstmc_model *model, const struct lstmc_tensor_file *file, const char *path,
                        struct lstmc_message *message)
{
    int status = check_weights(path, model, file, message);
    for (int i = 0; status == LSTMC_OK && i < model->weight_tensors; i++) {
        const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(file, model->weights[i].name);
        size_t index = first_not_finite(tensor);
        if (index < tensor->count)
            status = lstmc_fail(message, LSTMC_MISMATCH, "%.250s: %s, element %zu (from 0) is not a finite number",
                                path, tensor->name, index);
    }
    return status;
}

int lstmc_weights_take(const struct lstmc_model *model, float *weights, const struct lstmc_tensor_file *file,
                       const char *path, struct lstmc_message *message)
{
    int status = check_weights(path, model, file, message);
    for (int i = 0; status == LSTMC_OK && i < model->weight_tensors; i++)
        lstmc_file_tensor_floats(lstmc_tensor_file_find(file, model->weights[i].name),
                                 weights + model->weights[i].offset);
    return status;
}

int lstmc_weights_load(const struct lstmc_model *model, float *weights, const char *path, struct lstmc_message *message)
{
    struct lstmc_tensor_file file;
    int status = lstmc_tensor_file_open(path, &file, message);
    if (status != LSTMC_OK)
        return status;
    status = lstmc_weights_take(model, weights, &file, path, message);
    lstmc_tensor_file_free(&file);
    return status;
}

/* ---- writing ---- */

static struct lstmc_file_tensor weight_tensor(const struct lstmc_tensor *weight, const float *weights)
{
    struct lstmc_file_tensor tensor = { .name = weight->name,
                                        .dtype = "F32",
                                        .rank = weight->rank,
                                        .count = weight->count,
                                        .bytes = weight->count * sizeof(float),
                                        .data = (const unsigned char *)(weights + weight->offset) };
    for (int axis = 0; axis < weight->rank; axis++)
        tensor.shape[axis] = (size_t)weight->shape[axis];
    return tensor;
}

/* What every file about a model says, with `more` pairs (or NULL) behind it; a fingerprint of 0 is none. NULL if there
 * is no memory. The texts of the pairs are those of the caller. */
static const char **model_metadata(const struct lstmc_model *model, const char *fingerprint, const char *const *more)
{
    size_t others = 0;
    while (more && more[others])
        others += 2;
    const char **pairs = calloc(others + 7, sizeof *pairs);
    const char *const own[] = { "format", "lstmc", "model", model->name, "fingerprint", fingerprint };
    size_t own_count = model->fingerprint ? 6 : 4;
    if (!pairs)
        return NULL;
    memcpy(pairs, own, own_count * sizeof *pairs);
    if (others)
        memcpy(pairs + own_count, more, others * sizeof *pairs);
    return pairs;
}

int lstmc_model_file_write(const struct lstmc_model *model, const float *weights, const struct lstmc_file_tensor *more,
                           int more_count, const char *path, const char *const *metadata, struct lstmc_message *message)
{
    const struct lstmc_fingerprint fingerprint = lstmc_fingerprint(model);
    const char **pairs = model_metadata(model, fingerprint.text, metadata);
    struct lstmc_file_tensor *tensors = calloc((size_t)(model->weight_tensors + more_count + 1), sizeof *tensors);
    int status = LSTMC_NO_MEMORY;
    if (pairs && tensors) {
        for (int i = 0; i < model->weight_tensors; i++)
            tensors[i] = weight_tensor(&model->weights[i], weights);
        if (more_count)
            memcpy(tensors + model->weight_tensors, more, (size_t)more_count * sizeof *tensors);
        status = lstmc_tensor_file_write(path, tensors, model->weight_tensors + more_count, pairs, message);
    } else
        lstmc_fail_memory(message, path);
    free(tensors);
    free(pairs);
    return status;
}

int lstmc_weights_save(const struct lstmc_model *model, const float *weights, const char *path,
                       const char *const *metadata, struct lstmc_message *message)
{
    return lstmc_model_file_write(model, weights, NULL, 0, path, metadata, message);
}
