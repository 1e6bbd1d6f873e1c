/* emit_ranges.c: in: a training program that can be prepared range by range (rows.c).  out: of M_prepare_range what
 * follows its beginning: for each weight, its copies for the rows that the range touches. */
#include "emit.h"

const char emit_touches_rows[] =
    "/* Which rows of a weight that begins at this byte the floats first to first + count - 1 touch, in groups of\n"
    " * LSTMC_RANGE_ROWS; 0: none. */\n"
    "static inline int touches_rows(size_t first, size_t count, size_t byte, size_t columns, size_t rows,\n"
    "    int *first_row, int *end_row)\n{\n"
    "const size_t start = byte / sizeof(float), end = start + columns * rows, behind = first + count;\n"
    "const size_t group = columns * LSTMC_RANGE_ROWS;\n"
    "if (behind <= start || first >= end)\n    return 0;\n"
    "const size_t groups = first > start ? (first - start) / group : 0;\n"
    "const size_t end_of_groups = behind < end ? (behind - start - 1) / group + 1 : rows;\n"
    "*first_row = (int)(groups * LSTMC_RANGE_ROWS);\n"
    "*end_row = (int)(end_of_groups * LSTMC_RANGE_ROWS < rows ? end_of_groups * LSTMC_RANGE_ROWS : rows);\n"
    "return 1;\n}\n\n";

/* The statements that copy this weight. */
static int copies_of(const Ir *ir, const Tensor *weight, const Statement **copies)
{
    int count = 0;
    for (int i = 0; i < ir->statement_count; i++)
        if (is_prepared(ir->statements[i]) && ir->statements[i]->value->access.tensor == weight)
            copies[count++] = ir->statements[i];
    return count;
}

void emit_ranges(Out *out, Arena *arena, const Programs *programs, const Ir *ir)
{
    const Statement **copies = arena_array(arena, const Statement *, ir->statement_count + 1);
    put(out, "int first_row, end_row;");
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *weight = ir->tensors[i];
        int count = weight->role == ROLE_WEIGHT ? copies_of(ir, weight, copies) : 0;
        if (!count)
            continue;
        size_t rows = copies[0]->rows_of_weight ? (size_t)weight->extent[0] : 1;      /* alike of all its copies */
        emit_line(out, arena,
                  arena_format(arena, "if (touches_rows(first, count, offsetof(struct %s_weights, %s), "
                                      "%zu, %zu, &first_row, &end_row)) {",
                               programs->model->descriptor.name, tensor_member(arena, ir, weight),
                               tensor_count(weight) / rows, rows));
        emit_statements(out, arena, ir, NULL, copies, count);
        put(out, "}");
    }
}
