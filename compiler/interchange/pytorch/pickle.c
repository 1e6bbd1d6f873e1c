/* pickle.c: in: the bytes of a pickle.  out: the data that it describes. A pickle is a program for a machine with a
 * stack and a memory; this one has neither calls nor imports, and all that it may become is bounded by the length of
 * the pickle. */
#include "pickle.h"

#include <stdio.h>
#include <string.h>

#define OBJECTS_MAX 2000000
#define DEPTH_MAX 1000000           /* of the stack, and of marks in it */
#define BYTES_MAX ((size_t)1 << 30)
#define NAME_BYTES_MAX 500          /* of a class, with its module */

typedef struct Machine {
    Arena *arena;
    const unsigned char *bytes;
    size_t length, at;
    Pickled **stack; int depth, capacity;
    int *marks; int mark_count, mark_capacity;          /* depths of the stack */
    Pickled **memory; size_t memory_count;
    size_t memorized;
    int objects;
    Pickle made;
    const char *why;                /* the first mistake; then nothing is done any more */
    bool stopped;
} Machine;

static void wrong(Machine *m, const char *format, ...) PRINTF_LIKE(2, 3);

static void wrong(Machine *m, const char *format, ...)
{
    char text[300];
    va_list arguments;
    if (m->why)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    m->why = arena_format(m->arena, "byte %zu of the pickle: %s", m->at, text);
}

/* ---- bytes ---- */

static const unsigned char *take(Machine *m, size_t count)
{
    static const unsigned char none[8];
    if (m->why || count > m->length - m->at) {
        wrong(m, "it ends in the midst of something that is %zu bytes long", count);
        return none;
    }
    m->at += count;
    return m->bytes + m->at - count;
}

/* Little-endian, of 8 bytes at most. */
static uint64_t take_size(Machine *m, int count)
{
    uint64_t size = 0;
    const unsigned char *bytes = take(m, (size_t)count);
    for (int i = 0; i < count && !m->why; i++)
        size |= (uint64_t)bytes[i] << 8 * i;
    return size;
}

/* ---- the stack ---- */

static void push(Machine *m, Pickled *value)
{
    if (m->depth == DEPTH_MAX)
        wrong(m, "more than %d objects lie on its stack", DEPTH_MAX);
    if (!m->why)
        arena_append(m->arena, m->stack, m->depth, m->capacity, value);
}

static Pickled *make(Machine *m, PickledKind kind)
{
    if (++m->objects > OBJECTS_MAX)
        wrong(m, "it has more than %d objects", OBJECTS_MAX);
    Pickled *value = arena_new(m->arena, Pickled);
    value->kind = kind;
    return value;
}

/* What was pushed behind the last mark. */
static int floor_of(const Machine *m)
{
    return m->mark_count ? m->marks[m->mark_count - 1] : 0;
}

static Pickled *top(Machine *m)
{
    static Pickled nothing;
    if (m->why || m->depth <= floor_of(m)) {
        wrong(m, "its stack is empty");
        return &nothing;
    }
    return m->stack[m->depth - 1];
}

static Pickled *pop(Machine *m)
{
    Pickled *value = top(m);
    m->depth -= !m->why;
    return value;
}

static void hold(Machine *m, Pickled *owner, Pickled *item)
{
    if (!m->why)
        arena_append(m->arena, owner->items, owner->count, owner->capacity, item);
}

/* Hands over what lies behind the last mark; NULL: nobody wants it. */
static void hold_marked(Machine *m, Pickled *owner)
{
    if (!m->mark_count)
        wrong(m, "there is no mark");
    if (m->why)
        return;
    int begin = m->marks[--m->mark_count];
    for (int i = begin; owner && i < m->depth; i++)
        hold(m, owner, m->stack[i]);
    m->depth = begin;
}

/* The object beneath the last mark. */
static Pickled *beneath_mark(Machine *m)
{
    static Pickled nothing;
    int begin = floor_of(m), below = m->mark_count > 1 ? m->marks[m->mark_count - 2] : 0;
    if (!m->mark_count || begin <= below)
        wrong(m, "there is nothing to add to");
    return m->why ? &nothing : m->stack[begin - 1];
}

/* ---- texts and numbers ---- */

