/* embedded_text.c: finds a file that lives inside the binary. */
#include "embedded.h"

#include "base.h"

#include <string.h>

const char *embedded_text(const char *name)
{
    for (const Embedded *file = embedded_files; file->name; file++)
        if (!strcmp(file->name, name))
            return file->text;
    die("no embedded file %s", name);
}
