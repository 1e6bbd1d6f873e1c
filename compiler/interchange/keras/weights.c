/* weights.c: in: the arrays of a Keras model, however its file names them.  out: those of each layer, in the order
 * and layout of lstmc, which are those of Keras 3. */
#include "keras.h"

#include <stdlib.h>
#include <string.h>

#define ARRAYS_MAX 2000

typedef struct Arrays {
    Keras *keras;
    const char *found;
    DraftArray *list; int count, capacity;
} Arrays;

static void take(Arrays *arrays, const struct lstmc_file_tensor *tensor)
{
    Arena *arena = arrays->keras->draft->arena;
    if (strcmp(tensor->dtype, "F32"))
        return;                                 /* the state of a generator of random numbers, a count */
    DraftArray array = { .found = arena_copy_text(arena, tensor->name), .rank = tensor->rank };
    memcpy(array.shape, tensor->shape, sizeof array.shape);
    float *values = arena_array(arena, float, tensor->count + 1);
    lstmc_file_tensor_floats(tensor, values);
    array.values = values;
    arena_append(arena, arrays->list, arrays->count, arrays->capacity, array);
}

/* ---- KERAS_PATHS ---- */

static void gather(Arrays *arrays, const char *kind, json_t *config, const char *path);

static void take_path(Arrays *arrays, const char *path)
{
    Arena *arena = arrays->keras->draft->arena;
    for (int i = 0; i < ARRAYS_MAX; i++) {
        const struct lstmc_file_tensor *tensor =
            lstmc_tensor_file_find(arrays->keras->arrays, arena_format(arena, "%s/vars/%d", path, i));
        if (!tensor)
            return;
        take(arrays, tensor);
    }
}

static void gather_json(Arrays *arrays, json_t *json, const char *path)
{
    const char *kind = json_text(json, "class_name");
    if (kind)
        gather(arrays, kind, json_object_get(json, "config"), path);
}

/* Of each class but the first has a number: cells/lstm_cell, cells/lstm_cell_1. */
static void gather_list(Arrays *arrays, json_t *list, const char *path)
{
    Arena *arena = arrays->keras->draft->arena;
    json_t *item;
    size_t i;
    json_array_foreach(list, i, item) {
        const char *kind = json_text(item, "class_name");
        int before = 0;
        for (size_t k = 0; kind && k < i; k++) {
            const char *other = json_text(json_array_get(list, k), "class_name");
            before += other && !strcmp(other, kind);
        }
        if (kind)
            gather_json(arrays, item, before ? arena_format(arena, "%s/%s_%d", path, snake_case(arena, kind), before)
                                             : arena_format(arena, "%s/%s", path, snake_case(arena, kind)));
    }
}

static void gather(Arrays *arrays, const char *kind, json_t *config, const char *path)
{
    static const char *const parts[] = { "cell", "query_dense", "key_dense", "value_dense", "output_dense" };
    static const char *const inside[] = { "forward_layer", "backward_layer" };
    Arena *arena = arrays->keras->draft->arena;
    json_t *layer = json_object_get(config, "layer"), *cell = json_object_get(config, "cell");
    json_t *cells = json_object_get(config, "cells");
    json_t *layers = json_is_array(config) ? config : json_object_get(config, "layers");
    take_path(arrays, path);
    if (!strcmp(kind, "Bidirectional"))
        for (int k = 0; k < 2; k++)
            gather_json(arrays, layer, arena_format(arena, "%s/%s", path, inside[k]));
    else if (layer)
        gather_json(arrays, layer, arena_format(arena, "%s/layer", path));
    else if (cells)
        gather_list(arrays, cells, arena_format(arena, "%s/cells", path));
    else if (layers)
        gather_list(arrays, layers, arena_format(arena, "%s/layers", path));
    else if (cell)
        gather_json(arrays, cell, arena_format(arena, "%s/cell", path));
    else
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            take_path(arrays, arena_format(arena, "%s/%s", path, parts[i]));
}

