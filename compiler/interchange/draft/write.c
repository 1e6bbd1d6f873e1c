/* write.c: in: a Draft.  out: the description, as a person would have written it. */
#include "draft.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 116
#define NAME_LENGTH_MAX 60

typedef struct Text {
    Arena *arena;
    char *text;
    size_t length, capacity;
} Text;

static void add(Text *to, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(Text *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (to->length + (size_t)length + 1 > to->capacity) {
        size_t capacity = 2 * (to->capacity + (size_t)length + 1);
        char *more = arena_alloc(to->arena, capacity);
        if (to->length)
            memcpy(more, to->text, to->length);
        to->text = more;
        to->capacity = capacity;
    }
    va_start(arguments, format);
    vsnprintf(to->text + to->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    to->length += (size_t)length;
}

/* Comment, broken at spaces. */
static void add_comment(Text *to, const char *first, const char *text)
{
    const char *mark = first;
    while (*text) {
        size_t length = strlen(text), room = WIDTH - strlen(mark);
        if (length > room) {
            length = room;
            while (length && text[length] != ' ')
                length--;
            if (!length)
                length = strcspn(text, " ");
        }
        add(to, "%s%.*s\n", mark, (int)length, text);
        text += length;
        text += strspn(text, " ");
        mark = "--   ";
    }
}

static void add_heading(Text *to, const Draft *draft, const char *name)
{
    const char *slash = strrchr(draft->file, '/'), *file = slash ? slash + 1 : draft->file;
    add_comment(to, "-- ", arena_format(draft->arena, "%s.lua: imported from %s (%s). Weights: %s.safetensors", name,
                                        printable_text(draft->arena, file),
                                        printable_text(draft->arena, draft->origin), name));
    for (int i = 0; i < draft->note_count; i++)
        add_comment(to, "-- ", draft->notes[i]);
    for (int i = 0; i < draft->assumed_count; i++)
        add_comment(to, "-- ", arena_format(draft->arena, "Assumed: %s", draft->assumed[i]));
    add(to, "\n");
    for (int i = 0; i < draft->parameter_count; i++)
        add(to, "local %s = arg.%s or %s\n", draft->parameters[i].name, draft->parameters[i].name,
            draft->parameters[i].text);
    if (draft->parameter_count)
        add(to, "\n");
    for (int i = 0; i < draft->definition_count; i++)
        add(to, "%s\n", draft->definitions[i]);
}

static const char *arguments_text(const Draft *draft, const DraftArgument *list, int count)
{
    const char *text = "";
    for (int i = 0; i < count; i++)
        text = arena_format(draft->arena, "%s%s%s%s%s", text, i ? ", " : "", list[i].name ? list[i].name : "",
                            list[i].name ? " = " : "", list[i].text);
    return text;
}

const char *draft_layer_text(const Draft *draft, const DraftLayer *layer)
{
    const char *inside = arguments_text(draft, layer->arguments, layer->argument_count);
    if (layer->name)
        inside = arena_format(draft->arena, "%s%sname = %s", inside, *inside ? ", " : "",
                              lua_quoted(draft->arena, layer->name));
    return arena_format(draft->arena, "%s{%s}", layer->kind, inside);
}

/* One item of a list, broken behind commas where it is too long for a line. */
static void add_wrapped(Text *to, const char *before, const char *text, const char *behind)
{
    size_t used = strlen(before);
    add(to, "%s", before);
    while (used + strlen(text) + strlen(behind) > WIDTH) {
        size_t cut = 0;
        bool quoted = false;
        for (size_t i = 0; text[i] && used + i < WIDTH; i++) {
            quoted ^= text[i] == '"' && !(i && text[i - 1] == '\\');
            if (!quoted && text[i] == ',' && text[i + 1] == ' ')
                cut = i + 1;
        }
        if (!cut)
            break;
        add(to, "%.*s\n      ", (int)cut, text);
        text += cut + 1;
        used = 6;
    }
    add(to, "%s%s", text, behind);
}

static void add_training(Text *to, const Draft *draft)
{
    for (int i = 0; i < draft->training_count; i++)
        add_wrapped(to, arena_format(draft->arena, "  %s = ", draft->training[i].name), draft->training[i].text, ",\n");
}

static void add_remark(Text *to, const DraftLayer *layer)
{
    if (layer->remark)
        add(to, "  -- %s", layer->remark);
    add(to, "\n");
}

static void add_sequential(Text *to, const Draft *draft, const char *name)
{
    add(to, "return Sequential{ name = %s,\n", lua_quoted(draft->arena, name));
    for (int i = 0; i < draft->layer_count; i++) {
        add_wrapped(to, "  ", draft_layer_text(draft, draft->layers[i]), ",");
        add_remark(to, draft->layers[i]);
    }
    add_training(to, draft);
    add(to, "}\n");
}

bool is_name(const char *text)
{
    bool good = isalpha((unsigned char)*text) && strlen(text) <= NAME_LENGTH_MAX;
    for (const char *c = text; good && *c; c++)
        good = isalnum((unsigned char)*c) || *c == '_';
    return good;
}

/* What stands on the left of each layer of a graph: the name that the layer has. Lua allows a function 200 locals; the
 * fields of a table have no end. */
#define LOCALS_MAX 150

static bool is_keyword(const char *name)
{
    static const char *const words[] = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function",
                                         "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return",
                                         "then", "true", "until", "while", "arg", "x" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i], name))
            return true;
    return false;
}

