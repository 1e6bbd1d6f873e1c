/* exported.h: what the exporters of all formats say and write. */
#ifndef EXPORTED_H
#define EXPORTED_H

#include "compiler/base/diag.h"
#include "compiler/base/out.h"
#include "compiler/front/model.h"

#include <stdarg.h>

/* A diagnostic that names the layer which a format cannot say. */
void layer_cannot(Diagnostics *diagnostics, const Model *model, const Layer *layer, const char *format,
                  va_list arguments);

/* All of the files or none (write_files); false with a diagnostic. */
bool write_exported(Diagnostics *diagnostics, const FileText *files, int count);

#endif
