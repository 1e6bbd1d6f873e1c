/* contents.c: in: arrays and texts, one by one.  out: all of them, within their limits. */
#include "contents.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void *room(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        refuse("there is not enough memory for what it holds");
    return memory;
}

char *written(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = room((size_t)length + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

static void *grown(void *items, int count, int *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 64;
    void *more = realloc(items, (size_t)*capacity * size);
    if (!more)
        refuse("there is not enough memory for what it holds");
    return more;
}

static void count_bytes(Contents *contents, size_t bytes)
{
    if (bytes > CONTENTS_BYTES_MAX - contents->bytes)
        refuse("it holds more than %zu bytes", CONTENTS_BYTES_MAX);
    contents->bytes += bytes;
    if (contents->count + contents->text_count / 2 >= CONTENTS_ENTRIES_MAX)
        refuse("it holds more than %d arrays and texts", CONTENTS_ENTRIES_MAX);
}

void *contents_add(Contents *contents, const char *name, const char *dtype, size_t size, int rank, const size_t *shape)
{
    struct lstmc_file_tensor tensor = { .name = written("%s", name), .dtype = dtype, .rank = rank, .count = 1 };
    if (rank > LSTMC_FILE_RANK_MAX)
        refuse("%s has %d axes, more than %d", name, rank, LSTMC_FILE_RANK_MAX);
    for (int d = 0; d < rank; d++) {
        tensor.shape[d] = shape[d];
        if (shape[d] && tensor.count > CONTENTS_BYTES_MAX / size / shape[d])
            refuse("%s is larger than %zu bytes", name, CONTENTS_BYTES_MAX);
        tensor.count *= shape[d];
    }
    tensor.bytes = tensor.count * size;
    count_bytes(contents, tensor.bytes + strlen(name));
    void *data = room(tensor.bytes, 1);
    tensor.data = data;
    contents->tensors = grown(contents->tensors, contents->count, &contents->capacity, sizeof tensor);
    contents->tensors[contents->count++] = tensor;
    return data;
}

void contents_add_text(Contents *contents, const char *key, const char *value)
{
    count_bytes(contents, strlen(key) + strlen(value));
    for (int k = 0; k < 2; k++) {
        contents->texts = grown(contents->texts, contents->text_count, &contents->text_capacity,
                                sizeof *contents->texts);
        contents->texts[contents->text_count++] = written("%s", k ? value : key);
    }
}
