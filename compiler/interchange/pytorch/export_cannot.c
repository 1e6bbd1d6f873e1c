/* export_cannot.c: in: what is found out of a layer.  out: a diagnostic that names it, a line of __init__, a line of
 * forward. */
#include "export.h"
#include "compiler/interchange/draft/exported.h"

#include <stdio.h>

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
    const char *text = arena_format_list(to->arena, format, arguments);
    va_end(arguments);
    if (!one->layer->shares)
        put_raw(&to->modules, arena_format(to->arena, "        self.%s = %s\n", one->module, text));
}

void torch_forward(TorchExport *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_format_list(to->arena, format, arguments);
    va_end(arguments);
    put_raw(&to->forward, arena_format(to->arena, "        %s\n", text));
}
