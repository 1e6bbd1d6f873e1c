/* weights.c: in: a model's weights, or a safetensors file of them.  out: the other. This object and safetensors.c are the only ones that
 * need jansson, so a program without weight files links neither. */
#include "lstmc.h"
#include "message.h"
#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH_BYTES 8
#define CHUNK 4096                  /* floats converted and written at a time */

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
    return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: %s: shape %s, but the model's is %s", path, weight->name, found_words, expected_words);
}

static int check_weight(const char *path, const struct lstmc_model *model, const struct lstmc_tensor *weight,
                        const struct lstmc_tensor_file *file, struct lstmc_message *message)
{
    const struct lstmc_file_tensor *tensor = lstmc_tensor_file_find(file, weight->name);
    if (!tensor)
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: %s of model \"%s\" is missing (%d tensors, the first is \"%.100s\")", path, weight->name,
                          model->name, file->count, file->count ? file->tensors[0].name : "");
    if (strcmp(tensor->dtype, "F32"))
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: %s: dtype %s, but only F32 is read", path, weight->name, tensor->dtype);
    return check_shape(path, weight, tensor, message);
}

static int is_weight(const struct lstmc_model *model, const char *name)
{
    for (int i = 0; i < model->weight_tensors; i++)
        if (!strcmp(model->weights[i].name, name))
            return 1;
    return 0;
}

static int check_weights(const char *path, const struct lstmc_model *model, const struct lstmc_tensor_file *file, struct lstmc_message *message)
{
    for (int i = 0; i < model->weight_tensors; i++) {
        int status = check_weight(path, model, &model->weights[i], file, message);
        if (status != LSTMC_OK)
            return status;
    }
    for (int i = 0; i < file->count; i++) {
            if (!is_weight(model, file->tensors[i].name))
            return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: tensor \"%.100s\" is no weight of model \"%s\"", path,
                              file->tensors[i].name, model->name);
    }
    return LSTMC_OK;
}

int lstmc_weights_load(const struct lstmc_model *model, float *weights, const char *path, struct lstmc_message *message)
{
    struct lstmc_tensor_file file;
    int status = lstmc_tensor_file_open(path, &file, message);
    if (status != LSTMC_OK)
        return status;
    status = check_weights(path, model, &file, message);
    for (int i = 0; status == LSTMC_OK && i < model->weight_tensors; i++)
        lstmc_file_tensor_floats(lstmc_tensor_file_find(&file, model->weights[i].name), weights + model->weights[i].offset);
    lstmc_tensor_file_free(&file);
    return status;
}

/* ---- writing ---- */

/* NULL if a text is not UTF-8, a key is taken already, or there is no memory. */
static json_t *metadata_json(const struct lstmc_model *model, const char *const *metadata)
{
    char fingerprint[17];
    snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)model->fingerprint);
    json_t *json = json_pack("{s:s, s:s, s:s}", "format", "lstmc", "model", model->name, "fingerprint", fingerprint);
    for (; json && metadata && metadata[0]; metadata += 2)
        if (json_object_get(json, metadata[0]) || json_object_set_new(json, metadata[0], json_string(metadata[1]))) {
            json_decref(json);
            return NULL;
        }
    return json;
}

static json_t *tensor_json(const struct lstmc_tensor *weight, size_t begin)
{
    json_t *shape = json_array();
    for (int axis = 0; axis < weight->rank; axis++)
        json_array_append_new(shape, json_integer(weight->shape[axis]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + weight->count * sizeof(float)));
}

/* The header's text without padding; free() it. NULL as above. */
static char *header_text(const struct lstmc_model *model, const char *const *metadata)
{
    json_t *header = json_object();
    int failed = json_object_set_new(header, "__metadata__", metadata_json(model, metadata));
    size_t begin = 0;
    for (int i = 0; !failed && i < model->weight_tensors; i++) {
        failed = json_object_set_new(header, model->weights[i].name, tensor_json(&model->weights[i], begin));
        begin += model->weights[i].count * sizeof(float);
    }
    char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    return text;
}

