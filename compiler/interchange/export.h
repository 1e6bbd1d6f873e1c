/* export.h: models with their weights into files of other frameworks. */
#ifndef EXPORT_H
#define EXPORT_H

#include "compiler/base/diag.h"
#include "compiler/front/model.h"

/* "keras", "h5", "tfjs", "rtneural", "pytorch", "onnx"; NULL: as the ending of the path says. */
typedef struct ExportRequest {
    const Model *model;
    const float *weights;
    const char *format, *path;
    bool stream;                /* one step at a time, with states as inputs and outputs: of ONNX */
} ExportRequest;

/* False with diagnostics, and nothing written. */
bool export_file(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request);

/* "keras (.keras), h5 (.h5), ..." */
const char *export_formats(Arena *arena);

#endif
