/* safetensors.c: in: a path.  out: the tensors of a safetensors file, every byte of it accounted for, or the reason why
 * not in words. The file: 8 bytes of header length, little-endian; a JSON object of name -> dtype, shape, data_offsets;
 * the data without gaps. */
#include "runtime/safetensors.h"
#include "file.h"
#include "runtime/base/message.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES 8
#define HEADER_MAX 100000000        /* bytes: the limit of the format's own reader */

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
    { "F32", 4 },  { "F64", 8 }, { "F16", 2 },     { "BF16", 2 },    { "I64", 8 },     { "I32", 4 },
    { "I16", 2 },  { "I8", 1 },  { "U64", 8 },     { "U32", 4 },     { "U16", 2 },     { "U8", 1 },
    { "BOOL", 1 }, { "C64", 8 }, { "F8_E4M3", 1 }, { "F8_E5M2", 1 }, { "F8_E8M0", 1 },
};

/* What the checks need to find and to say. */
struct reader {
    const char *path;
    struct lstmc_message *message;
    struct lstmc_tensor_file *file;
    const unsigned char *data;
    size_t data_bytes;
};

static int bad_file(const struct reader *reader, const char *what)
{
    return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%.250s: %s", reader->path, what);
}

static int bad_tensor(const struct reader *reader, const char *name, const char *what)
{
    return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%.250s: tensor \"%.100s\": %s", reader->path, name, what);
}

static int no_memory(const struct reader *reader)
{
    return lstmc_fail_memory(reader->message, reader->path);
}

/* A JSON integer >= 0 that fits a size. */
static int read_size(const json_t *json, size_t *size)
{
    if (!json_is_integer(json))
        return 0;
    json_int_t value = json_integer_value(json);
    *size = (size_t)value;
    return value >= 0 && (json_int_t)*size == value;
}

static int read_shape(const struct reader *reader, const json_t *json, struct lstmc_file_tensor *tensor)
{
    if (!json_is_array(json))
        return bad_tensor(reader, tensor->name, "shape is missing, or no array");
    if (json_array_size(json) > LSTMC_FILE_RANK_MAX)
        return bad_tensor(reader, tensor->name, "shape has more than 8 axes");
    tensor->rank = (int)json_array_size(json);
    tensor->count = 1;
    for (int axis = 0; axis < tensor->rank; axis++) {
        size_t extent;
        if (!read_size(json_array_get(json, (size_t)axis), &extent))
            return bad_tensor(reader, tensor->name, "shape holds something that is not a size");
        if (extent != 0 && tensor->count > SIZE_MAX / extent)
            return bad_tensor(reader, tensor->name, "shape has too many elements to count");
        tensor->shape[axis] = extent;
        tensor->count *= extent;
    }
    return LSTMC_OK;
}

static int read_dtype(const struct reader *reader, const json_t *json, struct lstmc_file_tensor *tensor,
                      size_t *element)
{
    tensor->dtype = json_string_value(json);
    if (!tensor->dtype)
        return bad_tensor(reader, tensor->name, "dtype is missing, or no text");
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(dtypes[i].name, tensor->dtype)) {
            *element = dtypes[i].bytes;
            return LSTMC_OK;
        }
    return bad_tensor(reader, tensor->name, "unknown dtype");
}

static int read_offsets(const struct reader *reader, const json_t *json, struct lstmc_file_tensor *tensor,
                        size_t element)
{
    size_t begin, end;
    if (json_array_size(json) != 2 || !read_size(json_array_get(json, 0), &begin) ||
        !read_size(json_array_get(json, 1), &end))
        return bad_tensor(reader, tensor->name, "data_offsets is missing, or not two sizes");
    if (begin > end || end > reader->data_bytes)
        return bad_tensor(reader, tensor->name,
                          begin > end ? "data_offsets end before they begin" : "data_offsets end behind the file");
    tensor->bytes = end - begin;
    tensor->data = reader->data + begin;
    if (tensor->bytes / element != tensor->count || tensor->bytes % element != 0)
        return bad_tensor(reader, tensor->name, "data_offsets do not agree with dtype and shape");
    return LSTMC_OK;
}

static int read_tensor(const struct reader *reader, const char *name, json_t *json, struct lstmc_file_tensor *tensor)
{
    tensor->name = name;
    if (!json_is_object(json))
        return bad_tensor(reader, name, "its entry is no object");
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value)
        if (strcmp(key, "dtype") && strcmp(key, "shape") && strcmp(key, "data_offsets"))
            return bad_tensor(reader, name, "a field that is not dtype, shape or data_offsets");
    size_t element = 1;
    int status = read_dtype(reader, json_object_get(json, "dtype"), tensor, &element);
    if (status == LSTMC_OK)
        status = read_shape(reader, json_object_get(json, "shape"), tensor);
    if (status == LSTMC_OK)
        status = read_offsets(reader, json_object_get(json, "data_offsets"), tensor, element);
    return status;
}

