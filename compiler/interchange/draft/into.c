/* into.c: in: the layers that an importer has found, and a model that was described by somebody.  out: the numbers of
 * the model. Which layer is which, pairs say, then names, then the order, or shapes where the file has none. */
#include "draft.h"

#include <ctype.h>
#include <string.h>

typedef struct Into {
    const Draft *draft;
    const Model *model;
    DraftLayer **parts; int part_count;         /* of the file: what has weights */
    bool *used;                                 /* each of them, or left out */
    bool *filled;                               /* each layer of the model */
    float *values;
} Into;

static void mistake(const Into *into, const char *text)
{
    diagnostics_add(into->draft->diagnostics, into->draft->file, 0, "%s", text);
}

static bool is_wanted(const Into *into, int layer)
{
    const Layer *wanted = &into->model->layers[layer];
    return wanted->weight_count && !wanted->shares && !into->filled[layer];
}

static const char *key_of(const DraftLayer *part)
{
    return part->key ? part->key : part->found;
}

/* ---- weights of one layer ---- */

/* The part as a layer of that kind has it. */
static const DraftLayer *as_kind(const DraftLayer *part, const Layer *layer)
{
    bool fits = true;
    if (!part->otherwise || !strcmp(part->kind, layer->kind))
        return part;
    for (int i = 0; i < part->weight_count; i++)
        fits &= i < layer->weight_count && draft_fits(&part->weights[i], layer->weights[i]);
    return fits && strcmp(part->otherwise->kind, layer->kind) ? part : part->otherwise;
}

/* "attention.scale" of the file and "attention/scale". */
static bool same_last_name(const char *found, const char *name)
{
    const char *dot = strrchr(found, '.'), *slash = strrchr(name, '/');
    return !strcmp(dot ? dot + 1 : found, slash ? slash + 1 : name);
}

/* The place in the part of what weight `begin + i` of the layer is: its own if all are called as weights of the layer
 * are, in whatever order; else i. Names within a part differ. */
static int place_in(const DraftLayer *part, const Layer *layer, int begin, int i)
{
    int place = i;
    for (int k = 0; k < part->weight_count; k++) {
        int same = 0;
        for (int w = 0; w < part->weight_count && begin + w < layer->weight_count; w++)
            if (same_last_name(part->weights[k].found, layer->weights[begin + w]->name)) {
                place = w == i ? k : place;
                same++;
            }
        if (same != 1)
            return i;
    }
    return place;
}

/* How many parts from `first` on, one behind the other, have as many weights as the layer or just more. */
static int count_parts(const Into *into, int first, const Layer *layer)
{
    int count = 0, weights = 0;
    while (weights < layer->weight_count && first + count < into->part_count && !into->used[first + count])
        weights += into->parts[first + count++]->weight_count;
    return count;
}

static bool fits(const Into *into, int first, const Layer *layer)
{
    int count = count_parts(into, first, layer), w = 0;
    for (int p = 0; p < count; p++) {
        const DraftLayer *part = as_kind(into->parts[first + p], layer);
        for (int i = 0; i < part->weight_count; i++, w++)
            if (w >= layer->weight_count ||
                !draft_fits(&part->weights[place_in(part, layer, w - i, i)], layer->weights[w]))
                return false;
    }
    return count && w == layer->weight_count;
}

static const char *shapes_of(const Into *into, const Layer *layer)
{
    Arena *arena = into->draft->arena;
    const char *text = "";
    for (int i = 0; i < layer->weight_count; i++)
        text = arena_format(arena, "%s%s%s %s", text, i ? ", " : "", layer->weights[i]->name,
                            draft_wanted(arena, layer->weights[i]));
    return text;
}

static const char *shapes_found(const Into *into, int first, int count, const Layer *layer)
{
    Arena *arena = into->draft->arena;
    const char *text = "";
    for (int p = 0; p < count; p++) {
        const DraftLayer *part = as_kind(into->parts[first + p], layer);
        for (int i = 0; i < part->weight_count; i++)
            text = arena_format(arena, "%s%s%s %s", text, *text ? ", " : "", part->weights[i].found,
                                lua_sizes(arena, part->weights[i].rank, part->weights[i].shape));
    }
    return text;
}

