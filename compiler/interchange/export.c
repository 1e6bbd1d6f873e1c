/* export.c: in: a model with its weights, and where it is to go.  out: the file, by the exporter of its format. */
#include "export.h"
#include "compiler/interchange/audio/audio.h"
#include "compiler/interchange/keras/export_keras.h"
#include "compiler/interchange/onnx/export_onnx.h"
#include "compiler/interchange/pytorch/export_pytorch.h"

#include <string.h>

typedef bool Exporter(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request);

static bool to_keras(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request)
{
    return export_keras(arena, diagnostics, request->model, request->weights, KERAS_3, request->path);
}

static bool to_h5(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request)
{
    return export_keras(arena, diagnostics, request->model, request->weights, KERAS_2, request->path);
}

static bool to_tfjs(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request)
{
    return export_keras(arena, diagnostics, request->model, request->weights, TENSORFLOW_JS, request->path);
}

static bool to_rtneural(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request)
{
    return export_rtneural(arena, diagnostics, request->model, request->weights, request->path);
}

static bool to_onnx(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request)
{
    return export_onnx(arena, diagnostics, request->model, request->weights, request->stream, request->path);
}

static bool to_pytorch(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request)
{
    return export_pytorch(arena, diagnostics, request->model, request->weights, request->path);
}

/* Of several with one ending the first is meant by it. */
static const struct { const char *name, *ending; Exporter *export; } formats[] = {
    { "keras", ".keras", to_keras }, { "h5", ".h5", to_h5 }, { "tfjs", ".json", to_tfjs },
    { "rtneural", ".json", to_rtneural }, { "pytorch", ".safetensors", to_pytorch },
    { "onnx", ".onnx", to_onnx },
};
#define FORMATS (sizeof formats / sizeof *formats)

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), letters = strlen(ending);
    return length > letters && !strcmp(path + length - letters, ending);
}

const char *export_formats(Arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < FORMATS; i++)
        text = arena_format(arena, "%s%s%s (%s)", text, i ? ", " : "", formats[i].name, formats[i].ending);
    return text;
}

bool export_file(Arena *arena, Diagnostics *diagnostics, const ExportRequest *request)
{
    const char *name = request->format ? request->format : request->path;
    if (request->stream && strcmp(name, "onnx") && !ends_with(name, ".onnx")) {
        diagnostics_add(diagnostics, request->path, 0, "--stream is for ONNX: no other format has states as inputs");
        return false;
    }
    for (size_t i = 0; i < FORMATS; i++)
        if (request->format ? !strcmp(request->format, formats[i].name) : ends_with(request->path, formats[i].ending))
            return formats[i].export(arena, diagnostics, request);
    diagnostics_add(diagnostics, request->path, 0, "%s is no format that is known; there are %s",
                    request->format ? request->format : "its ending", export_formats(arena));
    return false;
}