static int read_metadata(const struct reader *reader, json_t *json)
{
    if (json && !json_is_object(json))
        return bad_file(reader, "__metadata__ is no object");
    const char **pair = calloc(2 * json_object_size(json) + 1, sizeof *pair);
    if (!pair)
        return no_memory(reader);
    reader->file->metadata = pair;
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) {
        if (!json_is_string(value))
            return bad_file(reader, "__metadata__ holds something that is not a text");
        *pair++ = key;
        *pair++ = json_string_value(value);
    }
    return LSTMC_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct lstmc_file_tensor *first = a, *second = b;
    if (first->data != second->data)
        return first->data < second->data ? -1 : 1;
    return (first->bytes > second->bytes) - (first->bytes < second->bytes);
}

/* Sorts the tensors by place; each must begin where the one before ends, and the last end with the file. */
static int check_places(const struct reader *reader)
{
    struct lstmc_tensor_file *file = reader->file;
    qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, by_place);
    const unsigned char *end = reader->data;
    for (int i = 0; i < file->count; i++) {
        const struct lstmc_file_tensor *tensor = &file->tensors[i];
        if (tensor->data != end)
            return bad_tensor(reader, tensor->name,
                              tensor->data < end ? "its data overlap another tensor's" : "a hole before its data");
        end += tensor->bytes;
    }
    if (end != reader->data + reader->data_bytes)
        return bad_file(reader, "bytes behind the last tensor");
    return LSTMC_OK;
}

static int read_entries(const struct reader *reader, json_t *header)
{
    struct lstmc_tensor_file *file = reader->file;
    int status = read_metadata(reader, json_object_get(header, "__metadata__"));
    if (status != LSTMC_OK)
        return status;
    file->tensors = calloc(json_object_size(header) + 1, sizeof *file->tensors);
    if (!file->tensors)
        return no_memory(reader);
    const char *name;
    json_t *entry;
    json_object_foreach(header, name, entry) {
        if (!strcmp(name, "__metadata__"))
            continue;
        status = read_tensor(reader, name, entry, &file->tensors[file->count]);
        if (status != LSTMC_OK)
            return status;
        file->count++;
    }
    return check_places(reader);
}

static int read_header(struct reader *reader, size_t size)
{
    const unsigned char *bytes = reader->file->bytes;
    uint64_t length = 0;
    if (size < LENGTH_BYTES)
        return bad_file(reader, "no safetensors file: shorter than 8 bytes");
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | bytes[i];
    if (length > HEADER_MAX || length > size - LENGTH_BYTES)
        return bad_file(reader, "no safetensors file: the header's length is longer than the file or than 100 MB");
    if (length == 0 || bytes[LENGTH_BYTES] != '{')
        return bad_file(reader, "no safetensors file: the header does not begin with {");
    reader->data = bytes + LENGTH_BYTES + length;
    reader->data_bytes = size - LENGTH_BYTES - (size_t)length;

    json_error_t error;
    json_t *header = json_loadb((const char *)bytes + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!header) {
        if (json_error_code(&error) == json_error_out_of_memory)
            return no_memory(reader);
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%.250s: header, byte %d: %s", reader->path, error.position,
                          error.text);
    }
    reader->file->header = header;
    return read_entries(reader, header);
}

int lstmc_tensor_file_open(const char *path, struct lstmc_tensor_file *file, struct lstmc_message *message)
{
    memset(file, 0, sizeof *file);
    size_t size;
    int status = lstmc_file_read(path, &file->bytes, &size, message);
    if (status != LSTMC_OK)
        return status;
    struct reader reader = { path, message, file, NULL, 0 };
    status = read_header(&reader, size);
    if (status != LSTMC_OK)
        lstmc_tensor_file_free(file);
    return status;
}

void lstmc_tensor_file_free(struct lstmc_tensor_file *file)
{
    free(file->tensors);
    free(file->metadata);
    json_decref(file->header);
    free(file->bytes);
    memset(file, 0, sizeof *file);
}

const char *lstmc_tensor_file_value(const struct lstmc_tensor_file *file, const char *key)
{
    for (const char **pair = file->metadata; pair && pair[0]; pair += 2)
        if (!strcmp(pair[0], key))
            return pair[1];
    return NULL;
}

const struct lstmc_file_tensor *lstmc_tensor_file_find(const struct lstmc_tensor_file *file, const char *name)
{
    for (int i = 0; i < file->count; i++)
        if (!strcmp(file->tensors[i].name, name))
            return &file->tensors[i];
    return NULL;
}

void lstmc_file_tensor_floats(const struct lstmc_file_tensor *tensor, float *values)
{
    for (size_t i = 0; i < tensor->count; i++) {
        const unsigned char *b = tensor->data + 4 * i;
        uint32_t bits = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        memcpy(&values[i], &bits, sizeof bits);
    }
}
