/* container.c: in: the path of an HDF5 file or a zip archive.  out: what lstmc-container, which stands beside lstmc,
 * has found in it. */
#include "container.h"
#include "compiler/base/run.h"

#include "runtime/lstmc.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "lstmc-container"

/* Beside the running program, or where a program that was installed has its helpers. */
static const char *helper(Arena *arena)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = 0;
    static const char *const places[] = { "", "../libexec/lstmc/", "../" };
    const char *folder = dirname(self);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *path = arena_format(arena, "%s/%s" PROGRAM, folder, places[i]);
        if (!access(path, X_OK))
            return path;
    }
    return PROGRAM;                             /* as PATH says */
}

static char *first_line(Arena *arena, const char *path)
{
    char *text = arena_alloc(arena, 401);
    FILE *file = fopen(path, "r");
    if (file) {
        text[fread(text, 1, 400, file)] = 0;
        fclose(file);
    }
    text[strcspn(text, "\r\n")] = 0;
    return text;
}

static bool unpack(Arena *arena, Diagnostics *diagnostics, const char *path, const char *folder,
                   struct lstmc_tensor_file *contents)
{
    const char *log = arena_format(arena, "%s/log", folder), *out = arena_format(arena, "%s/contents", folder);
    char *words[] = { (char *)helper(arena), (char *)path, (char *)out, NULL };
    struct lstmc_message message;
    int status = run(words, log, folder);
    const char *line = first_line(arena, log);
    bool done = status == 0 && !lstmc_tensor_file_open(out, contents, &message);
    if (status == 127)
        diagnostics_add(diagnostics, path, 0, "%s, the program that reads such files, is not beside lstmc", PROGRAM);
    else if (status)
        diagnostics_add(diagnostics, path, 0, "%s", *line ? printable_text(arena, line)
                        : "is damaged: whoever reads it "
                        "comes to no end, or is ended by one of its limits");
    else if (!done)
        diagnostics_add(diagnostics, path, 0, "what is in it cannot be read: %s", message.text);
    remove(log);
    remove(out);
    return done;
}

bool container_read(Arena *arena, Diagnostics *diagnostics, const char *path, struct lstmc_tensor_file *contents)
{
    const char *temporary = getenv("TMPDIR");
    char *folder = arena_format(arena, "%s/lstmc-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    *contents = (struct lstmc_tensor_file){ 0 };
    run_begin();
    bool done = false;
    if (mkdtemp(folder)) {
        done = unpack(arena, diagnostics, path, folder, contents);
        rmdir(folder);
    } else {
        diagnostics_add(diagnostics, path, 0, "no temporary folder: %s", strerror(errno));
    }
    run_end();
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