/* 0, or -1 with errno. */
static int write_all(int descriptor, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t written = write(descriptor, at, size);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

static void little_endian(unsigned char *bytes, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

static int write_floats(int descriptor, const float *values, size_t count)
{
    unsigned char chunk[CHUNK * sizeof(float)];
    while (count > 0) {
        size_t n = count < CHUNK ? count : CHUNK;
        for (size_t i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, &values[i], sizeof bits);
            little_endian(chunk + 4 * i, bits, 4);
        }
        if (write_all(descriptor, chunk, n * sizeof(float)))
            return -1;
        values += n;
        count -= n;
    }
    return 0;
}

static int write_contents(int descriptor, const struct lstmc_model *model, const float *weights, const char *header)
{
    size_t length = strlen(header), padding = (8 - length % 8) % 8;
    unsigned char prefix[LENGTH_BYTES];
    little_endian(prefix, length + padding, LENGTH_BYTES);
    int failed = write_all(descriptor, prefix, sizeof prefix) || write_all(descriptor, header, length) || write_all(descriptor, "       ", padding);
    for (int i = 0; !failed && i < model->weight_tensors; i++)
        failed = write_floats(descriptor, weights + model->weights[i].offset, model->weights[i].count);
    return failed || fsync(descriptor) ? -1 : 0;
}

/* A new file beside `path`, whose name is left in `name`; with the mode of the file that it will replace. */
static int open_beside(const char *path, char *name, size_t size)
{
    struct stat old;
    int exists = stat(path, &old) == 0, descriptor = -1;
    if (exists && !S_ISREG(old.st_mode)) {
        errno = S_ISDIR(old.st_mode) ? EISDIR : EINVAL;     /* a device would be replaced by a file */
        return -1;
    }
    if (exists && access(path, W_OK))
        return -1;
    for (int attempt = 0; descriptor < 0 && attempt < 100; attempt++) {
        snprintf(name, size, "%s.%ld.%d.tmp", path, (long)getpid(), attempt);
        descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST)
            return -1;
    }
    if (descriptor >= 0 && exists && fchmod(descriptor, old.st_mode & 0777)) {
        close(descriptor);
        unlink(name);
        return -1;
    }
    return descriptor;
}

/* The rename itself lasts only when the folder is on the disk. Some file systems cannot say so: EINVAL. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int descriptor = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    if (descriptor < 0)
        return -1;
    int failed = fsync(descriptor) && errno != EINVAL;
    close(descriptor);
    return failed ? -1 : 0;
}

/* 0, or -1 with errno and the old file as it was. */
static int replace_file(const struct lstmc_model *model, const float *weights, const char *path, const char *header)
{
    size_t size = strlen(path) + 40;
    char *name = malloc(size);
    int descriptor = name ? open_beside(path, name, size) : -1;
    if (descriptor < 0) {
        free(name);
        return -1;
    }
    int failed = write_contents(descriptor, model, weights, header), error = errno;
    if (close(descriptor) && !failed) {
        failed = -1;
        error = errno;
    }
    if (!failed && rename(name, path)) {
        failed = -1;
        error = errno;
    }
    if (failed)
        unlink(name);
    free(name);
    errno = error;
    return failed;
}

int lstmc_weights_save(const struct lstmc_model *model, const float *weights, const char *path,
                       const char *const *metadata, struct lstmc_message *message)
{
    char *header = header_text(model, metadata);
    if (!header)
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: metadata that is not UTF-8, or has a key twice (format, model and fingerprint are taken)", path);
    char *real = realpath(path, NULL);          /* a link stays a link */
    const char *place = real ? real : path;
    int failed = replace_file(model, weights, place, header), status = LSTMC_OK;
    int error = errno;
    if (failed)
        status = lstmc_fail(message, LSTMC_IO, "%.250s: cannot be written: %s (nothing was changed)", path, strerror(error));
    else if (sync_folder(place)) {
        error = errno;
        status = lstmc_fail(message, LSTMC_IO, "%.250s: written, but its folder could not be synchronised: %s", path, strerror(error));
    }
    free(real);
    free(header);
    errno = error;
    return status;
}