/* ---- KERAS_NAMES ---- */

/* Long ones come in pieces, NAME0, NAME1. */
json_t *keras_attribute(const Keras *keras, const char *key)
{
    const char *text = lstmc_tensor_file_value(keras->arrays, key);
    if (text)
        return json_loads(text, JSON_DECODE_ANY, NULL);
    json_t *all = NULL;
    for (int i = 0; (text = lstmc_tensor_file_value(keras->arrays, arena_format(keras->draft->arena, "%s%d", key, i)));
         i++) {
        json_t *piece = json_loads(text, JSON_DECODE_ANY, NULL);
        if (!all)
            all = json_array();
        json_array_extend(all, piece);
        json_decref(piece);
    }
    return all;
}

/* Whether it is one of the names between the slashes. */
static bool has_part(const char *path, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = path; (at = strstr(at, name)); at++)
        if ((at == path || at[-1] == '/') && (at[length] == '/' || !at[length]))
            return true;
    return false;
}

static void gather_names(Arrays *arrays, const KerasPlace *place)
{
    Arena *arena = arrays->keras->draft->arena;
    const char *group = arena_format(arena, "%s%s", arrays->keras->root, place->name);
    json_t *names = keras_attribute(arrays->keras, arena_format(arena, "%s@weight_names", group)), *name;
    size_t i;
    json_array_foreach(names, i, name) {
        const char *text = json_string_value(name);
        const struct lstmc_file_tensor *tensor =
            text ? lstmc_tensor_file_find(arrays->keras->arrays, arena_format(arena, "%s/%s", group, text)) : NULL;
        if (!tensor)
            draft_refuse(arrays->keras->draft, "%s: the file names %s among its weights, and has it not", arrays->found,
                         text ? text : "something");
        else if (!place->inner || has_part(text, place->inner))
            take(arrays, tensor);
    }
    json_decref(names);
}

/* ---- KERAS_KEYS ---- */

/* Where an array stands among those of its layer: by its own name, of those that read backward behind the others. */
static int rank_of(const char *name)
{
    static const char *const order[] = { "embeddings", "alpha", "gamma", "beta", "depthwise_kernel", "pointwise_kernel",
                                         "kernel", "recurrent_kernel", "bias", "moving_mean", "moving_variance" };
    const char *last = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    int rank = (int)(sizeof order / sizeof *order);
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
        if (!strcmp(last, order[i]))
            rank = i;
    return rank + (strstr(name, "backward_") ? 100 : 0);
}

static void gather_keys(Arrays *arrays, const KerasPlace *place)
{
    const struct lstmc_tensor_file *file = arrays->keras->arrays;
    const char *name = place->inner ? place->inner : place->name;
    for (int i = 0; i < file->count; i++) {
        const char *key = file->tensors[i].name, *last = strrchr(key, '/');
        char *path = arena_format(arrays->keras->draft->arena, "%.*s", last ? (int)(last - key) : 0, key);
        if (has_part(path, name))
            take(arrays, &file->tensors[i]);
    }
    for (int i = 1; i < arrays->count; i++)     /* stable, of a few */
        for (int k = i; k > 0 && rank_of(arrays->list[k].found) < rank_of(arrays->list[k - 1].found); k--) {
            DraftArray kept = arrays->list[k];
            arrays->list[k] = arrays->list[k - 1];
            arrays->list[k - 1] = kept;
        }
}

/* ---- other layouts ---- */

static DraftArray new_array(Arrays *arrays, const char *found, size_t rows, size_t columns, float **values)
{
    *values = arena_array(arrays->keras->draft->arena, float, rows * columns + 1);
    return (DraftArray){ .found = found, .rank = 2, .shape = { rows, columns }, .values = *values };
}

/* The weights of one cell as Keras 1 had them, W, U and b of each gate by itself, gate by gate: side by side in the
 * order `gates`. */