static int place_of(const Draft *draft, const DraftLayer *layer)
{
    int place = 0;
    while (draft->layers[place] != layer)
        place++;
    return place;
}

static bool is_called_again(const Draft *draft, const DraftLayer *layer)
{
    for (int i = 0; i < draft->layer_count; i++)
        if (draft->layers[i]->shares == layer)
            return true;
    return false;
}

/* As lstmc names what a call makes: gru, gru_call_2. */
static const char *plain_variable(const Draft *draft, int place)
{
    const DraftLayer *layer = draft->layers[place];
    int before = 0, calls = 1;
    if (layer->shares) {
        for (int i = 0; i <= place; i++)
            calls += draft->layers[i]->shares == layer->shares;
        return arena_format(draft->arena, "%s_call_%d", plain_variable(draft, place_of(draft, layer->shares)), calls);
    }
    const char *base = layer->name ? layer->name : snake_case(draft->arena, layer->kind);
    for (int i = 0; i < place && !layer->name; i++)
        before += !draft->layers[i]->name && !draft->layers[i]->shares &&
                  !strcmp(draft->layers[i]->kind, layer->kind);
    const char *name = before ? arena_format(draft->arena, "%s_%d", base, before) : base;
    return is_keyword(name) ? arena_format(draft->arena, "%s_", name) : name;
}

static const char *in_table(const Draft *draft, const char *name)
{
    return draft->layer_count > LOCALS_MAX ? arena_format(draft->arena, "x.%s", name) : name;
}

/* A state is called as the layer that it is of. */
static const char *variable(const Draft *draft, int place)
{
    const DraftLayer *layer = draft->layers[place];
    const char *name = layer->state_name ? arena_format(draft->arena, "%s_%s", plain_variable(draft, layer->from[0]),
                                                        layer->state_name) : plain_variable(draft, place);
    return in_table(draft, name);
}

static const char *flows_text(const Draft *draft, const int *places, int count)
{
    const char *text = "";
    for (int i = 0; i < count; i++)
        text = arena_format(draft->arena, "%s%s%s", text, i ? ", " : "", variable(draft, places[i]));
    return text;
}

/* What a call makes: the output, and behind it the states up to the last one that somebody reads. */
static const char *made_text(const Draft *draft, int place)
{
    const char *text = variable(draft, place);
    int next = 0;
    for (int i = place + 1; i < draft->layer_count && draft->layers[i]->state_name; i++) {
        for (; next < draft->layers[i]->state; next++)
            text = arena_format(draft->arena, "%s, _", text);
        text = arena_format(draft->arena, "%s, %s", text, variable(draft, i));
        next++;
    }
    return text;
}

/* (x), or {x, initial_state = {h, c}} */
static const char *call_text(const Draft *draft, const DraftLayer *layer)
{
    int count = layer->from_count - layer->initial_count;
    const char *read = flows_text(draft, layer->from, count);
    if (!layer->initial_count)
        return arena_format(draft->arena, "(%s)", read);
    return arena_format(draft->arena, "{%s, initial_state = {%s}}", read,
                        flows_text(draft, layer->from + count, layer->initial_count));
}

/* What is called again is a layer first, and then its calls. */
static const char *layer_variable(const Draft *draft, const DraftLayer *layer)
{
    return in_table(draft, arena_format(draft->arena, "%s_layer", plain_variable(draft, place_of(draft, layer))));
}

static void add_call(Text *to, const Draft *draft, int place)
{
    const DraftLayer *layer = draft->layers[place];
    const char *text = draft_layer_text(draft, layer), *local = draft->layer_count > LOCALS_MAX ? "" : "local ";
    if (layer->shares || is_called_again(draft, layer)) {
        const char *called = layer_variable(draft, layer->shares ? layer->shares : layer);
        if (!layer->shares)
            add_wrapped(to, arena_format(draft->arena, "%s%s = ", local, called), text, "\n");
        text = called;
    }
    add_wrapped(to, arena_format(draft->arena, "%s%s = ", local, made_text(draft, place)), text, "");
    if (layer->from_count)
        add(to, "%s", call_text(draft, layer));
    add_remark(to, layer);
}

static void add_model(Text *to, const Draft *draft, const char *name)
{
    int *inputs = arena_array(draft->arena, int, draft->layer_count), input_count = 0;
    if (draft->layer_count > LOCALS_MAX)
        add(to, "local x = {}\n");
    for (int i = 0; i < draft->layer_count; i++) {
        const DraftLayer *layer = draft->layers[i];
        if (layer->state_name)
            continue;
        if (!layer->from_count)
            inputs[input_count++] = i;
        add_call(to, draft, i);
    }
    add(to, "\nreturn Model{ name = %s,\n  inputs = {%s}, outputs = {%s},\n", lua_quoted(draft->arena, name),
        flows_text(draft, inputs, input_count), flows_text(draft, draft->outputs, draft->output_count));
    add_training(to, draft);
    add(to, "}\n");
}

const char *draft_text(const Draft *draft, const char *name)
{
    Text text = { .arena = draft->arena };
    add_heading(&text, draft, name);
    if (draft_is_chain(draft))
        add_sequential(&text, draft, name);
    else
        add_model(&text, draft, name);
    return text.text;
}