static void push_text(Machine *m, PickledKind kind, uint64_t length)
{
    const unsigned char *bytes = take(m, length > SIZE_MAX ? SIZE_MAX : (size_t)length);
    Pickled *value = make(m, kind);
    if (m->why)
        return;
    char *text = arena_alloc(m->arena, (size_t)length + 1);
    memcpy(text, bytes, (size_t)length);
    value->text = text;
    value->length = (size_t)length;
    push(m, value);
}

static void push_integer(Machine *m, PickledKind kind, int64_t integer)
{
    Pickled *value = make(m, kind);
    value->integer = integer;
    push(m, value);
}

static void push_real(Machine *m)
{
    const unsigned char *bytes = take(m, 8);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | bytes[i];
    Pickled *value = make(m, PICKLED_NUMBER);
    memcpy(&value->number, &bits, sizeof bits);
    push(m, value);
}

/* Two's complement of any length. */
static void push_long(Machine *m, uint64_t length)
{
    if (length > 8) {
        push_text(m, PICKLED_BYTES, length);
        return;
    }
    const unsigned char *bytes = take(m, (size_t)length);
    uint64_t bits = length && !m->why && bytes[length - 1] & 0x80 ? ~UINT64_C(0) : 0;
    for (uint64_t i = length; i-- > 0 && !m->why;)
        bits = bits << 8 | bytes[i];
    push_integer(m, PICKLED_INTEGER, (int64_t)bits);
}

/* ---- names, and what would be made by them ---- */

static size_t line_length(Machine *m)
{
    const unsigned char *end = memchr(m->bytes + m->at, '\n', m->length - m->at);
    if (!end || (size_t)(end - (m->bytes + m->at)) > NAME_BYTES_MAX)
        wrong(m, "a name has no end");
    return m->why ? 0 : (size_t)(end - (m->bytes + m->at));
}

static void push_name(Machine *m, const char *module, const char *name)
{
    Pickled *value = make(m, PICKLED_GLOBAL);
    value->name = arena_format(m->arena, "%s.%s", module, name);
    push(m, value);
}

static void push_global(Machine *m)
{
    const char *parts[2] = { "", "" };
    for (int k = 0; k < 2; k++) {
        size_t length = line_length(m);
        const char *line = (const char *)take(m, length + 1);
        parts[k] = m->why ? "" : arena_format(m->arena, "%.*s", (int)length, line);
    }
    push_name(m, parts[0], parts[1]);
}

static void push_stacked_global(Machine *m)
{
    const Pickled *name = pop(m), *module = pop(m);
    if (name->kind != PICKLED_TEXT || module->kind != PICKLED_TEXT || name->length + module->length > NAME_BYTES_MAX)
        wrong(m, "a name is none");
    else
        push_name(m, module->text, name->text);
}

/* OrderedDict(), or with a list of pairs, as Python 2 writes it. */
static void fill_dict(Machine *m, Pickled *dict, const Pickled *with)
{
    const Pickled *list = with->count ? with->items[0] : NULL;
    for (int i = 0; list && list->kind == PICKLED_LIST && i < list->count; i++) {
        const Pickled *pair = list->items[i];
        if ((pair->kind != PICKLED_LIST && pair->kind != PICKLED_TUPLE) || pair->count != 2)
            wrong(m, "a dict is made of what is no pair");
        for (int k = 0; k < 2 && !m->why; k++)
            hold(m, dict, pair->items[k]);
    }
}

static void push_made(Machine *m)
{
    const Pickled *with = pop(m), *maker = pop(m);
    bool is_dict = maker->kind == PICKLED_GLOBAL && !strcmp(maker->name, "collections.OrderedDict");
    if (with->kind != PICKLED_TUPLE || (maker->kind != PICKLED_GLOBAL && maker->kind != PICKLED_OBJECT))
        wrong(m, "something is called that is no function");
    Pickled *made = make(m, is_dict ? PICKLED_DICT : PICKLED_OBJECT);
    if (m->why)
        return;
    if (is_dict) {
        fill_dict(m, made, with);
    } else {
        made->name = maker->name;
        made->items = with->items;
        made->count = made->capacity = with->count;
    }
    push(m, made);
}

