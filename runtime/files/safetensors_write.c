/* safetensors_write.c: in: tensors and metadata.  out: a safetensors file, in whole or not at all. */
#include "runtime/base/message.h"
#include "replace.h"
#include "runtime/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES 8
#define CHUNK 4096                  /* elements converted and written at a time */

struct contents {
    const struct lstmc_file_tensor *tensors;
    int count;
    const char *header;
};

/* ---- the header ---- */

/* NULL if a text is not UTF-8, a key is there twice, or there is no memory. */
static json_t *metadata_json(const char *const *metadata)
{
    json_t *json = json_object();
    for (; json && metadata && metadata[0]; metadata += 2)
        if (json_object_get(json, metadata[0]) || json_object_set_new(json, metadata[0], json_string(metadata[1]))) {
            json_decref(json);
            return NULL;
        }
    return json;
}

static json_t *tensor_json(const struct lstmc_file_tensor *tensor, size_t begin)
{
    json_t *shape = json_array();
    for (int axis = 0; axis < tensor->rank; axis++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[axis]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor->dtype, "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + tensor->bytes));
}

/* The header's text without padding; free() it. NULL as above. */
static char *header_text(const struct lstmc_file_tensor *tensors, int count, const char *const *metadata)
{
    json_t *header = json_object();
    int failed = json_object_set_new(header, "__metadata__", metadata_json(metadata));
    size_t begin = 0;
    for (int i = 0; !failed && i < count; i++) {
        failed = json_object_set_new(header, tensors[i].name, tensor_json(&tensors[i], begin));
        begin += tensors[i].bytes;
    }
    char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    return text;
}

/* ---- the bytes ---- */

static void little_endian(unsigned char *bytes, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

/* An element as the machine has it, as a number. */
static uint64_t element_bits(const unsigned char *data, size_t size)
{
    uint32_t four;
    uint64_t eight;
    if (size == 8)
        return memcpy(&eight, data, 8), eight;
    if (size == 4)
        return memcpy(&four, data, 4), four;
    return *data;
}

static int write_tensor(int descriptor, const struct lstmc_file_tensor *tensor)
{
    unsigned char chunk[CHUNK * 8];
    size_t size = tensor->count ? tensor->bytes / tensor->count : 1;
    for (size_t done = 0; done < tensor->count;) {
        size_t n = tensor->count - done < CHUNK ? tensor->count - done : CHUNK;
        for (size_t i = 0; i < n; i++)
            little_endian(chunk + size * i, element_bits(tensor->data + (done + i) * size, size), size);
        if (lstmc_write_all(descriptor, chunk, n * size))
            return -1;
        done += n;
    }
    return 0;
}

static int write_contents(int descriptor, const void *context)
{
    const struct contents *contents = context;
    size_t length = strlen(contents->header), padding = (8 - length % 8) % 8;
    unsigned char prefix[LENGTH_BYTES];
    little_endian(prefix, length + padding, LENGTH_BYTES);
    int failed = lstmc_write_all(descriptor, prefix, sizeof prefix) ||
                 lstmc_write_all(descriptor, contents->header, length) ||
                 lstmc_write_all(descriptor, "       ", padding);
    for (int i = 0; !failed && i < contents->count; i++)
        failed = write_tensor(descriptor, &contents->tensors[i]);
    return failed ? -1 : 0;
}

int lstmc_tensor_file_write(const char *path, const struct lstmc_file_tensor *tensors, int count,
                            const char *const *metadata, struct lstmc_message *message)
{
    char *header = header_text(tensors, count, metadata);
    if (!header)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: metadata that is not UTF-8, or has a key twice (format, model and fingerprint are "
                          "taken)",
                          path);
    struct contents contents = { tensors, count, header };
    int status = lstmc_replace_file(path, 1, write_contents, &contents, message);
    free(header);
    return status;
}
