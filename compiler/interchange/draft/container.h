/* container.h: HDF5 files and zip archives, read in a process of its own (container/). */
#ifndef CONTAINER_H
#define CONTAINER_H

#include "compiler/base/diag.h"

#include "runtime/safetensors.h"

/* What is in it, as tensors and metadata; free it by lstmc_tensor_file_free. False with a diagnostic. */
bool container_read(Arena *arena, Diagnostics *diagnostics, const char *path, struct lstmc_tensor_file *contents);

/* The other way: an HDF5 file, or an archive if the path ends with .keras: F32 tensors are arrays at their paths, U8
 * entries, metadata "PATH@NAME" attributes as JSON, "PATH@" groups. False with a diagnostic, and nothing written. */
bool container_write(Arena *arena, Diagnostics *diagnostics, const char *path, const struct lstmc_file_tensor *tensors,
                     int count, const char *const *metadata);

/* The entry of an archive as a text; NULL if there is none. */
const char *container_text(Arena *arena, const struct lstmc_tensor_file *contents, const char *name);

#endif
