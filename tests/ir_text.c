/* ir_text.c: a reader for the printed form of statements, see ir_text.h. Made for tests: what it does not understand ends the test. */
#include "ir_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_AXES_MAX 24

typedef struct Reader {
    Ir *ir;
    Axis *axes[NAMED_AXES_MAX];
    int axis_count;
    const char *at;         /* inside the line */
    Loop *loop;             /* of the statement before */
    int loop_section;
} Reader;

static bool accept(Reader *reader, const char *token)
{
    while (*reader->at == ' ')
        reader->at++;
    size_t length = strlen(token);
    if (strncmp(reader->at, token, length) || (isalpha((unsigned char)*token) && (isalnum((unsigned char)reader->at[length]) || reader->at[length] == '_')))
        return false;
    reader->at += length;
    return true;
}

static void expect(Reader *reader, const char *token)
{
    if (!accept(reader, token))
        die("expected \"%s\" at \"%s\"", token, reader->at);
}

static bool at_word(Reader *reader)
{
    while (*reader->at == ' ')
        reader->at++;
    return isalpha((unsigned char)*reader->at);
}

static char *word(Reader *reader)
{
    if (!at_word(reader))
        die("expected a word at \"%s\"", reader->at);
    int length = 0;
    while (isalnum((unsigned char)reader->at[length]) || reader->at[length] == '_' || reader->at[length] == '.')
        length++;
    char *text = arena_format(reader->ir->arena, "%.*s", length, reader->at);
    reader->at += length;
    return text;
}

static int number(Reader *reader)
{
    char *end;
    long value = strtol(reader->at, &end, 10);
    if (end == reader->at)
        die("expected a number at \"%s\"", reader->at);
    reader->at = end;
    return (int)value;
}

static Axis *find_axis(const Reader *reader, const char *name)
{
    for (int i = 0; i < reader->axis_count; i++)
        if (!strcmp(reader->axes[i]->name, name))
            return reader->axes[i];
    return NULL;
}

static Tensor *find_tensor(const Ir *ir, const char *name)
{
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        const char *full = arena_format(ir->arena, "%s%s%s", tensor->layer, *tensor->layer ? "." : "", tensor->name);
        if (!strcmp(full, name))
            return ir->tensors[i];
    }
    return NULL;
}

Tensor *ir_find(const Ir *ir, const char *name)
{
    Tensor *tensor = find_tensor(ir, name);
    if (!tensor)
        die("no tensor %s", name);
    return tensor;
}

static Access read_access(Reader *reader, const char *name);

/* 2*t+k-1, or x[b,t] */
static Index read_index(Reader *reader)
{
    Index index = { 0 };
    for (int sign = 1;;) {
        if (accept(reader, "-"))
            sign = -1;
        int factor = sign;
        bool counted = isdigit((unsigned char)*reader->at);
        if (counted)
            factor *= number(reader);
        if (counted && !accept(reader, "*")) {
            index.constant += factor;
        } else {
            char *name = word(reader);
            Axis *axis = find_axis(reader, name);
            if (!axis) {
                index.gather = arena_new(reader->ir->arena, Access);
                *index.gather = read_access(reader, name);
                return index;
            }
            index.axis[index.terms] = axis;
            index.coefficient[index.terms++] = factor;
        }
        sign = 1;
        if (accept(reader, "+"))
            continue;
        if (*reader->at != '-')
            return index;
    }
}

static Access read_access(Reader *reader, const char *name)
{
    Access access = { .tensor = ir_find(reader->ir, name) };
    expect(reader, "[");
    for (int d = 0; d < access.tensor->rank; d++) {
        if (d)
            expect(reader, ",");
        access.index[d] = read_index(reader);
    }
    expect(reader, "]");
    return access;
}

static Expr *read_sum(Reader *reader);

