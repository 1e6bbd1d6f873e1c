/* safetensors.h: any safetensors file, read and checked whole: for importers, and for weight files beneath
 * lstmc_weights_load. safetensors.c needs jansson.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_SAFETENSORS_H
#define LSTMC_SAFETENSORS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LSTMC_FILE_RANK_MAX 8

struct lstmc_message;

struct lstmc_file_tensor {
    const char *name;
    const char *dtype;              /* "F32", "I64", ...: a name of the format's list whose elements are whole bytes */
    int rank;
    size_t shape[LSTMC_FILE_RANK_MAX];
    size_t count;                   /* elements */
    size_t bytes;
    const unsigned char *data;      /* little-endian, row-major; not aligned */
};

struct lstmc_tensor_file {
    int count;
    struct lstmc_file_tensor *tensors;      /* in the order of their data */
    const char **metadata;                  /* pairs of key and value, ended by NULL */
    void *header;                           /* what the fields above point into */
    unsigned char *bytes;
};

/* Reads and checks everything: the header's length (at most 100 MB), first byte, UTF-8, JSON without duplicate keys, no
 * field but dtype, shape and data_offsets, sizes, offsets without holes, overlaps or trailing bytes. LSTMC_IO,
 * LSTMC_NO_MEMORY or LSTMC_BAD_FILE with a message that names file, tensor and what is wrong; `file` is empty then. */
int  lstmc_tensor_file_open(const char *path, struct lstmc_tensor_file *file, struct lstmc_message *message);
void lstmc_tensor_file_free(struct lstmc_tensor_file *file);

/* NULL if there is none of this name. */
const struct lstmc_file_tensor *lstmc_tensor_file_find(const struct lstmc_tensor_file *file, const char *name);

/* The metadata behind a key; NULL if there is none. */
const char *lstmc_tensor_file_value(const struct lstmc_tensor_file *file, const char *key);

/* Writes a whole file, by way of a temporary one, fsync and rename. Data is as the machine has it, of elements of 1, 4
 * or 8 bytes. A failure leaves the old file as it was. (safetensors_write.c) */
int lstmc_tensor_file_write(const char *path, const struct lstmc_file_tensor *tensors, int count,
                            const char *const *metadata, struct lstmc_message *message);

/* Copies an F32 tensor: `tensor->count` floats. */
void lstmc_file_tensor_floats(const struct lstmc_file_tensor *tensor, float *values);

#ifdef __cplusplus
}
#endif

#endif