static void place(const Into *into, const Layer *layer, const DraftLayer *part, int begin)
{
    Arena *arena = into->draft->arena;
    for (int i = 0; i < part->weight_count; i++) {
        const DraftArray *array = &part->weights[place_in(part, layer, begin, i)];
        const struct lstmc_tensor *weight = layer->weights[begin + i];
        if (draft_fits(array, weight))
            memcpy(into->values + weight->offset, array->values, weight->count * sizeof *into->values);
        else
            mistake(into, arena_format(arena, "layer %s: its %s is %s, and %s of the file becomes %s", layer->name,
                                       weight->name, draft_wanted(arena, weight), array->found,
                                       lua_sizes(arena, array->rank, array->shape)));
    }
}

static void fill(const Into *into, int layer, int first)
{
    const Layer *wanted = &into->model->layers[layer];
    Arena *arena = into->draft->arena;
    int count = count_parts(into, first, wanted), weights = 0;
    into->filled[layer] = true;
    for (int p = 0; p < count; p++) {
        into->used[first + p] = true;
        weights += into->parts[first + p]->weight_count;
    }
    if (weights != wanted->weight_count) {
        mistake(into, arena_format(arena, "layer %s (%s) has %d weights, %s; %s of the file has %d, %s", wanted->name,
                                   wanted->kind, wanted->weight_count, shapes_of(into, wanted),
                                   into->parts[first]->found, weights, shapes_found(into, first, count, wanted)));
        return;
    }
    for (int p = 0, begin = 0; p < count; begin += into->parts[first + p++]->weight_count)
        place(into, wanted, as_kind(into->parts[first + p], wanted), begin);
}

/* ---- which is which ---- */

/* "encoder.lstm" is encoder_lstm here. */
static bool same_name(const char *found, const char *name)
{
    while (*found && (*found == *name || (!isalnum((unsigned char)*found) && *name == '_')))
        found++, name++;
    return !*found && !*name;
}

static int find_part(const Into *into, const char *name, bool exact)
{
    for (int i = 0; i < into->part_count; i++)
        if (exact ? !strcmp(key_of(into->parts[i]), name) : same_name(key_of(into->parts[i]), name))
            return i;
    return -1;
}

static int find_layer(const Into *into, const char *name)
{
    for (int i = 0; i < into->model->layer_count; i++)
        if (!strcmp(into->model->layers[i].name, name) && into->model->layers[i].weight_count)
            return i;
    return -1;
}

static const char *list_parts(const Into *into)
{
    const char *text = "";
    for (int i = 0; i < into->part_count; i++)
        text = arena_format(into->draft->arena, "%s%s%s", text, i ? ", " : "", key_of(into->parts[i]));
    return text;
}

static void take_pairs(const Into *into, const DraftPair *pairs, int count)
{
    Arena *arena = into->draft->arena;
    for (int i = 0; i < count; i++) {
        int part = find_part(into, pairs[i].found, true), layer = find_layer(into, pairs[i].layer);
        const char *both = arena_format(arena, "--map %s=%s", pairs[i].found, pairs[i].layer);
        if (part < 0)
            mistake(into, arena_format(arena, "%s: the file has no %s; it has %s", both, pairs[i].found,
                                       list_parts(into)));
        else if (!*pairs[i].layer)
            into->used[part] = true;
        else if (layer < 0 || into->model->layers[layer].shares)
            mistake(into, arena_format(arena, "%s: the description has no layer %s with weights", both,
                                       pairs[i].layer));
        else if (into->used[part] || into->filled[layer])
            mistake(into, arena_format(arena, "%s: one of the two was given before", both));
        else
            fill(into, layer, part);
    }
}

/* Whether the description has called it so: "lstm_1" is what it would be called otherwise. */
static bool has_own_name(const Into *into, const Layer *layer)
{
    const char *snake = snake_case(into->draft->arena, layer->kind);
    size_t length = strlen(snake);
    if (strncmp(layer->name, snake, length))
        return true;
    const char *rest = layer->name + length;
    return *rest && (*rest != '_' || strspn(rest + 1, "0123456789") != strlen(rest + 1));
}

static void take_names(const Into *into)
{
    for (int i = 0; i < into->model->layer_count; i++) {
        const Layer *layer = &into->model->layers[i];
        int part = is_wanted(into, i) && has_own_name(into, layer) ? find_part(into, layer->name, false) : -1;
        if (part >= 0 && !into->used[part])
            fill(into, i, part);
    }
}