static Expr *read_call(Reader *reader, const char *name)
{
    for (int op = 0; op < OP_COUNT; op++) {
        if (op_traits[op].arity == 0 || op_traits[op].precedence || strcmp(op_traits[op].name, name))
            continue;
        Expr *a = read_sum(reader), *b = NULL;
        if (op_traits[op].arity == 2) {
            expect(reader, ",");
            b = read_sum(reader);
        }
        expect(reader, ")");
        return expr_make(reader->ir->arena, op, a, b);
    }
    die("unknown function %s", name);
}

static Expr *read_factor(Reader *reader)
{
    Arena *arena = reader->ir->arena;
    if (accept(reader, "-")) {
        if (accept(reader, "inf"))
            return expr_constant(arena, -strtod("inf", NULL));
        return expr_make(arena, OP_NEGATE, read_factor(reader), NULL);
    }
    if (accept(reader, "(")) {
        Expr *expr = read_sum(reader);
        expect(reader, ")");
        return expr;
    }
    if (!at_word(reader)) {
        char *end;
        double value = strtod(reader->at, &end);
        if (end == reader->at)
            die("expected an expression at \"%s\"", reader->at);
        reader->at = end;
        return expr_constant(arena, value);
    }
    char *name = word(reader);
    if (*reader->at == '[')
        return expr_load(arena, read_access(reader, name));
    if (accept(reader, "("))
        return read_call(reader, name);
    Axis *axis = find_axis(reader, name);
    if (!axis)
        die("unknown name %s", name);
    return expr_position(arena, index_axis(axis));
}

static Expr *read_product(Reader *reader)
{
    Expr *expr = read_factor(reader);
    for (;;) {
        if (accept(reader, "*"))
            expr = expr_make(reader->ir->arena, OP_MULTIPLY, expr, read_factor(reader));
        else if (accept(reader, "/"))
            expr = expr_make(reader->ir->arena, OP_DIVIDE, expr, read_factor(reader));
        else
            return expr;
    }
}

static Expr *read_sum(Reader *reader)
{
    Expr *expr = read_product(reader);
    for (;;) {
        if (accept(reader, "+"))
            expr = expr_make(reader->ir->arena, OP_ADD, expr, read_product(reader));
        else if (accept(reader, "-"))
            expr = expr_make(reader->ir->arena, OP_SUBTRACT, expr, read_product(reader));
        else
            return expr;
    }
}

static Loop *read_loop(Reader *reader, Section section)
{
    Loop *before = reader->loop_section == (int)section ? reader->loop : NULL;
    if (!accept(reader, "in"))
        return NULL;
    bool new = accept(reader, "new");
    Axis *axis = find_axis(reader, word(reader));
    bool reversed = accept(reader, "reversed");
    if (!new && before && before->axis == axis && before->reversed == reversed)
        return before;
    Loop *loop = arena_new(reader->ir->arena, Loop);
    *loop = (Loop){ .axis = axis, .reversed = reversed };
    return loop;
}

static void read_statement(Reader *reader, Section section)
{
    Access out = read_access(reader, word(reader));
    Accumulate accumulate = accept(reader, "+=") ? ACCUMULATE_ADD : accept(reader, "max=") ? ACCUMULATE_MAX : ACCUMULATE_SET;
    if (accumulate == ACCUMULATE_SET)
        expect(reader, "=");
    Expr *value = read_sum(reader);
    Axis *axes[STATEMENT_AXES_MAX];
    int count = 0;
    if (accept(reader, "over"))
        while (at_word(reader) && strncmp(reader->at, "in ", 3))
            axes[count++] = find_axis(reader, word(reader));
    reader->loop = read_loop(reader, section);
    reader->loop_section = (int)section;
    ir_statement(reader->ir, section, reader->loop, accumulate, out, value, count, axes);
}

static void read_axis(Reader *reader, AxisKind kind)
{
    char *name = word(reader);
    while (*reader->at == ' ')
        reader->at++;
    Axis *axis = ir_axis(reader->ir, name, number(reader), kind);
    if (kind == AXIS_BATCH) {
        reader->ir->batch_axis = axis;
        reader->ir->batch = axis->extent;
    }
    reader->axes[reader->axis_count++] = axis;
}

