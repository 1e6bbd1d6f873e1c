/* exported.c: in: what an exporter cannot say, or has made.  out: a diagnostic, or files. */
#include "exported.h"

#include "runtime/files/replace.h"

#include <stdio.h>

void layer_cannot(Diagnostics *diagnostics, const Model *model, const Layer *layer, const char *format,
                  va_list arguments)
{
    char text[600];
    vsnprintf(text, sizeof text, format, arguments);
    diagnostics_add(diagnostics, model->file, layer->line, "%s (%s): %s", layer->name, layer->kind, text);
}

bool write_exported(Diagnostics *diagnostics, const FileText *files, int count)
{
    const char *failed = files[0].path;
    int error = write_files(files, count, &failed);
    if (error)
        diagnostics_add(diagnostics, failed, 0, "cannot be written: %s", lstmc_write_reason(error));
    return !error;
}
