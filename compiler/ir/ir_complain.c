/* ir_complain.c: how the two halves of the checker say what is wrong. */
#include "ir_check.h"

#include <stdio.h>

void complain(Check *check, const char *format, ...)
{
    if (check->wrong)
        return;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    Arena *arena = check->ir->arena;
    if (check->statement)
        check->wrong = arena_format(arena, "%s     %s: %s", statement_text(arena, check->statement),
                                    statement_axes_text(arena, check->statement), text);
    else
        check->wrong = arena_copy_text(arena, text);
}

const char *full_name(Check *check, const Tensor *tensor)
{
    return arena_format(check->arena, "%s%s%s", tensor->layer, *tensor->layer ? "." : "", tensor->name);
}
