/* import.c: in: the path of a file.  out: the draft that the importer of its format has made. */
#include "import.h"
#include "compiler/interchange/keras/import_keras.h"
#include "compiler/interchange/onnx/import_onnx.h"

#include <stdio.h>
#include <string.h>

typedef enum Format { UNKNOWN_FORMAT, ARCHIVE, JSON, ONNX } Format;

static Format format_of(Draft *draft, const char *path)
{
    static const unsigned char hdf5[] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };
    unsigned char begin[64] = { 0 };
    FILE *file = fopen(path, "rb");
    if (!file) {
        draft_refuse(draft, "cannot be opened");
        return UNKNOWN_FORMAT;
    }
    size_t length = fread(begin, 1, sizeof begin - 1, file), space = strspn((char *)begin, " \t\r\n");
    fclose(file);
    if (length >= sizeof hdf5 && (!memcmp(begin, hdf5, sizeof hdf5) || !memcmp(begin, "PK\3\4", 4)))
        return ARCHIVE;
    if (begin[space] == '{')
        return JSON;
    if (is_onnx(path, begin, length))
        return ONNX;
    draft_refuse(draft, "is no model that can be imported: there are .keras, .h5, architecture.json and model.json of "
                 "Keras and TensorFlow.js, and .onnx");
    return UNKNOWN_FORMAT;
}

Draft *import_file(Arena *arena, Diagnostics *diagnostics, const DraftSource *source)
{
    int before = diagnostics_count(diagnostics);
    Draft *draft = draft_create(arena, diagnostics, source->path);
    switch (format_of(draft, source->path)) {
    case ARCHIVE:
        import_keras_archive(draft, source);
        break;
    case JSON:
        import_keras_json(draft, source);
        break;
    case ONNX:
        import_onnx(draft, source);
        break;
    case UNKNOWN_FORMAT:
        break;
    }
    return diagnostics_count(diagnostics) == before ? draft : NULL;
}
