/* nam.c: in: a .nam file of Neural Amp Modeler.  out: a draft of its LSTM. The weights are one row of numbers: of each
 * layer a matrix [4 units, features + units] by rows (gates i, f, g, o), a bias [4 units], the state h and c that it
 * begins with; then the head's matrix [outputs, units] and its bias. */
#include "audio.h"

#include <string.h>

#define TIMESTEPS "1024"
#define SIZE_MAX_NAM 65536

typedef struct Row {            /* of numbers, and how many of them have been taken */
    Draft *draft;
    DraftArray all;
    size_t used;
} Row;

static const float *take(Row *row, size_t count)
{
    static const float nothing[1];
    if (count > row->all.shape[0] - row->used) {
        if (row->used <= row->all.shape[0])
            draft_refuse(row->draft, "has %zu weights, fewer than its config asks for", row->all.shape[0]);
        row->used = row->all.shape[0];
        return nothing;
    }
    row->used += count;
    return row->all.values + row->used - count;
}

/* Columns [from, from + columns) of a matrix by rows, turned: [columns, rows]. */
static void add_turned(Draft *draft, DraftLayer *layer, const float *matrix, size_t rows, size_t width, size_t from,
                       size_t columns)
{
    float *values = arena_array(draft->arena, float, rows * columns + 1);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            values[c * rows + r] = matrix[r * width + from + c];
    DraftArray array = { .found = "its matrix", .rank = 2, .shape = { columns, rows }, .values = values };
    draft_weight(draft, layer, &array);
}

static void add_bias(Draft *draft, DraftLayer *layer, const float *values, size_t count)
{
    DraftArray array = { .found = "its bias", .rank = 1, .shape = { count }, .values = values };
    draft_weight(draft, layer, &array);
}

/* "{0.1, 0.2}", or "zeros" if there is nothing else in it. */
static const char *state_text(Draft *draft, const float *values, size_t units)
{
    const char *text = "";
    bool any = false;
    for (size_t i = 0; i < units; i++) {
        text = arena_format(draft->arena, "%s%s%s", text, i ? ", " : "", lua_number(draft->arena, (double)values[i]));
        any |= values[i] != 0;
    }
    return any ? arena_format(draft->arena, "{%s}", text) : "0";
}

static bool has_room(const Row *row, size_t count)
{
    return count <= row->all.shape[0] - row->used;
}

static void add_layer(Row *row, int number, size_t features, size_t units)
{
    Draft *draft = row->draft;
    size_t width = features + units;
    DraftLayer *layer = draft_add(draft, "LSTM", arena_format(draft->arena, "LSTM layer %d", number));
    draft_read(draft, layer, draft->layer_count - 2);
    draft_argument(draft, layer, NULL, lua_number(draft->arena, (double)units));
    draft_argument(draft, layer, "return_sequences", "true");
    if (!has_room(row, 4 * units * width + 6 * units)) {
        take(row, row->all.shape[0] + 1);
        return;
    }
    const float *matrix = take(row, 4 * units * width), *bias = take(row, 4 * units);
    const char *h = state_text(draft, take(row, units), units), *c = state_text(draft, take(row, units), units);
    add_turned(draft, layer, matrix, 4 * units, width, 0, features);
    add_turned(draft, layer, matrix, 4 * units, width, features, units);
    add_bias(draft, layer, bias, 4 * units);
    if (strcmp(h, "0") || strcmp(c, "0"))
        draft_argument(draft, layer, "initial_state", arena_format(draft->arena, "{ h = %s, c = %s }", h, c));
}

static void add_head(Row *row, size_t units, size_t outputs)
{
    Draft *draft = row->draft;
    DraftLayer *head = draft_add(draft, "Dense", "the head");
    draft_read(draft, head, draft->layer_count - 2);
    draft_argument(draft, head, NULL, lua_number(draft->arena, (double)outputs));
    if (!has_room(row, outputs * (units + 1))) {
        take(row, row->all.shape[0] + 1);
        return;
    }
    const float *matrix = take(row, outputs * units);
    add_turned(draft, head, matrix, outputs, units, 0, units);
    add_bias(draft, head, take(row, outputs), outputs);
}

static size_t size_of(Draft *draft, const json_t *config, const char *key, size_t otherwise)
{
    const json_t *size = json_object_get(config, key);
    json_int_t value = size ? json_integer_value(size) : (json_int_t)otherwise;
    if (value < 1 || value > SIZE_MAX_NAM)
        draft_refuse(draft, "its %s is %s", key, size ? json_shown(draft->arena, size) : "not said");
    return value < 1 || value > SIZE_MAX_NAM ? 1 : (size_t)value;
}

static void add_notes(Draft *draft, json_t *json)
{
    json_t *metadata = json_object_get(json, "metadata"), *value;
    const char *key;
    if (json_object_get(json, "sample_rate"))
        draft_note(draft, "sample_rate: %s", json_shown(draft->arena, json_object_get(json, "sample_rate")));
    json_object_foreach(metadata, key, value)
        if (!json_is_object(value) && !json_is_null(value))
            draft_note(draft, "%s: %s", key, json_shown(draft->arena, value));
}

void import_nam(Draft *draft, json_t *json)
{
    const json_t *config = json_object_get(json, "config");
    const char *architecture = json_text(json, "architecture"), *version = json_text(json, "version");
    Row row = { .draft = draft };
    draft->origin = arena_format(draft->arena, "Neural Amp Modeler%s%s", version ? " " : "", version ? version : "");
    if (!architecture || strcmp(architecture, "LSTM")) {
        draft_refuse(draft, "its architecture is %s: of Neural Amp Modeler lstmc knows LSTM",
                     architecture ? architecture : "not said");
        return;
    }
    if (!json_numbers(draft->arena, json_object_get(json, "weights"), "weights", &row.all) || row.all.rank != 1) {
        draft_refuse(draft, "its weights are no row of numbers");
        return;
    }
    size_t features = size_of(draft, config, "input_size", 0), units = size_of(draft, config, "hidden_size", 0);
    size_t layers = size_of(draft, config, "num_layers", 0), outputs = size_of(draft, config, "output_size", 1);
    DraftLayer *input = draft_add(draft, draft->catalogue->input, "input_size");
    draft_argument(draft, input, NULL, draft_timesteps(draft, TIMESTEPS));
    draft_argument(draft, input, NULL, lua_number(draft->arena, (double)features));
    for (size_t i = 0; i < layers && row.used <= row.all.shape[0] && !diagnostics_count(draft->diagnostics); i++)
        add_layer(&row, (int)i + 1, i ? units : features, units);
    add_head(&row, units, outputs);
    if (row.used != row.all.shape[0])
        draft_refuse(draft, "has %zu weights, of which its config asks for %zu", row.all.shape[0], row.used);
    add_notes(draft, json);
    int last = draft->layer_count - 1;
    arena_append(draft->arena, draft->outputs, draft->output_count, draft->output_capacity, last);
}