static void take_in_order(const Into *into)
{
    int part = 0;
    for (int i = 0; i < into->model->layer_count; i++) {
        if (!is_wanted(into, i))
            continue;
        while (part < into->part_count && into->used[part])
            part++;
        if (part < into->part_count)
            fill(into, i, part);
    }
}

/* "_2" and the like. */
static bool is_number(const char *text)
{
    text += *text == '_' || *text == '.';
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* fc2 before fc10, fc before fc_1; 0: they differ in more than numbers, and nobody knows which comes first. */
static int by_number(const char *a, const char *b)
{
    while (*a && *b) {
        size_t digits[2] = { strspn(a, "0123456789"), strspn(b, "0123456789") };
        if (digits[0] && digits[1]) {
            if (digits[0] != digits[1] || strncmp(a, b, digits[0]))
                return digits[0] != digits[1] ? (digits[0] < digits[1] ? -1 : 1) : strncmp(a, b, digits[0]);
            a += digits[0], b += digits[1];
        } else if (*a++ != *b++) {
            return 0;
        }
    }
    return is_number(a) && !*b ? 1 : is_number(b) && !*a ? -1 : 0;
}

static void take_by_shape(const Into *into, int layer)
{
    const Layer *wanted = &into->model->layers[layer];
    Arena *arena = into->draft->arena;
    int best = -1;
    for (int i = 0; i < into->part_count; i++) {
        if (into->used[i] || !fits(into, i, wanted))
            continue;
        int order = best < 0 ? -1 : by_number(key_of(into->parts[i]), key_of(into->parts[best]));
        if (!order) {
            mistake(into, arena_format(arena, "layer %s (%s) may be %s or %s, which have the same shapes, and the file "
                                       "knows no order: --map %s=%s", wanted->name, wanted->kind,
                                       key_of(into->parts[best]), key_of(into->parts[i]), key_of(into->parts[best]),
                                       wanted->name));
            into->filled[layer] = true;
            return;
        }
        best = order < 0 ? i : best;
    }
    if (best >= 0)
        fill(into, layer, best);
}

/* Of one layer and one part that are left, shapes can be compared. */
static void say_what_is_left(const Into *into)
{
    Arena *arena = into->draft->arena;
    for (int i = 0; i < into->model->layer_count; i++) {
        const Layer *layer = &into->model->layers[i];
        if (is_wanted(into, i))
            mistake(into, arena_format(arena, "layer %s (%s): the file has no weights for it; it wants %s", layer->name,
                                       layer->kind, shapes_of(into, layer)));
    }
    for (int i = 0; i < into->part_count; i++) {
        const Layer none = { .kind = "" };
        if (!into->used[i])
            mistake(into, arena_format(arena, "%s of the file (%s): no layer of the description is left for it; "
                                       "--map %s= leaves it out", into->parts[i]->found,
                                       shapes_found(into, i, 1, &none), key_of(into->parts[i])));
    }
}

float *draft_into(const Draft *draft, const Model *model, const DraftPair *pairs, int pair_count)
{
    Arena *arena = draft->arena;
    int before = diagnostics_count(draft->diagnostics);
    Into into = { .draft = draft, .model = model, .parts = arena_array(arena, DraftLayer *, draft->layer_count + 1),
                  .used = arena_array(arena, bool, draft->layer_count + 1),
                  .filled = arena_array(arena, bool, model->layer_count + 1),
                  .values = arena_array(arena, float, model->descriptor.weight_count + 1) };
    for (int i = 0; i < draft->layer_count; i++)
        if (draft->layers[i]->weight_count)
            into.parts[into.part_count++] = draft->layers[i];
    take_pairs(&into, pairs, pair_count);
    take_names(&into);
    if (!draft->unordered)
        take_in_order(&into);
    for (int i = 0; draft->unordered && i < model->layer_count; i++)
        if (is_wanted(&into, i))
            take_by_shape(&into, i);
    if (diagnostics_count(draft->diagnostics) == before || !draft->unordered)
        say_what_is_left(&into);
    return diagnostics_count(draft->diagnostics) == before ? into.values : NULL;
}
