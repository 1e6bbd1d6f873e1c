/* contents.h: what is in a file of files: arrays by their paths, texts by their keys. It becomes a safetensors file:
 * the arrays are its tensors, the texts its metadata. */
#ifndef CONTENTS_H
#define CONTENTS_H

#include "runtime/lstmc.h"
#include "runtime/safetensors.h"

#include <stddef.h>

typedef struct Contents {
    struct lstmc_file_tensor *tensors;
    int count, capacity;
    const char **texts;         /* pairs of key and value */
    int text_count, text_capacity;
    size_t bytes;               /* of all arrays and texts */
} Contents;

/* The most that a file may hold, however well it is compressed. */
#define CONTENTS_BYTES_MAX ((size_t)4 << 30)
#define CONTENTS_ENTRIES_MAX 100000

/* Room for an array of the safetensors type `dtype`, whose elements have `size` bytes. The name is copied. */
void *contents_add(Contents *contents, const char *name, const char *dtype, size_t size, int rank, const size_t *shape);

/* Both are copied. */
void contents_add_text(Contents *contents, const char *key, const char *value);

/* A line on standard error, and the end of the program with status 1. */
void refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Zeroed memory, of which there is always enough, or the program ends; freed with it. */
void *room(size_t count, size_t size);
char *written(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A readable HDF5 file (hdf5_read.c), in memory or, without an image, at its path. Arrays of numbers become F32 or I64,
 * named by their paths, "layers/lstm/cell/vars/0", also where the file has backslashes between the groups. Attributes
 * become texts "PATH@NAME", and arrays of texts "PATH": JSON. Links to other files, links that close a circle, arrays
 * that lie in other files or need a plugin are refused. */
void hdf5_read(const char *path, void *image, size_t length, Contents *contents);

/* A zip archive (zip_read.c): each entry becomes an array of bytes of its name; an entry NAME.h5 what is in it. */
void zip_read(const char *path, Contents *contents);

/* The other way: F32 arrays become arrays at their paths, metadata "PATH@NAME" attributes, "PATH@" a group
 * (hdf5_write.c). With a length it is made in memory and returned, else written to the path. */
unsigned char *hdf5_write(const struct lstmc_tensor_file *from, const char *path, size_t *length);

/* U8 arrays become entries, all else the entry model.weights.h5, an HDF5 file (zip_write.c). */
void zip_write(const struct lstmc_tensor_file *from, const char *path);

#endif
