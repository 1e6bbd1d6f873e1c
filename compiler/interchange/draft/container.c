/* container.c: in: the path of an HDF5 file or a zip archive.  out: what lstmc-container, which stands beside lstmc,
 * has found in it. */
#include "container.h"
#include "exported.h"
#include "compiler/base/beside.h"
#include "compiler/base/run.h"

#include "runtime/files/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "lstmc-container"

/* Runs the helper in a folder of its own; false with a diagnostic. */
static bool run_helper(Arena *arena, Diagnostics *diagnostics, const char *path, const char *folder, char *verb,
                       char *in, char *out)
{
    const char *log = arena_format(arena, "%s/log", folder);
    const char *helper = beside_program(arena, PROGRAM);        /* else as PATH says */
    char *words[] = { (char *)(helper ? helper : PROGRAM), verb, in, out, NULL };
    int status = run(words, log, folder);
    char *line = run_said(arena, log, 400);
    line[strcspn(line, "\r\n")] = 0;
    remove(log);
    if (status == 127)
        diagnostics_add(diagnostics, path, 0, "%s, the program for such files, is not beside lstmc", PROGRAM);
    else if (status)
        diagnostics_add(diagnostics, path, 0, "%s", *line ? printable_text(arena, line)
                        : "is damaged: whoever reads it comes to no end, or is ended by one of its limits");
    return status == 0;
}

static bool unpack(Arena *arena, Diagnostics *diagnostics, const char *path, const char *folder,
                   struct lstmc_tensor_file *contents)
{
    char *out = arena_format(arena, "%s/contents", folder);
    struct lstmc_message message;
    bool ran = run_helper(arena, diagnostics, path, folder, "read", (char *)path, out);
    bool done = ran && !lstmc_tensor_file_open(out, contents, &message);
    if (ran && !done)
        diagnostics_add(diagnostics, path, 0, "what is in it cannot be read: %s", message.text);
    remove(out);
    return done;
}

static bool pack(Arena *arena, Diagnostics *diagnostics, const char *path, const char *folder,
                 const struct lstmc_file_tensor *tensors, int count, const char *const *metadata)
{
    const char *dot = strrchr(path, '.');
    char *in = arena_format(arena, "%s/contents", folder);
    char *out = arena_format(arena, "%s/packed%s", folder, dot && !strchr(dot, '/') ? dot : "");
    struct lstmc_message message;
    bool good = !lstmc_tensor_file_write(in, tensors, count, metadata, &message);
    if (!good)
        diagnostics_add(diagnostics, path, 0, "%s", message.text);
    good = good && run_helper(arena, diagnostics, path, folder, "write", in, out);
    if (good) {
        unsigned char *bytes;
        size_t length;
        good = !lstmc_file_read(out, &bytes, &length, &message);
        if (!good)
            diagnostics_add(diagnostics, path, 0, "%s", message.text);
        good = good && write_exported(diagnostics, &(FileText){ path, (char *)bytes, length }, 1);
        free(bytes);
    }
    remove(in);
    remove(out);
    return good;
}

/* A folder of its own for the helper; NULL with a diagnostic. To be closed again. */
static const char *open_folder(Arena *arena, Diagnostics *diagnostics, const char *path)
{
    run_begin();
    const char *folder = run_folder(arena);
    if (folder)
        return folder;
    diagnostics_add(diagnostics, path, 0, "no temporary folder: %s", strerror(errno));
    run_end();
    return NULL;
}

static void close_folder(const char *folder)
{
    rmdir(folder);
    run_end();
}

bool container_write(Arena *arena, Diagnostics *diagnostics, const char *path, const struct lstmc_file_tensor *tensors,
                     int count, const char *const *metadata)
{
    const char *folder = open_folder(arena, diagnostics, path);
    bool done = folder && pack(arena, diagnostics, path, folder, tensors, count, metadata);
    if (folder)
        close_folder(folder);
    return done;
}

bool container_read(Arena *arena, Diagnostics *diagnostics, const char *path, struct lstmc_tensor_file *contents)
{
    *contents = (struct lstmc_tensor_file){ 0 };
    const char *folder = open_folder(arena, diagnostics, path);
    bool done = folder && unpack(arena, diagnostics, path, folder, contents);
    if (folder)
        close_folder(folder);
    return done;
}

const char *container_text(Arena *arena, const struct lstmc_tensor_file *contents, const char *name)
{
    const struct lstmc_file_tensor *entry = lstmc_tensor_file_find(contents, name);
    if (!entry || strcmp(entry->dtype, "U8"))
        return NULL;
    char *text = arena_alloc(arena, entry->bytes + 1);
    memcpy(text, entry->data, entry->bytes);
    return text;
}
