/* export_file.c: in: a model with its weights.  out: .keras, .h5, or model.json and weights.bin. */
#include "compiler/interchange/draft/exported.h"
#include "compiler/interchange/draft/container.h"
#include "export_keras.h"

#include "runtime/files/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSION_3 "3.8.0"       /* whose formats these are */
#define VERSION_2 "2.15.0"

typedef struct File {
    const KerasExport *to;
    struct lstmc_file_tensor *tensors; int count, capacity;
    const char **texts; int text_count, text_capacity;
} File;

static char *dumped(Arena *arena, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY), *copy = arena_copy_text(arena, text ? text : "null");
    free(text);
    json_decref(json);
    return copy;
}

static void add_text(File *file, const char *key, const char *value)
{
    arena_append(file->to->arena, file->texts, file->text_count, file->text_capacity, key);
    arena_append(file->to->arena, file->texts, file->text_count, file->text_capacity, value);
}

static void add_array(File *file, const KerasArray *array, const char *path)
{
    struct lstmc_file_tensor tensor = { .name = path, .dtype = "F32", .rank = array->weight->rank,
                                        .count = array->weight->count,
                                        .bytes = array->weight->count * sizeof(float),
                                        .data = (const unsigned char *)(file->to->weights + array->weight->offset) };
    for (int d = 0; d < tensor.rank; d++)
        tensor.shape[d] = (size_t)array->weight->shape[d];
    arena_append(file->to->arena, file->tensors, file->count, file->capacity, tensor);
}

static void add_entry(File *file, const char *name, const char *text)
{
    struct lstmc_file_tensor tensor = { .name = name, .dtype = "U8", .rank = 1, .shape = { strlen(text) },
                                        .count = strlen(text), .bytes = strlen(text),
                                        .data = (const unsigned char *)text };
    arena_append(file->to->arena, file->tensors, file->count, file->capacity, tensor);
}

static bool write_container(File *file, const char *path)
{
    add_text(file, NULL, NULL);
    return container_write(file->to->arena, file->to->diagnostics, path, file->tensors, file->count, file->texts);
}

/* ---- .keras ---- */

static bool write_archive(const KerasExport *to, json_t *model, const char *path)
{
    File file = { .to = to };
    KerasArrays arrays;
    json_t *training = keras_export_training(to);
    if (training)
        json_object_set_new(model, "compile_config", training);
    add_entry(&file, "metadata.json",
              dumped(to->arena, json_pack("{s:s, s:s}", "keras_version", VERSION_3, "date_saved",
                                          "1980-01-01@00:00:00")));
    add_entry(&file, "config.json", dumped(to->arena, json_incref(model)));
    keras_export_arrays(to, &arrays);
    for (int i = 0; i < arrays.group_count; i++)
        add_text(&file, arena_format(to->arena, "%s@", arrays.groups[i]), "null");
    for (int i = 0; i < arrays.count; i++)
        add_array(&file, &arrays.list[i], arrays.list[i].path);
    return write_container(&file, path);
}

/* ---- .h5 ---- */

static void add_attribute(File *file, const char *key, const char *text)
{
    add_text(file, key, dumped(file->to->arena, json_string(text)));
}

static bool write_hdf5(const KerasExport *to, json_t *model, const char *path)
{
    File file = { .to = to };
    KerasArrays arrays;
    json_t *names = json_array(), *training = keras_export_training(to);
    keras_export_arrays(to, &arrays);
    for (int i = 0; i < to->model->layer_count; i++) {
        const Layer *layer = &to->model->layers[i];
        json_t *weights = json_array();
        for (int k = 0; k < arrays.count; k++)
            if (!layer->shares && !strcmp(arrays.list[k].layer, layer->name)) {
                json_array_append_new(weights, json_string(arrays.list[k].path));
                add_array(&file, &arrays.list[k],
                          arena_format(to->arena, "model_weights/%s/%s", layer->name, arrays.list[k].path));
            }
        if (!layer->shares && strcmp(layer->kind, "IgnoreMask")) {
            json_array_append_new(names, json_string(layer->name));
            add_text(&file, arena_format(to->arena, "model_weights/%s@weight_names", layer->name),
                     dumped(to->arena, json_incref(weights)));
        }
        json_decref(weights);
    }
    add_text(&file, "model_weights@layer_names", dumped(to->arena, names));
    static const char *const groups[] = { "", "model_weights" };
    for (int k = 0; k < 2; k++) {
        add_attribute(&file, arena_format(to->arena, "%s@keras_version", groups[k]), VERSION_2);
        add_attribute(&file, arena_format(to->arena, "%s@backend", groups[k]), "tensorflow");
    }
    add_attribute(&file, "@model_config", dumped(to->arena, json_incref(model)));
    if (training)
        add_attribute(&file, "@training_config", dumped(to->arena, training));
    return write_container(&file, path);
}

