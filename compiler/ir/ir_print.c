/* ir_print.c: the printed form of an Ir: the dump, the golden files, and the comment over each emitted kernel. */
#include "ir.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_COLUMNS 90    /* where "over ..." begins in a dump */

/* Text that grows in the arena. */
typedef struct Line {
    Arena *arena;
    const AxisNames *names;         /* of the statement that is printed */
    char *text;
    int length, capacity;
} Line;

static void append(Line *to, const char *format, ...) PRINTF_LIKE(2, 3);

static void append(Line *to, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int added = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (to->length + added + 1 > to->capacity) {
        to->capacity = 2 * (to->length + added) + 64;
        char *wider = arena_alloc(to->arena, (size_t)to->capacity);
        if (to->length)
            memcpy(wider, to->text, (size_t)to->length);
        to->text = wider;
    }
    vsnprintf(to->text + to->length, (size_t)added + 1, format, again);
    va_end(again);
    to->length += added;
}

char *constant_text(Arena *arena, double value)
{
    if (isnan(value))
        return arena_copy_text(arena, "nan");
    if (isinf(value))
        return arena_copy_text(arena, value < 0 ? "-inf" : "inf");
    char text[40];
    for (int digits = 1; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return arena_copy_text(arena, text);
}

static void append_access(Line *to, const Access *access);

static void append_term(Line *to, int coefficient, const Axis *axis)
{
    if (coefficient == -1)
        append(to, "-");
    else if (coefficient != 1)
        append(to, "%d*", coefficient);
    append(to, "%s", axis_name(to->names, axis));
}

/* 2*t+k-1; something positive leads where there is any: 9-t */
static void append_index(Line *to, const Index *index)
{
    if (index->gather) {
        append_access(to, index->gather);
        return;
    }
    int lead = -1;
    for (int i = 0; i < index->terms && lead < 0; i++)
        if (index->coefficient[i] > 0)
            lead = i;
    int start = to->length;
    if (lead >= 0)
        append_term(to, index->coefficient[lead], index->axis[lead]);
    else if (index->constant > 0 || index->terms == 0)
        append(to, "%d", index->constant);
    bool constant_done = to->length > start && lead < 0;
    for (int i = 0; i < index->terms; i++) {
        if (i == lead)
            continue;
        if (index->coefficient[i] > 0 && to->length > start)
            append(to, "+");
        append_term(to, index->coefficient[i], index->axis[i]);
    }
    if (!constant_done && index->constant)
        append(to, "%+d", index->constant);
}

static void append_access(Line *to, const Access *access)
{
    const Tensor *tensor = access->tensor;
    append(to, "%s%s%s[", tensor->layer, *tensor->layer ? "." : "", tensor->name);
    for (int i = 0; i < tensor->rank; i++) {
        if (i)
            append(to, ",");
        append_index(to, &access->index[i]);
    }
    append(to, "]");
}

/* How tightly the text of an expression holds together: above every sign: no parentheses needed. */
static int binding(const Expr *expr)
{
    if (expr->op == OP_AXIS)
        return expr->position.terms > 1 || expr->position.constant ? 1 : expr->position.coefficient[0] == 1 ? 9 : 2;
    int precedence = op_traits[expr->op].precedence;
    return precedence ? precedence : 9;
}

static void append_expr(Line *to, const Expr *expr, int least)
{
    const OpTraits *traits = &op_traits[expr->op];
    bool parentheses = binding(expr) < least;
    if (parentheses)
        append(to, "(");
    if (expr->op == OP_CONSTANT) {
        append(to, "%s", constant_text(to->arena, expr->value));
    } else if (expr->op == OP_LOAD) {
        append_access(to, &expr->access);
    } else if (expr->op == OP_AXIS) {
        append_index(to, &expr->position);
    } else if (traits->precedence && traits->arity == 2) {
        append_expr(to, expr->argument[0], traits->precedence);
        append(to, " %s ", traits->name);
        append_expr(to, expr->argument[1], traits->precedence + 1);
    } else if (traits->precedence) {
        append(to, "%s", traits->name);
        append_expr(to, expr->argument[0], traits->precedence);
    } else {
        append(to, "%s(", traits->name);
        append_expr(to, expr->argument[0], 0);
        if (traits->arity == 2) {
            append(to, ", ");
            append_expr(to, expr->argument[1], 0);
        }
        append(to, ")");
    }
    if (parentheses)
        append(to, ")");
}

char *statement_text_in(const AxisNames *names, const Statement *statement)
{
    static const char *const signs[] = { [ACCUMULATE_SET] = "=", [ACCUMULATE_ADD] = "+=", [ACCUMULATE_MAX] = "max=" };
    Line to = { .arena = names->arena, .names = names };
    append_access(&to, &statement->out);
    append(&to, " %s ", signs[statement->accumulate]);
    append_expr(&to, statement->value, 0);
    return to.text;
}

static const AxisNames *names_of(Arena *arena, const Statement *statement)
{
    return axis_names(arena, &statement, 1, NULL);
}

char *statement_text(Arena *arena, const Statement *statement)
{
    return statement_text_in(names_of(arena, statement), statement);
}

static char *axes_text(const AxisNames *names, const Statement *statement)
{
    Line to = { .arena = names->arena };
    append(&to, "%s", statement->axis_count ? "over" : "");
    for (int i = 0; i < statement->axis_count; i++)
        append(&to, " %s", axis_name(names, statement->axes[i]));
    if (statement->loop)
        append(&to, "%sin loop %s%s", to.length ? "     " : "", axis_name(names, statement->loop->axis),
               statement->loop->reversed ? " reversed" : "");
    return to.text;
}

char *statement_axes_text(Arena *arena, const Statement *statement)
{
    return axes_text(names_of(arena, statement), statement);
}

static void print_tensor(Out *out, Arena *arena, const Tensor *tensor)
{
    static const char *const roles[] = {
        [ROLE_INPUT] = "input", [ROLE_LENGTHS] = "lengths", [ROLE_TARGET] = "target",
        [ROLE_SAMPLE_WEIGHT] = "sample_weight",
        [ROLE_SCALE] = "scale", [ROLE_WEIGHT] = "weight",   [ROLE_NOISE] = "noise",
        [ROLE_STATE] = "state", [ROLE_VALUE] = "value",     [ROLE_OUTPUT] = "output",
        [ROLE_LOSS] = "loss",   [ROLE_ADJOINT] = "adjoint", [ROLE_GRADIENT] = "gradient",
        [ROLE_TRAINING] = "training", [ROLE_MEMORY] = "memory",
    };
    static const char *const homes[] = {
        [HOME_NONE] = "",
        [HOME_ARGUMENT] = "argument",
        [HOME_WEIGHTS] = "weights",
        [HOME_GRADIENTS] = "gradients",
        [HOME_PREPARED] = "prepared",
        [HOME_TAPE] = "tape",
        [HOME_STATE] = "state",
        [HOME_SCRATCH] = "scratch",
        [HOME_MEMORY] = "memory",
        [HOME_LOCAL] = "local",
        [HOME_REGISTER] = "registers",
    };
    Line to = { .arena = arena };
    append(&to, "    %-13s  %s%s%s[", roles[tensor->role], tensor->layer, *tensor->layer ? "." : "", tensor->name);
    for (int i = 0; i < tensor->rank; i++)
        append(&to, "%s%d", i ? "," : "", tensor->extent[i]);
    append(&to, "]%s", tensor->integer ? " integer" : "");
    if (tensor->role == ROLE_WEIGHT && !tensor->trainable)
        append(&to, " frozen");
    if (tensor->role == ROLE_NOISE)
        append(&to, " %s %s place %d", tensor->normal ? "deviation" : "rate",
               arena_format(arena, "%.7g", (double)tensor->rate), tensor->place);
    if (tensor->reduced)
        append(&to, " reduced");
    if (tensor->home != HOME_NONE)
        append(&to, "     in %s", homes[tensor->home]);
    if (tensor->window)
        append(&to, ", %d row%s of time", tensor->window, tensor->window == 1 ? "" : "s");
    if (tensor->layout == LAYOUT_SPACED)
        append(&to, ", rows with a gap of %d", tensor->gap);
    else if (tensor->layout != LAYOUT_ROWS)
        append(&to, ", %s to %d lanes", tensor->layout == LAYOUT_PADDED ? "padded" : "blocked", tensor->lanes);
    if (tensor->paired >= 0)
        append(&to, ", bf16 in pairs along dimension %d", tensor->paired);
    append(&to, "\n");
    put_raw(out, to.text);
}

/* "tile of 3 b x 1 n, in t" */
static void print_tile(Out *out, const AxisNames *names, const Tile *tile)
{
    Line to = { .arena = names->arena };
    append(&to, "    %s of", tile->dot ? "dot" : "tile");
    if (tile->row)
        append(&to, " %d %s x", tile->rows, axis_name(names, tile->row));
    append(&to, " %d %s", tile->blocks, axis_name(names, tile->lane));
    if (tile->sets > 1)
        append(&to, ", %d sums each", tile->sets);
    if (tile->narrow.rows)
        append(&to, " (narrow: %d x %d)", tile->narrow.rows, tile->narrow.blocks);
    if (tile->back_and_forth)
        append(&to, ", back and forth");
    for (int i = 0; i < tile->outer_count; i++)
        append(&to, "%s %s", i ? "" : ", in", axis_name(names, tile->outer[i]));
    if (tile->across)
        append(&to, ", across %s", axis_name(names, tile->across));
    if (tile->chunk)
        append(&to, ", by %d %s", tile->chunk_extent, axis_name(names, tile->chunk));
    if (tile->follows)
        append(&to, ", after each %d turns of loop %s", tile->follows->piece, tile->follows->axis->name);
    append(&to, "\n");
    put_raw(out, to.text);
}

static void print_statement(Out *out, const AxisNames *names, const Statement *statement)
{
    Line to = { .arena = names->arena };
    append(&to, "    %-*s  %s", STATEMENT_COLUMNS, statement_text_in(names, statement), axes_text(names, statement));
    if (statement->time == TIME_PREPARE)
        append(&to, "     prepare");
    if (statement->phase)
        append(&to, "     phase %d", statement->phase);
    if (statement->first)
        append(&to, "     not at %s = 0 of a state %s.%s that is 0", axis_name(names, statement->first),
               statement->first_state->layer, statement->first_state->name);
    if (statement->blas)
        append(&to, "     by BLAS");
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->unroll[i] > 1)
            append(&to, "     unroll %s by %d", axis_name(names, statement->axes[i]), statement->unroll[i]);
    while (to.length && to.text[to.length - 1] == ' ')
        to.text[--to.length] = 0;
    append(&to, "\n");
    put_raw(out, to.text);
}

