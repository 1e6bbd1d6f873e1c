/* import.c: in: the path of a file.  out: the draft that the importer of its format has made. */
#include "import.h"
#include "compiler/interchange/audio/audio.h"
#include "compiler/interchange/draft/container.h"
#include "compiler/interchange/keras/import_keras.h"
#include "compiler/interchange/onnx/import_onnx.h"
#include "compiler/interchange/pytorch/import_pytorch.h"

#include "runtime/files/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum Format { UNKNOWN_FORMAT, ARCHIVE, JSON, PICKLES, SAFETENSORS, ONNX } Format;

/* Eight bytes that say how long a header is which begins with a brace. */
static bool is_safetensors(const unsigned char *begin, size_t length)
{
    return length > 9 && begin[8] == '{' && !begin[4] && !begin[5] && !begin[6] && !begin[7];
}

static Format format_of(const char *path)
{
    static const unsigned char hdf5[] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };
    unsigned char begin[64] = { 0 };
    struct lstmc_message message;
    int file = lstmc_file_open(path, &message);             /* a pipe that nobody writes is not waited for */
    if (file < 0)
        return UNKNOWN_FORMAT;
    ssize_t got = read(file, begin, sizeof begin - 1);
    size_t length = got > 0 ? (size_t)got : 0, space = strspn((char *)begin, " \t\r\n");
    close(file);
    if (is_safetensors(begin, length))                      /* first: the length of a header can be any byte */
        return SAFETENSORS;
    if (length >= sizeof hdf5 && (!memcmp(begin, hdf5, sizeof hdf5) || !memcmp(begin, "PK\3\4", 4)))
        return ARCHIVE;
    if (begin[space] == '{')
        return JSON;
    if (length > 1 && begin[0] == 0x80 && begin[1] >= 2 && begin[1] <= 5)
        return PICKLES;
    if (is_onnx(path, begin, length))
        return ONNX;
    return UNKNOWN_FORMAT;
}

bool import_knows(const char *path)
{
    return format_of(path) != UNKNOWN_FORMAT;
}

bool import_is_tensors(const char *path)
{
    return format_of(path) == SAFETENSORS;
}

/* Files of models that are not read, and who makes one of them that is. */
static const struct { const char *ending, *what, *way; } foreign[] = {
    { ".pb", "a graph of TensorFlow", "tf2onnx makes an .onnx of it" },
    { ".tflite", "a model of TensorFlow Lite", "import the Keras model that it was made from" },
    { ".ckpt", "a checkpoint of TensorFlow", "save the model as .keras" },
    { ".mlmodel", "a model of Core ML", "import the Keras or PyTorch model that it was made from" },
};

static bool refuse_foreign(Draft *draft, const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < sizeof foreign / sizeof *foreign; i++)
        if (!strcmp(ending, foreign[i].ending)) {
            draft_refuse(draft, "is %s, which is not read: %s", foreign[i].what, foreign[i].way);
            return true;
        }
    return false;
}

static void refuse(Draft *draft, const char *path)
{
    struct stat about;
    if (access(path, R_OK))
        draft_refuse(draft, "cannot be opened");
    else if (stat(path, &about) || !S_ISREG(about.st_mode))
        draft_refuse(draft, "cannot be read: it is no regular file");
    else if (!refuse_foreign(draft, path))
        draft_refuse(draft, "is no model that can be imported: there are .keras, .h5 and architecture.json of Keras, "
                     "model.json of TensorFlow.js, JSON of RTNeural, .nam, .pt, .pth and .safetensors of PyTorch, "
                     "and .onnx");
}

/* By what stands in it. */
static void import_json(Draft *draft, const DraftSource *source)
{
    json_t *json = json_of_file(draft, source->path);
    if (json_object_get(json, "modelTopology") || json_object_get(json, "class_name"))
        import_keras_json(draft, source, json);
    else if (json_object_get(json, "layers") && json_object_get(json, "in_shape"))
        import_rtneural(draft, json);
    else if (json_object_get(json, "architecture"))
        import_nam(draft, json);
    else if (is_pytorch_json(json))
        import_pytorch_json(draft, source, json);
    else if (json)
        draft_refuse(draft, "is no model: it has neither class_name (Keras), modelTopology (TensorFlow.js), in_shape "
                     "and layers (RTNeural) nor architecture (.nam), and is no state dict either");
    json_decref(json);
}

/* .keras and .pt are zip archives both. */
static void import_archive(Draft *draft, const DraftSource *source)
{
    struct lstmc_tensor_file contents;
    if (!container_read(draft->arena, draft->diagnostics, source->path, &contents))
        return;
    if (is_pytorch_archive(&contents))
        import_pytorch_archive(draft, source, &contents);
    else
        import_keras_archive(draft, source, &contents);
    lstmc_tensor_file_free(&contents);
}

/* A model puts out what layers do: where it hands an input on, a layer says so. */
static void hand_on(Draft *draft)
{
    for (int i = 0; i < draft->output_count; i++) {
        const DraftLayer *from = draft->layers[draft->outputs[i]];
        if (strcmp(from->kind, draft->catalogue->input))
            continue;
        DraftLayer *layer = draft_add(draft, "Activation", from->found);
        draft_argument(draft, layer, NULL, "\"linear\"");
        draft_read(draft, layer, draft->outputs[i]);
        layer->masked = from->masked;
        draft->outputs[i] = draft->layer_count - 1;
    }
}

Draft *import_file(Arena *arena, Diagnostics *diagnostics, const DraftSource *source)
{
    int before = diagnostics_count(diagnostics);
    Draft *draft = draft_create(arena, diagnostics, source->path);
    switch (format_of(source->path)) {
    case ARCHIVE:
        import_archive(draft, source);
        break;
    case JSON:
        import_json(draft, source);
        break;
    case PICKLES:
        import_pytorch_pickles(draft, source);
        break;
    case SAFETENSORS:
        import_safetensors(draft, source);
        break;
    case ONNX:
        import_onnx(draft, source);
        break;
    case UNKNOWN_FORMAT:
        refuse(draft, source->path);
        break;
    }
    hand_on(draft);
    if (!source->weights_alone)
        draft_prune(draft);
    return diagnostics_count(diagnostics) == before ? draft : NULL;
}
