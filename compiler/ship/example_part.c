/* example_part.c: in: a part of an example, and what its marks stand for.  out: its lines. */
#include "compiler/base/embedded.h"
#include "ship.h"

#include <string.h>

void emit_example_part(Out *out, Arena *arena, const Model *model, const char *name, const Mark *marks, int count)
{
    const char *text = embedded_text(arena_format(arena, "example/%s.c", name));
    text = fill_template(arena, model, marks_filled(arena, text, marks, count));
    for (const char *end; *text; text = end + 1) {
        end = strchr(text, '\n');
        if (end == text || text + strspn(text, " ") != end)
            put_raw(out, arena_format(arena, "%.*s\n", (int)(end - text), text));
    }
}
