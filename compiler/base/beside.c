/* beside.c: in: the name of what belongs to this program.  out: where it is. */
#include "beside.h"

#include <libgen.h>
#include <unistd.h>

const char *beside_program(Arena *arena, const char *name)
{
    static const char *const places[] = { "", "../libexec/lstmc/", "../" };
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = 0;
    const char *folder = dirname(self);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *path = arena_format(arena, "%s/%s%s", folder, places[i], name);
        if (!access(path, X_OK))
            return path;
    }
    return NULL;
}
