/* npy_write.c: in: numbers and a shape.  out: an array file in numpy's format 1.0. */
#include "runtime/base/message.h"
#include "runtime/files/replace.h"

#include <stdio.h>
#include <string.h>

#define HEADER 128              /* bytes: data begins at a multiple of 64 */

struct array {
    const void *values;
    size_t bytes;               /* of a number: 4 or 8 */
    size_t count;
    char header[HEADER];
};

static int write_array(int descriptor, const void *context)
{
    const struct array *array = context;
    unsigned char chunk[4096];
    if (lstmc_write_all(descriptor, array->header, HEADER))
        return -1;
    for (size_t done = 0; done < array->count;) {
        size_t size = array->bytes,
               n = array->count - done < sizeof chunk / size ? array->count - done : sizeof chunk / size;
        for (size_t i = 0; i < n; i++) {
            uint32_t low;
            uint64_t bits;
            memcpy(&low, (const char *)array->values + (done + i) * size, sizeof low);
            if (size == sizeof bits)
                memcpy(&bits, (const char *)array->values + (done + i) * size, sizeof bits);
            else
                bits = low;
            for (size_t byte = 0; byte < size; byte++)
                chunk[size * i + byte] = (unsigned char)(bits >> 8 * byte);
        }
        if (lstmc_write_all(descriptor, chunk, size * n))
            return -1;
        done += n;
    }
    return 0;
}

static int write_numbers(const char *path, const void *values, size_t bytes, int rank, const size_t *shape,
                         struct lstmc_message *message)
{
    struct array array = { .values = values, .bytes = bytes, .count = 1 };
    char extents[HEADER] = "";
    for (int i = 0; i < rank; i++) {
        array.count *= shape[i];
        snprintf(extents + strlen(extents), sizeof extents - strlen(extents), "%zu,%s", shape[i],
                 i + 1 < rank ? " " : "");
    }
    memset(array.header, ' ', HEADER);
    memcpy(array.header, "\x93NUMPY\x01\x00\x76\x00", 10);
    int used = snprintf(array.header + 10, HEADER - 10, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%s), }",
                        (int)bytes, extents);
    if (used >= HEADER - 11)
        return lstmc_fail(message, LSTMC_MISMATCH, "%s: the shape (%s) is too long", path, extents);
    array.header[10 + used] = ' ';
    array.header[HEADER - 1] = '\n';
    return lstmc_replace_file(path, 0, write_array, &array, message);
}

int lstmc_npy_write(const char *path, const float *values, int rank, const size_t *shape, struct lstmc_message *message)
{
    return write_numbers(path, values, sizeof *values, rank, shape, message);
}

int lstmc_npy_write_double(const char *path, const double *values, int rank, const size_t *shape,
                           struct lstmc_message *message)
{
    return write_numbers(path, values, sizeof *values, rank, shape, message);
}
