/* npy_write.c: in: floats and a shape.  out: an array file in numpy's format 1.0. */
#include "message.h"
#include "replace.h"

#include <stdio.h>
#include <string.h>

#define HEADER 128              /* bytes: data begins at a multiple of 64 */

struct array {
    const float *values;
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
        size_t n = array->count - done < sizeof chunk / 4 ? array->count - done : sizeof chunk / 4;
        for (size_t i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, &array->values[done + i], sizeof bits);
            for (int byte = 0; byte < 4; byte++)
                chunk[4 * i + (size_t)byte] = (unsigned char)(bits >> 8 * byte);
        }
        if (lstmc_write_all(descriptor, chunk, 4 * n))
            return -1;
        done += n;
    }
    return 0;
}

int lstmc_npy_write(const char *path, const float *values, int rank, const size_t *shape, struct lstmc_message *message)
{
    struct array array = { .values = values, .count = 1 };
    char extents[HEADER] = "";
    for (int i = 0; i < rank; i++) {
        array.count *= shape[i];
        snprintf(extents + strlen(extents), sizeof extents - strlen(extents), "%zu,%s", shape[i], i + 1 < rank ? " " : "");
    }
    memset(array.header, ' ', HEADER);
    memcpy(array.header, "\x93NUMPY\x01\x00\x76\x00", 10);
    int used = snprintf(array.header + 10, HEADER - 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", extents);
    if (used >= HEADER - 11)
        return lstmc_fail(message, LSTMC_MISMATCH, "%s: the shape (%s) is too long", path, extents);
    array.header[10 + used] = ' ';
    array.header[HEADER - 1] = '\n';
    return lstmc_replace_file(path, 0, write_array, &array, message);
}
