/* export_cannot.c: in: what is found out of a layer.  out: a diagnostic that names it, a line of __init__, a line of
 * forward. */
#include "export.h"
#include "compiler/interchange/draft/exported.h"

#include <stdio.h>

static const char *formatted(Arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        die("bad format: %s", format);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

void torch_cannot(TorchExport *to, const Layer *layer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    layer_cannot(to->diagnostics, to->model, layer, format, arguments);
    va_end(arguments);
}

void torch_module(TorchExport *to, const TorchLayer *one, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = formatted(to->arena, format, arguments);
    va_end(arguments);
    if (!one->layer->shares)
        put_raw(&to->modules, arena_format(to->arena, "        self.%s = %s\n", one->module, text));
}

void torch_forward(TorchExport *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = formatted(to->arena, format, arguments);
    va_end(arguments);
    put_raw(&to->forward, arena_format(to->arena, "        %s\n", text));
}
