/* marks.c: in: a text with marks.  out: the same with what they stand for. */
#include "marks.h"

#include <string.h>

const char *marks_filled(Arena *arena, const char *text, const Mark *marks, int count)
{
    for (int i = 0; i < count; i++) {
        const char *result = "";
        for (const char *at; (at = strstr(text, marks[i].name)) != NULL; text = at + strlen(marks[i].name))
            result = arena_format(arena, "%s%.*s%s", result, (int)(at - text), text, marks[i].value);
        text = arena_format(arena, "%s%s", result, text);
    }
    return text;
}
