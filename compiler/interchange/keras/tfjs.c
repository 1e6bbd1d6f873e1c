/* tfjs.c: in: model.json of TensorFlow.js and the shards beside it.  out: a Keras model for model.c. */

#include "keras.h"

#include "runtime/files/map.h"

#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_BYTES_MAX ((size_t)2 << 30)

typedef struct Group {          /* of weights that lie behind each other in one row of shards */
    Draft *draft;
    const char *folder;
    unsigned char *bytes;
    size_t length, used;
} Group;

static bool add_shard(Group *group, const char *name)
{
    if (!name || strchr(name, '/') || !strcmp(name, "..")) {
        draft_refuse(group->draft, "its shard %s does not lie beside it", name ? name : "?");
        return false;
    }
    struct lstmc_mapping file;
    bool opened = !lstmc_map_file(arena_format(group->draft->arena, "%s/%s", group->folder, name), &file, NULL);
    unsigned char *more = opened && file.bytes <= SHARD_BYTES_MAX - group->length
                              ? realloc(group->bytes, group->length + file.bytes + 1) : NULL;
    if (more) {
        if (file.bytes)
            memcpy(more + group->length, file.start, file.bytes);
        group->bytes = more;
        group->length += file.bytes;
    } else {
        draft_refuse(group->draft, "its shard %s cannot be read", name);
    }
    lstmc_unmap(&file);
    return more != NULL;
}

static float half(unsigned bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ffu;
    float number;
    if (!exponent) {
        number = (float)fraction * 0x1p-24f;
        return sign ? -number : number;
    }
    uint32_t single = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
    memcpy(&number, &single, sizeof number);
    return number;
}

static float element(const unsigned char *at, const char *type, double min, double scale)
{
    float number;
    uint32_t bits = (uint32_t)at[0] | (uint32_t)at[1] << 8;
    if (!strcmp(type, "float32")) {
        bits |= (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        memcpy(&number, &bits, sizeof number);
        return number;
    }
    if (!strcmp(type, "float16"))
        return half((unsigned)bits);
    return (float)(min + scale * (!strcmp(type, "uint8") ? at[0] : (double)bits));
}

static size_t size_of(const char *type)
{
    return !strcmp(type, "float32") ? 4 : !strcmp(type, "float16") || !strcmp(type, "uint16") ? 2 :
           !strcmp(type, "uint8") ? 1 : 0;
}

/* One weight from where the group has come to. */
static bool add_weight(Group *group, const json_t *json, struct lstmc_file_tensor *tensor)
{
    Arena *arena = group->draft->arena;
    const json_t *quantized = json_object_get(json, "quantization"), *shape = json_object_get(json, "shape");
    const char *name = json_text(json, "name"), *type = json_text(quantized ? quantized : json, "dtype");
    size_t size = type ? size_of(type) : 0;
    *tensor = (struct lstmc_file_tensor){ .name = name ? arena_copy_text(arena, name) : "", .dtype = "F32", .count = 1,
                                          .rank = (int)json_array_size(shape) };
    if (!name || !size || json_array_size(shape) > LSTMC_FILE_RANK_MAX) {
        draft_refuse(group->draft, "its weight %s, of the type %s, is none that can be read", name ? name : "?",
                     type ? type : "?");
        return false;
    }
    for (int d = 0; d < tensor->rank; d++) {
        json_int_t extent = json_integer_value(json_array_get(shape, (size_t)d));
        if (extent < 0 || (extent && tensor->count > SHARD_BYTES_MAX / (size_t)extent)) {
            draft_refuse(group->draft, "its weight %s has no shape", name);
            return false;
        }
        tensor->shape[d] = (size_t)extent;
        tensor->count *= (size_t)extent;
    }
    if (tensor->count * size > group->length - group->used) {
        draft_refuse(group->draft, "its shards end in the midst of %s", name);
        return false;
    }
    float *values = arena_array(arena, float, tensor->count + 1);
    for (size_t i = 0; i < tensor->count; i++)
        values[i] = element(group->bytes + group->used + i * size, type, json_number(quantized, "min"),
                            json_number(quantized, "scale"));
    group->used += tensor->count * size;
    tensor->bytes = tensor->count * sizeof *values;
    tensor->data = (const unsigned char *)values;
    return true;
}

static bool read_group(Draft *draft, const char *folder, const json_t *json, struct lstmc_tensor_file *file, int room)
{
    Group group = { .draft = draft, .folder = folder };
    const json_t *paths = json_object_get(json, "paths"), *weights = json_object_get(json, "weights");
    bool good = true;
    for (size_t i = 0; good && i < json_array_size(paths); i++)
        good = add_shard(&group, json_string_value(json_array_get(paths, i)));
    for (size_t i = 0; good && i < json_array_size(weights) && file->count < room; i++)
        good = add_weight(&group, json_array_get(weights, i), &file->tensors[file->count]) && ++file->count;
    if (good && group.used != group.length) {
        draft_refuse(draft, "its shards have %zu bytes more than its weights", group.length - group.used);
        good = false;
    }
    free(group.bytes);
    return good;
}

static const char *version_of(const json_t *json, const json_t *topology)
{
    const char *version = json_text(topology, "keras_version");
    return version ? version : json_text(json, "generatedBy");
}

void import_tfjs(Draft *draft, const DraftSource *source, json_t *json)
{
    json_t *topology = json_object_get(json, "modelTopology"), *manifest = json_object_get(json, "weightsManifest");
    json_t *inside = json_object_get(topology, "model_config");
    struct lstmc_tensor_file file = { 0 };
    const char *folder = dirname(arena_copy_text(draft->arena, source->path)), *version = version_of(json, topology);
    int room = 0;
    bool good = true;
    for (size_t i = 0; i < json_array_size(manifest); i++)
        room += (int)json_array_size(json_object_get(json_array_get(manifest, i), "weights"));
    file.tensors = arena_array(draft->arena, struct lstmc_file_tensor, room + 1);
    for (size_t i = 0; good && i < json_array_size(manifest); i++)
        good = read_group(draft, folder, json_array_get(manifest, i), &file, room);
    Keras keras = { .draft = draft, .version = version ? version : "", .major = 2, .layout = KERAS_KEYS, .root = "",
                    .model = inside ? inside : topology, .arrays = &file,
                    .training = json_object_get(topology, "training_config") };
    if (good)
        keras_draft(&keras);
    draft->origin = arena_format(draft->arena, "TensorFlow.js%s%s", *keras.version ? ", " : "", keras.version);
}