static const struct { const char *word; Role role; bool integer; size_t place; } roles[] = {
    { "input", ROLE_INPUT, false, 0 },                          { "ids", ROLE_INPUT, true, 0 },
    { "target", ROLE_TARGET, false, offsetof(Ir, target) },     { "classes", ROLE_TARGET, true, offsetof(Ir, target) },
    { "sample_weight", ROLE_SAMPLE_WEIGHT, false, offsetof(Ir, sample_weight) },
    { "scale", ROLE_SCALE, false, offsetof(Ir, scale) },        { "output", ROLE_OUTPUT, false, offsetof(Ir, output) },
    { "loss", ROLE_LOSS, false, offsetof(Ir, loss) },           { "weight", ROLE_WEIGHT, false, 0 },
    { "frozen", ROLE_WEIGHT, false, 0 },                        { "noise", ROLE_NOISE, false, 0 },
    { "state", ROLE_STATE, false, 0 },                          { "value", ROLE_VALUE, false, 0 },
};

static void read_tensor(Reader *reader, int role)
{
    Ir *ir = reader->ir;
    char *name = word(reader), *dot = strchr(name, '.');
    int extent[TENSOR_RANK_MAX], rank = 0, batch = -1, time = -1;
    for (accept(reader, ""); *reader->at; accept(reader, "")) {
        if (!at_word(reader)) {
            extent[rank++] = number(reader);
            continue;
        }
        const Axis *axis = find_axis(reader, word(reader));
        if (axis->kind == AXIS_BATCH)
            batch = rank;
        if (axis->kind == AXIS_TIME)
            time = rank;
        extent[rank++] = axis->extent + (accept(reader, "+1") ? 1 : 0);
    }
    if (dot)
        *dot = 0;
    Tensor *tensor = ir_tensor(ir, roles[role].role, dot ? name : "", dot ? dot + 1 : name, rank, extent);
    tensor->batch_dimension = batch;
    tensor->time_dimension = time;
    tensor->integer = roles[role].integer;
    tensor->trainable = !strcmp(roles[role].word, "weight");
    if (tensor->role == ROLE_NOISE) {
        tensor->rate = 0.5f;
        tensor->place = ir->tensor_count;
    }
    if (tensor->role == ROLE_INPUT) {
        ir->inputs = arena_array(ir->arena, Tensor *, 1);
        ir->inputs[0] = tensor;
        ir->input_count = 1;
        tensor->vocabulary = tensor->integer ? 7 : 0;
    }
    if (roles[role].place)
        *(Tensor **)(void *)((char *)ir + roles[role].place) = tensor;
}

static void read_line(Reader *reader)
{
    static const char *const sections[SECTION_COUNT] = { "reset", "forward", "carry", "loss", "backward" };
    static const char *const axis_words[] = { [AXIS_PLAIN] = "axis", [AXIS_BATCH] = "batch", [AXIS_TIME] = "time" };
    for (int kind = 0; kind < 3; kind++)
        if (accept(reader, axis_words[kind])) {
            read_axis(reader, (AxisKind)kind);
            return;
        }
    if (accept(reader, "want input")) {
        reader->ir->inputs[0]->trainable = true;
        return;
    }
    for (int section = 0; section < SECTION_COUNT; section++) {
        const char *start = reader->at;
        if (accept(reader, sections[section]) && accept(reader, ":")) {
            read_statement(reader, (Section)section);
            return;
        }
        reader->at = start;
    }
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (accept(reader, roles[i].word)) {
            read_tensor(reader, (int)i);
            return;
        }
    die("what is \"%s\"?", reader->at);
}

Ir *ir_from_text(Arena *arena, const char *text)
{
    Reader reader = { .ir = ir_create(arena, NULL), .loop_section = -1 };
    reader.ir->training = true;
    while (*text) {
        const char *end = strchr(text, '\n');
        size_t length = end ? (size_t)(end - text) : strlen(text);
        reader.at = arena_format(arena, "%.*s", (int)length, text);
        if (accept(&reader, ""), *reader.at)
            read_line(&reader);
        text += length + (end != NULL);
    }
    return reader.ir;
}