/* ---- model.json ---- */

static void little_endian(const float *values, size_t count, char *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (int b = 0; b < 4; b++)
            *to++ = (char)(bits >> (8 * b) & 255);
    }
}

static json_t *manifest_entry(const KerasArray *array)
{
    json_t *shape = json_array();
    for (int d = 0; d < array->weight->rank; d++)
        json_array_append_new(shape, json_integer(array->weight->shape[d]));
    return json_pack("{s:s, s:o, s:s}", "name", array->path, "shape", shape, "dtype", "float32");
}

/* Weights that lie there already are ours if the model that they would be of is. */
static bool may_write(const KerasExport *to, const char *path, const char *shard)
{
    char text[200] = "";
    int model = lstmc_file_open(path, NULL);
    bool ours = model >= 0 && read(model, text, sizeof text - 1) > 0 && strstr(text, "\"generatedBy\":\"lstmc\"");
    bool there = !access(shard, F_OK);
    if (model >= 0)
        close(model);
    if (there && !ours)
        diagnostics_add(to->diagnostics, shard, 0,
                        "is not lstmc's, and would be overwritten: move it, or choose another "
                        "folder");
    return !there || ours;
}

static bool write_tfjs(const KerasExport *to, json_t *model, const char *path)
{
    KerasArrays arrays;
    keras_export_arrays(to, &arrays);
    size_t bytes = to->model->descriptor.weight_count * sizeof(float), used = 0;
    char *shard = arena_alloc(to->arena, bytes + 1);
    json_t *weights = json_array(), *training = keras_export_training(to);
    for (int i = 0; i < arrays.count; i++) {
        const struct lstmc_tensor *weight = arrays.list[i].weight;
        little_endian(to->weights + weight->offset, weight->count, shard + used);
        used += weight->count * sizeof(float);
        json_array_append_new(weights, manifest_entry(&arrays.list[i]));
    }
    const char *slash = strrchr(path, '/');
    const char *beside = arena_format(to->arena, "%.*sweights.bin", slash ? (int)(slash + 1 - path) : 0, path);
    json_t *topology = json_pack("{s:s, s:s, s:O}", "keras_version", VERSION_2, "backend", "tensorflow", "model_config",
                                 model);
    if (training)
        json_object_set_new(topology, "training_config", training);
    const char *text = dumped(to->arena, json_pack("{s:s, s:s, s:n, s:o, s:[{s:[s], s:o}]}", "format", "layers-model",
                                                   "generatedBy", "lstmc", "convertedBy", "modelTopology", topology,
                                                   "weightsManifest", "paths", "weights.bin", "weights", weights));
    if (!may_write(to, path, beside))
        return false;
    FileText files[] = { { path, text, strlen(text) }, { beside, shard, used } };
    return write_exported(to->diagnostics, files, 2);
}

bool export_keras(Arena *arena, Diagnostics *diagnostics, const Model *model, const float *weights, KerasStyle style,
                  const char *path)
{
    int before = diagnostics_count(diagnostics);
    KerasExport to = { .arena = arena, .diagnostics = diagnostics, .model = model, .weights = weights,
                       .catalogue = catalogue_read(), .style = style };
    json_t *json = keras_export_model(&to);
    bool good = diagnostics_count(diagnostics) == before;
    if (good && style == TENSORFLOW_JS)
        good = write_tfjs(&to, json, path);
    else if (good)
        good = style == KERAS_3 ? write_archive(&to, json, path) : write_hdf5(&to, json, path);
    json_decref(json);
    return good;
}
