/* draft.c: in: layers, arguments and weights, as an importer finds them.  out: a Draft. */
#include "draft.h"

#include "runtime/base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Draft *draft_create(Arena *arena, Diagnostics *diagnostics, const char *file)
{
    Draft *draft = arena_new(arena, Draft);
    *draft = (Draft){ .arena = arena, .diagnostics = diagnostics, .file = file, .catalogue = catalogue_read() };
    return draft;
}

void draft_append(Draft *draft, DraftLayer *layer)
{
    arena_append(draft->arena, draft->layers, draft->layer_count, draft->layer_capacity, layer);
}

DraftLayer *draft_add(Draft *draft, const char *kind, const char *found)
{
    DraftLayer *layer = arena_new(draft->arena, DraftLayer);
    *layer = (DraftLayer){ .kind = kind, .found = found };
    draft_append(draft, layer);
    return layer;
}

void draft_argument(Draft *draft, DraftLayer *layer, const char *name, const char *text)
{
    DraftArgument argument = { name, text };
    arena_append(draft->arena, layer->arguments, layer->argument_count, layer->argument_capacity, argument);
}

void draft_training(Draft *draft, const char *name, const char *text)
{
    DraftArgument argument = { name, text };
    arena_append(draft->arena, draft->training, draft->training_count, draft->training_capacity, argument);
}

void draft_read(Draft *draft, DraftLayer *layer, int from)
{
    arena_append(draft->arena, layer->from, layer->from_count, layer->from_capacity, from);
}

void draft_weight(Draft *draft, DraftLayer *layer, const DraftArray *weight)
{
    arena_append(draft->arena, layer->weights, layer->weight_count, layer->weight_capacity, *weight);
}

static const char *formatted(Arena *arena, const char *format, va_list arguments)
{
    char text[1000];
    vsnprintf(text, sizeof text, format, arguments);
    return printable_text(arena, text);
}

void draft_note(Draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = formatted(draft->arena, format, arguments);
    va_end(arguments);
    arena_append(draft->arena, draft->notes, draft->note_count, draft->note_capacity, text);
}

void draft_assume(Draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = formatted(draft->arena, format, arguments);
    va_end(arguments);
    arena_append(draft->arena, draft->assumed, draft->assumed_count, draft->assumed_capacity, text);
}

void draft_refuse(Draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    diagnostics_add(draft->diagnostics, draft->file, 0, "%s", formatted(draft->arena, format, arguments));
    va_end(arguments);
}

const char *draft_timesteps(Draft *draft, const char *steps)
{
    DraftArgument argument = { "timesteps", steps };
    if (!draft->parameter_count) {
        arena_append(draft->arena, draft->parameters, draft->parameter_count, draft->parameter_capacity, argument);
        draft_assume(draft, "sequences of %s steps, of which the file says that they may be of any length; timesteps=N "
                     "on the command line says another one.", steps);
    }
    return argument.name;
}

const CatalogueEntry *draft_kind(const Draft *draft, const char *kind)
{
    return catalogue_layer(draft->catalogue, kind);
}

/* Its states are further outputs, for which a chain has no place. */
static bool returns_state(const DraftLayer *layer)
{
    for (int i = 0; i < layer->argument_count; i++)
        if (layer->arguments[i].name && !strcmp(layer->arguments[i].name, "return_state"))
            return true;
    return false;
}

bool draft_is_chain(const Draft *draft)
{
    for (int i = 0; i < draft->layer_count; i++)
        if (draft->layers[i]->state_name || draft->layers[i]->shares || returns_state(draft->layers[i]) ||
            (i ? draft->layers[i]->from_count != 1 || draft->layers[i]->from[0] != i - 1
               : draft->layers[i]->from_count != 0))
            return false;
    return draft->output_count == 1 && draft->outputs[0] == draft->layer_count - 1;
}

/* ---- text ---- */

const char *lua_quoted(Arena *arena, const char *text)
{
    char *quoted = arena_alloc(arena, 4 * strlen(text) + 3), *to = quoted;
    *to++ = '"';
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            *to++ = '\\';
            *to++ = (char)*c;
        } else if (*c < ' ' || *c == 127) {
            to += sprintf(to, "\\%03d", *c);
        } else {
            *to++ = (char)*c;
        }
    }
    *to++ = '"';
    return quoted;
}

const char *lua_number(Arena *arena, double number)
{
    if (number == floor(number) && fabs(number) < 1e15)
        return arena_format(arena, "%.0f", number);
    bool is_float = (double)(float)number == number;
    for (int digits = 1; digits < 17; digits++) {
        double again = 0;
        const char *text = arena_format(arena, "%.*g", digits, number);
        lstmc_number_read(text, strlen(text), &again);
        if (is_float ? (float)again == (float)number : again == number)
            return text;
    }
    return arena_format(arena, "%.17g", number);
}

double plain_number(Arena *arena, float number)
{
    const char *text = lua_number(arena, (double)number);
    double plain = (double)number;
    lstmc_number_read(text, strlen(text), &plain);
    return plain;
}

const char *lua_sizes(Arena *arena, int count, const size_t *sizes)
{
    const char *text = "";
    for (int i = 0; i < count; i++)
        text = arena_format(arena, "%s%s%zu", text, i ? ", " : "", sizes[i]);
    return arena_format(arena, "{%s}", text);
}

const char *snake_case(Arena *arena, const char *kind)
{
    size_t length = strlen(kind);
    char *snake = arena_alloc(arena, 2 * length + 1), *to = snake;
    for (size_t i = 0; i < length; i++) {
        bool upper = isupper((unsigned char)kind[i]), lower_before = i && !isupper((unsigned char)kind[i - 1]);
        bool lower_behind = i + 1 < length && islower((unsigned char)kind[i + 1]);
        if (upper && i && (lower_behind || (lower_before && islower((unsigned char)kind[i - 1]))))
            *to++ = '_';
        *to++ = (char)tolower((unsigned char)kind[i]);
    }
    return snake;
}

bool draft_same_array(const DraftArray *a, const DraftArray *b)
{
    size_t count = 1;
    if (a->rank != b->rank || memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape))
        return false;
    for (int d = 0; d < a->rank; d++)
        count *= a->shape[d];
    return a->values == b->values || !memcmp(a->values, b->values, count * sizeof *a->values);
}
