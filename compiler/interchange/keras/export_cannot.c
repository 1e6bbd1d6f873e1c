/* export_cannot.c: in: a layer that a format cannot say.  out: a diagnostic that names it. */
#include "export.h"
#include "compiler/interchange/draft/exported.h"

void keras_cannot(const KerasExport *to, const Layer *layer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    layer_cannot(to->diagnostics, to->model, layer, format, arguments);
    va_end(arguments);
}
