/* external.c: in: what a model says of a file that has its numbers.  out: that part of the file, if it stands in the
 * model's own folder, or below: a model from elsewhere must not say what else of this machine is read. */
#include "onnx.h"

#include "runtime/files/file.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BYTES_MAX ((size_t)2 << 30)

static bool climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")); at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2]))
            return true;
    return *path == '/' || !*path;
}

/* Where links lead is looked at as well. */
static bool lies_below(const char *folder, const char *path)
{
    char real_folder[PATH_MAX], real_path[PATH_MAX];
    size_t length;
    if (!realpath(folder, real_folder) || !realpath(path, real_path))
        return false;
    length = strlen(real_folder);
    return !strncmp(real_folder, real_path, length) && (real_path[length] == '/' || !strcmp(real_folder, "/"));
}

static unsigned char *read_part(Arena *arena, FILE *file, size_t offset, size_t length, const char **why)
{
    struct stat info;
    if (fstat(fileno(file), &info)) {
        *why = "cannot be read";
        return NULL;
    }
    size_t size = (size_t)info.st_size;
    if (!length)
        length = offset < size ? size - offset : 0;
    if (offset > size || length > size - offset || length > BYTES_MAX) {
        *why = "is shorter than the model says";
        return NULL;
    }
    unsigned char *bytes = arena_alloc(arena, length + 1);
    if (!fseek(file, (long)offset, SEEK_SET) && fread(bytes, 1, length, file) == length)
        return bytes;
    *why = "cannot be read";
    return NULL;
}

unsigned char *onnx_external(Arena *arena, const char *model, const char *location, size_t offset, size_t length,
                             const char **why)
{
    const char *folder = dirname(arena_copy_text(arena, model));
    const char *path = arena_format(arena, "%s/%s", folder, location);
    *why = NULL;
    if (climbs(location)) {
        *why = "is not in the folder of the model, and is not read";
        return NULL;
    }
    int descriptor = lstmc_file_open(path, NULL);           /* a pipe would be waited for */
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
    if (!file)
        *why = "cannot be opened";
    else if (!lies_below(folder, path))
        *why = "leads out of the folder of the model, and is not read";
    unsigned char *bytes = file && !*why ? read_part(arena, file, offset, length, why) : NULL;
    if (file)
        fclose(file);
    return bytes;
}
