/* scope.c: in: layers of a Keras model.  out: what they are called, where they stand in the file, the shapes of
 * inputs. */
#include "model.h"

#include <string.h>

#define TIMESTEPS "100"

/* ---- the shape of a sample ---- */

json_t *keras_batch_shape(const json_t *layer)
{
    static const char *const keys[] = { "batch_shape", "batch_input_shape" };
    json_t *config = json_object_get(layer, "config");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_is_array(json_object_get(config, keys[i])))
            return json_object_get(config, keys[i]);
    return json_object_get(json_object_get(layer, "build_config"), "input_shape");
}

/* Input{12, 3}; how long a sequence is may be open in Keras, and is not here. */
void keras_new_input(Keras *keras, const char *found, const char *name, const json_t *shape)
{
    Draft *draft = keras->draft;
    DraftLayer *input = draft_add(draft, draft->catalogue->input, arena_copy_text(draft->arena, found));
    size_t rank = json_array_size(shape);
    input->name = name;             /* of own_name */
    for (size_t d = 1; d < rank; d++) {
        const json_t *extent = json_array_get(shape, d);
        if (json_is_integer(extent)) {
            draft_argument(draft, input, NULL, lua_number(draft->arena, json_number_value(extent)));
        } else if (d == 1) {
            draft_argument(draft, input, NULL, draft_timesteps(draft, TIMESTEPS));
        } else {
            draft_refuse(draft, "%s: extent %zu of a sample is not known", found, d);
        }
    }
    if (rank < 2)
        draft_refuse(draft, "%s: the shape of a sample, %s, has no extents", found,
                     shape ? json_shown(draft->arena, shape) : "which is not there");
    double batch = json_number_value(json_array_get(shape, 0));
    if (batch >= 1)
        draft_argument(draft, input, "batch_size", lua_number(draft->arena, batch));
}

/* ---- where layers stand ---- */

/* Of the layers of one class each but the first has a number: lstm, lstm_1, whatever they are called. */
static const char *counted_path(Scope *scope, const char *kind)
{
    Arena *arena = scope->keras->draft->arena;
    const char *snake = snake_case(arena, kind);
    int before = 0;
    for (int i = 0; i < scope->counted_count; i++)
        before += !strcmp(scope->counted[i], snake);
    arena_append(arena, scope->counted, scope->counted_count, scope->counted_capacity, snake);
    const char *own = before ? arena_format(arena, "%s_%d", snake, before) : snake;
    return arena_format(arena, "%s%slayers/%s", scope->place.path, *scope->place.path ? "/" : "", own);
}

KerasPlace keras_place_in(Scope *scope, const json_t *layer, const char *name)
{
    const char *kind = json_text(layer, "class_name");
    KerasPlace place = { .path = counted_path(scope, kind), .name = name };
    if (scope->above)
        place = (KerasPlace){ place.path, scope->place.name, name };
    return place;
}

const char *keras_layer_name(const json_t *layer)
{
    const char *name = json_text(json_object_get(layer, "config"), "name");
    return name ? name : json_text(layer, "name");
}

bool keras_is_model(const char *kind)
{
    return !strcmp(kind, "Sequential") || !strcmp(kind, "Functional") || !strcmp(kind, "Model");
}

static bool is_count(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* Names that Keras has made of the class, lstm_3, and TensorFlow.js, lstm_LSTM3, say nothing. */
const char *keras_own_name(Arena *arena, const char *kind, const char *name)
{
    const char *snake = snake_case(arena, kind);
    size_t length = strlen(snake), letters = strlen(kind);
    if (!name || !is_name(name))
        return NULL;
    if (!strncasecmp(name, kind, letters) && strncmp(name, snake, length))
        length = letters;               /* Keras 1: convolution1d_2 of a Conv1D stays a name, gru_1 of a GRU does not */
    else if (strncmp(name, snake, length))
        return arena_copy_text(arena, name);
    const char *rest = name + length;
    if (*rest == '_' && !strncmp(rest + 1, kind, letters))
        rest += letters;
    return !*rest || (*rest == '_' && is_count(rest + 1)) || is_count(rest + 1) ? NULL : arena_copy_text(arena, name);
}

void keras_count_input(Scope *scope)
{
    counted_path(scope, "InputLayer");
}

void keras_add_input(Scope *scope, const json_t *layer, bool named)
{
    const char *name = keras_layer_name(layer);
    const char *own = named ? keras_own_name(scope->keras->draft->arena, "Input", name) : NULL;
    keras_new_input(scope->keras, name, own, keras_batch_shape(layer));
}


json_t *keras_layers_of(const json_t *model)
{
    json_t *config = json_object_get(model, "config");
    return json_is_array(config) ? config : json_object_get(config, "layers");
}