static void join_gates(Arrays *arrays, DraftArray *list, int count, const int *gates, DraftArray *joined)
{
    for (int part = 0; part < 3; part++) {
        const DraftArray *first = &list[part];
        size_t rows = part == 2 ? 1 : first->shape[0], units = first->shape[part == 2 ? 0 : 1];
        float *values;
        joined[part] = new_array(arrays, first->found, rows, units * (size_t)count, &values);
        if (part == 2)
            joined[part].rank = 1, joined[part].shape[0] = units * (size_t)count;
        for (int g = 0; g < count; g++) {
            const DraftArray *one = &list[3 * gates[g] + part];
            if (one->rank != first->rank || memcmp(one->shape, first->shape, sizeof one->shape)) {
                draft_refuse(arrays->keras->draft, "%s: %s and %s, of two gates, have not the same shape",
                             arrays->found, first->found, one->found);
                return;
            }
            for (size_t r = 0; r < rows; r++)
                memcpy(values + (r * (size_t)count + (size_t)g) * units, one->values + r * units,
                       units * sizeof *values);
        }
    }
}

/* Keras 1 kept the gates i, c, f, o of an LSTM and z, r, h of a GRU in that order. */
static bool split_in_gates(Arrays *arrays, const char *kind, int begin, int count)
{
    static const int lstm[] = { 0, 2, 1, 3 }, gru[] = { 0, 1, 2 };
    bool is_lstm = !strcmp(kind, "LSTM");
    int gates = is_lstm ? 4 : 3;
    if (count != 3 * gates)
        return false;
    for (int i = begin; i < begin + count; i++)
        if (arrays->list[i].rank != ((i - begin) % 3 == 2 ? 1 : 2))
            return false;
    DraftArray joined[3];
    join_gates(arrays, arrays->list + begin, gates, is_lstm ? lstm : gru, joined);
    memcpy(arrays->list + begin, joined, sizeof joined);
    memmove(arrays->list + begin + 3, arrays->list + begin + count,
            (size_t)(arrays->count - begin - count) * sizeof *arrays->list);
    arrays->count -= count - 3;
    return true;
}

/* cuDNN has each gate's part [in, units] of the kernel as a matrix [units, in] written by rows into that shape, the
 * recurrent one transposed, and a bias for each of the two: of an LSTM they add up, of a GRU they are two rows. */
static void from_cudnn(Arrays *arrays, int begin, size_t gates)
{
    for (int part = 0; part < 2; part++) {
        const DraftArray old = arrays->list[begin + part];
        size_t rows = old.shape[0], units = old.shape[1] / gates, columns = gates * units;
        float *values;
        arrays->list[begin + part] = new_array(arrays, old.found, rows, columns, &values);
        for (size_t g = 0; g < gates; g++)
            for (size_t r = 0; r < rows; r++)
                for (size_t u = 0; u < units; u++) {
                    size_t at = u * rows + r;   /* in the gate's matrix by rows, which is [rows, units] in the file */
                    values[r * columns + g * units + u] = old.values[at / units * columns + g * units + at % units];
                }
    }
    DraftArray *bias = &arrays->list[begin + 2];
    size_t half = bias->shape[0] / 2;
    float *values;
    DraftArray new = new_array(arrays, bias->found, gates == 4 ? 1 : 2, half, &values);
    for (size_t i = 0; i < half; i++) {
        values[i] = bias->values[i] + (gates == 4 ? bias->values[half + i] : 0);
        if (gates == 3)
            values[half + i] = bias->values[half + i];
    }
    *bias = new;
    if (gates == 4)
        bias->rank = 1, bias->shape[0] = half;
}