/* In front of a loop's first statement: what is done where its mask holds for no row. */
static void print_idle(Out *out, const Ir *ir, int i)
{
    const Loop *loop = ir->statements[i]->loop;
    if (!loop || !loop->idle || (i > 0 && ir->statements[i - 1]->loop == loop))
        return;
    const Tensor *mask = loop->idle->mask.tensor;
    put_raw(out, arena_format(ir->arena, "    where %s%s%s is 0 for all\n", mask->layer, *mask->layer ? "." : "",
                              mask->name));
    for (int s = 0; s < loop->idle->count; s++) {
        const Statement *statement = loop->idle->statements[s];
        print_statement(out, axis_names(ir->arena, &statement, 1, NULL), statement);
    }
    put_raw(out, "    else\n");
}

/* The statements from here on that become one nest. */
static int nest_length(const Ir *ir, int first)
{
    int end = first + 1;
    while (ir->statements[first]->tile && end < ir->statement_count &&
           ir->statements[end]->tile == ir->statements[first]->tile)
        end++;
    return end - first;
}

void ir_print(Out *out, const Ir *ir)
{
    static const struct { Section section; const char *name;
    } sections[SECTION_COUNT] = {
        { SECTION_RESET, "reset" },       { SECTION_FORWARD, "forward" }, { SECTION_LOSS, "loss" },
        { SECTION_BACKWARD, "backward" }, { SECTION_CARRY, "carry" },
    };
    put_raw(out, "tensors\n");
    for (int i = 0; i < ir->tensor_count; i++)
        print_tensor(out, ir->arena, ir->tensors[i]);
    for (int s = 0; s < SECTION_COUNT; s++) {
        bool heading = false;
        const AxisNames *names = NULL;
        for (int i = 0; i < ir->statement_count; i++) {
            if (ir->statements[i]->section != sections[s].section)
                continue;
            if (!heading)
                put_raw(out, arena_format(ir->arena, "%s\n", sections[s].name));
            heading = true;
            const Tile *tile = ir->statements[i]->tile;
            bool begins = !tile || i == 0 || ir->statements[i - 1]->tile != tile;
            if (begins)
                names = axis_names(ir->arena, (const Statement *const *)ir->statements + i, nest_length(ir, i), NULL);
            if (begins && tile)
                print_tile(out, names, tile);
            print_idle(out, ir, i);
            print_statement(out, names, ir->statements[i]);
        }
    }
}