static void push_persistent(Machine *m)
{
    const Pickled *id = pop(m);
    if (id->kind != PICKLED_TUPLE)
        wrong(m, "a storage has no number");
    Pickled *value = make(m, PICKLED_PERSISTENT);
    value->items = id->items;
    value->count = value->capacity = id->count;
    arena_append(m->arena, m->made.persistent, m->made.persistent_count, m->made.persistent_capacity, value);
    push(m, value);
}

static void build(Machine *m)
{
    Pickled *state = pop(m), *object = top(m);
    if (!m->why && object->kind == PICKLED_OBJECT)
        object->state = state;
}

/* ---- lists and the like ---- */

static void push_tuple(Machine *m, int count)
{
    Pickled *tuple = make(m, PICKLED_TUPLE);
    if (m->depth - floor_of(m) < count)
        wrong(m, "its stack is empty");
    for (int i = 0; i < count && !m->why; i++)
        hold(m, tuple, m->stack[m->depth - count + i]);
    m->depth -= m->why ? 0 : count;
    push(m, tuple);
}

static void push_marked_tuple(Machine *m)
{
    Pickled *tuple = make(m, PICKLED_TUPLE);
    hold_marked(m, tuple);
    push(m, tuple);
}

static void push_marked_dict(Machine *m)
{
    Pickled *dict = make(m, PICKLED_DICT);
    hold_marked(m, dict);
    if (dict->count % 2)
        wrong(m, "a key has no value");
    push(m, dict);
}

static void push_marked_list(Machine *m)
{
    Pickled *list = make(m, PICKLED_LIST);
    hold_marked(m, list);
    push(m, list);
}

/* Of what is no list or dict of Python's own nobody asks what was put in. */
static void append_marked(Machine *m, PickledKind kind)
{
    Pickled *owner = beneath_mark(m);
    if (kind == PICKLED_DICT && !m->why && (m->depth - floor_of(m)) % 2)
        wrong(m, "a key has no value");
    hold_marked(m, owner->kind == kind ? owner : NULL);
}

static void append_one(Machine *m)
{
    Pickled *item = pop(m), *owner = top(m);
    if (owner->kind == PICKLED_LIST)
        hold(m, owner, item);
}

static void set_one(Machine *m)
{
    Pickled *value = pop(m), *key = pop(m), *owner = top(m);
    if (owner->kind == PICKLED_DICT) {
        hold(m, owner, key);
        hold(m, owner, value);
    }
}

/* ---- the memory ---- */

static void memorize(Machine *m, size_t place)
{
    Pickled *value = top(m);
    if (place > m->length)          /* of each there is a byte at least */
        wrong(m, "it remembers something in place %zu, which no file of its length needs", place);
    if (m->why)
        return;
    if (place >= m->memory_count) {
        size_t count = 2 * place + 64;
        Pickled **memory = arena_array(m->arena, Pickled *, count);
        if (m->memory_count)
            memcpy(memory, m->memory, m->memory_count * sizeof *memory);
        m->memory = memory;
        m->memory_count = count;
    }
    m->memorized++;
    m->memory[place] = value;
}

static void remember(Machine *m, size_t place)
{
    if (place >= m->memory_count || !m->memory[place])
        wrong(m, "it remembers what it never saw (%zu)", place);
    else
        push(m, m->memory[place]);
}

/* ---- operations ---- */

static void mark(Machine *m)
{
    if (m->mark_count == DEPTH_MAX)
        wrong(m, "it is nested more than %d deep", DEPTH_MAX);
    else if (!m->why)
        arena_append(m->arena, m->marks, m->mark_count, m->mark_capacity, m->depth);
}

static void check_protocol(Machine *m)
{
    unsigned version = (unsigned)take_size(m, 1);
    if (version < 2 || version > 5)
        wrong(m, "protocol %u, of which torch.save has written nothing", version);
}