static bool is_cudnn(const DraftArray *list, size_t gates)
{
    const DraftArray *kernel = &list[0], *recurrent_kernel = &list[1], *bias = &list[2];
    return kernel->rank == 2 && recurrent_kernel->rank == 2 && bias->rank == 1 &&
           recurrent_kernel->shape[1] == gates * recurrent_kernel->shape[0] &&
           kernel->shape[1] == recurrent_kernel->shape[1] && bias->shape[0] == 2 * recurrent_kernel->shape[1];
}

/* Of one recurrent layer; how many weights it has then. */
static void settle_recurrent(Arrays *arrays, const char *kind, int begin, int count)
{
    size_t gates = !strcmp(kind, "LSTM") ? 4 : 3;
    if (!split_in_gates(arrays, kind, begin, count) && count == 3 && is_cudnn(arrays->list + begin, gates)) {
        from_cudnn(arrays, begin, gates);
        draft_note(arrays->keras->draft, "%s was trained by cuDNN, whose layout was turned into the usual one.",
                   arrays->found);
    }
}

static void settle(Arrays *arrays, const char *kind, json_t *config)
{
    json_t *layer = json_object_get(config, "layer");
    bool both = !strcmp(kind, "Bidirectional");
    const char *class = json_text(layer, "class_name"), *inner = keras_modern_kind(class ? class : kind);
    bool recurrent = !strcmp(inner, "LSTM") || !strcmp(inner, "GRU");
    int half = arrays->count / 2;
    if (recurrent && both && arrays->count % 2 == 0) {
        settle_recurrent(arrays, inner, half, half);            /* the second first: its place stays */
        settle_recurrent(arrays, inner, 0, half);
    } else if (recurrent && !both) {
        settle_recurrent(arrays, inner, 0, arrays->count);
    }
}

void keras_weights(Keras *keras, DraftLayer *layer, json_t *config, const KerasPlace *place)
{
    Arrays arrays = { .keras = keras, .found = layer->found };
    if (keras->layout == KERAS_PATHS)
        gather(&arrays, layer->kind, config, place->path);
    else if (keras->layout == KERAS_NAMES)
        gather_names(&arrays, place);
    else
        gather_keys(&arrays, place);
    settle(&arrays, layer->kind, config);
    for (int i = 0; i < arrays.count; i++)
        draft_weight(keras->draft, layer, &arrays.list[i]);
}

/* ---- of layers of which nobody says what they are ---- */

#define NESTED_MAX 3

static void gather_there(Arrays *arrays, const char *path, int depth)
{
    static const char *const parts[] = { "forward_layer", "backward_layer", "layer", "cell", "query_dense", "key_dense",
                                         "value_dense", "output_dense" };
    take_path(arrays, path);
    for (size_t i = 0; depth < NESTED_MAX && i < sizeof parts / sizeof *parts; i++)
        gather_there(arrays, arena_format(arrays->keras->draft->arena, "%s/%s", path, parts[i]), depth + 1);
}

/* Layouts of others are known by their shapes: one cell, or two directions of it. */
static void settle_there(Arrays *arrays)
{
    static const char *const kinds[] = { "LSTM", "GRU" };
    for (int k = 0; k < 2; k++)
        for (int cells = 2; cells > 0; cells--) {
            int each = arrays->count / cells, gates = 4 - k;
            bool split = each == 3 * gates && arrays->keras->major < 2;
            if (arrays->count % cells || (!split && (each != 3 || !is_cudnn(arrays->list, (size_t)gates))))
                continue;
            for (int c = cells - 1; c >= 0; c--)
                settle_recurrent(arrays, kinds[k], c * each, each);
            return;
        }
}

void keras_weights_there(Keras *keras, DraftLayer *layer, const KerasPlace *place)
{
    Arrays arrays = { .keras = keras, .found = layer->found };
    if (keras->layout == KERAS_PATHS)
        gather_there(&arrays, place->path, 0);
    else
        gather_names(&arrays, place);
    settle_there(&arrays);
    for (int i = 0; i < arrays.count; i++)
        draft_weight(keras->draft, layer, &arrays.list[i]);
}
