/* export_cannot.c: in: a layer that a format cannot say.  out: a diagnostic that names it. */
#include "export.h"

#include <stdio.h>

void keras_cannot(const KerasExport *to, const Layer *layer, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    diagnostics_add(to->diagnostics, to->model->file, layer->line, "%s (%s): %s", layer->name, layer->kind, text);
}