/* Values and names. False: not one of these. */
static bool do_value(Machine *m, unsigned char operation)
{
    switch (operation) {
    case 'N':  return push(m, make(m, PICKLED_NONE)), true;
    case 0x88: return push_integer(m, PICKLED_BOOLEAN, 1), true;
    case 0x89: return push_integer(m, PICKLED_BOOLEAN, 0), true;
    case 'J':  return push_integer(m, PICKLED_INTEGER, (int32_t)(uint32_t)take_size(m, 4)), true;
    case 'K':  return push_integer(m, PICKLED_INTEGER, (int64_t)take_size(m, 1)), true;
    case 'M':  return push_integer(m, PICKLED_INTEGER, (int64_t)take_size(m, 2)), true;
    case 0x8a: return push_long(m, take_size(m, 1)), true;
    case 0x8b: return push_long(m, take_size(m, 4)), true;
    case 'G':  return push_real(m), true;
    case 'X':  return push_text(m, PICKLED_TEXT, take_size(m, 4)), true;
    case 0x8c: return push_text(m, PICKLED_TEXT, take_size(m, 1)), true;
    case 0x8d: return push_text(m, PICKLED_TEXT, take_size(m, 8)), true;
    case 'U':  return push_text(m, PICKLED_TEXT, take_size(m, 1)), true;   /* of Python 2: its keys are such */
    case 'T':  return push_text(m, PICKLED_TEXT, take_size(m, 4)), true;
    case 'C':  return push_text(m, PICKLED_BYTES, take_size(m, 1)), true;
    case 'B':  return push_text(m, PICKLED_BYTES, take_size(m, 4)), true;
    case 0x8e: return push_text(m, PICKLED_BYTES, take_size(m, 8)), true;
    case 'c':  return push_global(m), true;
    case 0x93: return push_stacked_global(m), true;
    case 'R': case 0x81: return push_made(m), true;
    case 'Q':  return push_persistent(m), true;
    case 'b':  return build(m), true;
    default:   return false;
    }
}

static void do_list(Machine *m, unsigned char operation)
{
    switch (operation) {
    case 0x80: check_protocol(m); break;
    case 0x95: take_size(m, 8); break;                  /* how long the next part is */
    case '.':  m->stopped = true; break;
    case '(':  mark(m); break;
    case '0':  pop(m); break;
    case '1':  hold_marked(m, NULL); break;
    case '2':  push(m, top(m)); break;
    case ')':  push(m, make(m, PICKLED_TUPLE)); break;
    case 0x85: push_tuple(m, 1); break;
    case 0x86: push_tuple(m, 2); break;
    case 0x87: push_tuple(m, 3); break;
    case 't':  push_marked_tuple(m); break;
    case ']': case 0x8f: push(m, make(m, PICKLED_LIST)); break;
    case 'l': case 0x91: push_marked_list(m); break;
    case 'a':  append_one(m); break;
    case 'e': case 0x90: append_marked(m, PICKLED_LIST); break;
    case '}':  push(m, make(m, PICKLED_DICT)); break;
    case 'd':  push_marked_dict(m); break;
    case 's':  set_one(m); break;
    case 'u':  append_marked(m, PICKLED_DICT); break;
    case 'q':  memorize(m, (size_t)take_size(m, 1)); break;
    case 'r':  memorize(m, (size_t)take_size(m, 4)); break;
    case 0x94: memorize(m, m->memorized); break;
    case 'h':  remember(m, (size_t)take_size(m, 1)); break;
    case 'j':  remember(m, (size_t)take_size(m, 4)); break;
    default:   wrong(m, "operation 0x%02x, which torch.save does not write", operation);
    }
}

Pickle pickle_read(Arena *arena, const unsigned char *bytes, size_t length)
{
    Machine m = { .arena = arena, .bytes = bytes, .length = length < BYTES_MAX ? length : BYTES_MAX };
    while (!m.why && !m.stopped) {
        unsigned char operation = *take(&m, 1);
        if (!m.why && !do_value(&m, operation))
            do_list(&m, operation);
    }
    const Pickled *value = top(&m);
    m.made.value = m.why ? NULL : value;
    m.made.why = m.why;
    m.made.used = m.at;
    return m.made;
}

bool pickled_is(const Pickled *value, const char *text)
{
    return value && value->kind == PICKLED_TEXT && value->length == strlen(text) && !strcmp(value->text, text);
}

const Pickled *pickled_find(const Pickled *dict, const char *key)
{
    for (int i = 0; dict && dict->kind == PICKLED_DICT && i + 1 < dict->count; i += 2)
        if (pickled_is(dict->items[i], key))
            return dict->items[i + 1];
    return NULL;
}
