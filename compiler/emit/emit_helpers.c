/* emit_helpers.c: in: programs.  out: what their mathematics calls, as far as it does: vectors, functions over vectors,
 * functions of one number. */
#include "compiler/base/embedded.h"
#include "emit_tile.h"

/* ---- what is called ---- */

static bool has_op(const Expr *expr, Op op)
{
    if (expr->op == op)
        return true;
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        if (has_op(expr->argument[i], op))
            return true;
    return false;
}

static bool has_transcendental(const Expr *expr)
{
    if (op_traits[expr->op].transcendental)
        return true;
    for (int i = 0; i < op_traits[expr->op].arity; i++)
        if (has_transcendental(expr->argument[i]))
            return true;
    return false;
}

/* The sections of a program of which functions are made. */
static unsigned emitted_sections(ProgramKind kind)
{
    if (program_traits[kind].training)
        return SECTION_BIT(SECTION_COUNT) - 1;
    return SECTION_BIT(SECTION_RESET) | SECTION_BIT(SECTION_FORWARD) |
           (program_traits[kind].streaming ? SECTION_BIT(SECTION_CARRY) : 0);
}

/* Over vectors, operations have other names; what a sum leaves over beyond whole vectors is done by these. */
static bool is_scalar(const Statement *statement, Op op)
{
    const Tile *tile = statement->tile;
    return !tile || (tile->dot && (op == OP_MAXIMUM || dot_has_rest(statement)));
}

static bool calls(const Statement *statement, Op op)
{
    return is_scalar(statement, op) &&
           (has_op(statement->value, op) || (op == OP_MAXIMUM && statement->accumulate == ACCUMULATE_MAX));
}

static void find_integer(void *context, const Access *access)
{
    bool *found = context;
    *found |= access->tensor->integer && access->tensor->role != ROLE_LENGTHS;
}

static bool reads_integers(const Statement *statement, Op op)
{
    (void)op;
    bool found = false;
    for (int d = 0; d < statement->out.tensor->rank; d++)
        found |= statement->out.index[d].gather && statement->out.index[d].gather->tensor->integer;
    expr_visit_loads(statement->value, find_integer, &found);
    return found;
}

static bool any_emitted(const Programs *programs, bool (*is_meant)(const Statement *statement, Op op), Op op)
{
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++) {
        const Ir *ir = programs->program[kind];
        unsigned sections = emitted_sections(kind);
        for (int i = 0; ir && i < ir->statement_count; i++) {
            const Statement *statement = ir->statements[i];
            if ((emit_is_emitted(statement, sections, false) || emit_is_emitted(statement, sections, true)) &&
                is_meant(statement, op))
                return true;
        }
    }
    return false;
}

static bool is_activation(const Statement *statement)
{
    return statement->tile && has_transcendental(statement->value);
}

static bool turns_squares(const Statement *statement)
{
    return statement->tile && statement->tile->across;
}

static bool has_rows_in_lanes(const Statement *statement)
{
    return statement->tile && statement->tile->lane->kind == AXIS_BATCH;
}

static bool makes_words(const Statement *statement)
{
    return tensor_has_words(statement->out.tensor);
}

/* ---- vectors ---- */

static void put_embedded(Out *out, const char *name)
{
    put_raw(out, embedded_text(name));
    put(out, "\n");
}

static void put_vectors(Out *out, const Programs *programs)
{
    put(out, "#define LANES %d\n\n", programs->target->lanes);
    put_embedded(out, "runtime/lstmc_vec.h");
    if (emit_any_statement(programs, turns_squares))
        put_embedded(out, "runtime/lstmc_transpose.h");
    if (emit_any_statement(programs, has_rows_in_lanes))
        put_embedded(out, "runtime/lstmc_apart.h");
    if (emit_any_statement(programs, makes_words))
        put_embedded(out, "runtime/lstmc_bf16.h");
    if (!emit_any_statement(programs, is_activation))
        return;
    if (programs->precise)
        put(out, "#define LSTMC_PRECISE\n\n");
    put_embedded(out, "runtime/lstmc_math.h");
}

/* ---- of one number ---- */

static const char clamped[] =
    "/* Ids and classes come from outside. */\n"
    "static inline int clamped(int32_t id, int count)\n{\nreturn id >= 0 && id < count ? (int)id : 0;\n}\n\n";

static const char any_counts[] =
    "/* whether a step counts for one row at least */\n"
    "static inline int any_counts(const float *mask, int rows)\n{\n"
    "for (int b = 0; b < rows; b++)\n    if (mask[b] != 0.0f)\n        return 1;\nreturn 0;\n}\n\n";

static const char all_zero[] =
    "/* whether rows of floats that lie so far apart are 0 */\n"
    "static inline int all_zero(const float *x, int rows, int stride, int columns)\n{\n"
    "for (int b = 0; b < rows; b++)\n    for (int n = 0; n < columns; n++)\n        if (x[b * stride + n] != 0.0f)\n"
    "            return 0;\nreturn 1;\n}\n\n";

static bool looks_at_state(const Statement *statement)
{
    return statement->first_state != NULL;
}

static bool idles_by_rows(const Statement *statement)
{
    return statement->loop && statement->loop->idle && statement->loop->idle->mask.tensor->rank == 2;
}

void emit_helpers(Out *out, const Programs *programs)
{
    if (emit_has_vectors(programs))
        put_vectors(out, programs);
    if (any_emitted(programs, reads_integers, OP_LOAD))
        put(out, "%s", clamped);
    if (emit_any_statement(programs, looks_at_state))
        put(out, "%s", all_zero);
    if (programs->training && programs->training->prepares_ranges)
        put(out, "%s", emit_touches_rows);
    if (emit_any_statement(programs, idles_by_rows))
        put(out, "%s", any_counts);
    for (int op = 0; op < OP_COUNT; op++)
        if (op_traits[op].helper && any_emitted(programs, calls, (Op)op))
            put(out, "%s", op_traits[op].helper);
}

void emit_beginning(Out *out, Arena *arena, const Programs *programs)
{
    emit_text(out, arena, programs->model, "#include \"@.h\"\n\n");
    put(out, "%s#include <math.h>\n#include <string.h>\n\n", emit_calls_blas(programs) ? "#include <cblas.h>\n" : "");
    emit_floats(out);
    if (emit_has_noise(programs)) {
        put_raw(out, embedded_text("runtime/lstmc_random.h"));
        if (emit_has_normal_noise(programs))
            put_raw(out, embedded_text("runtime/lstmc_normal.h"));
        put(out, "\n");
    }
}
