/* rows.c: in: a scheduled program for training.  out: copies of matrices know which of their axes are the rows, if all
 * that is prepared are copies of weights, each of which can be made row by row or is of one small weight. Then what an
 * update has changed can be prepared range by range, while it is in the cache and by several threads. */
#include "compiler/ir/axes.h"
#include "passes.h"

/* All rows of the weight, one position of the axis each. */
static bool runs_over_rows(const Access *access, const Axis *axis)
{
    const Index *rows = &access->index[0];
    return !rows->gather && rows->constant == 0 && rows->terms == 1 && rows->coefficient[0] == 1 &&
           rows->axis[0] == axis && axis->extent == access->tensor->extent[0];
}

/* The axis of a copy's nest over the rows of what it reads; NULL: there is none. */
static const Axis *rows_of(const Statement *copy)
{
    const Access *from = &copy->value->access;
    const Axis *rows = NULL;
    for (int a = 0; a < copy->axis_count; a++)
        if (runs_over_rows(from, copy->axes[a]))
            rows = copy->axes[a];
    for (int d = 1; d < from->tensor->rank && rows; d++)
        if (index_uses(&from->index[d], rows))
            return NULL;
    return copy->tile && copy->tile->across == rows ? NULL : rows;
}

static bool is_copy(const Statement *statement)
{
    return statement->value->op == OP_LOAD && statement->value->access.tensor->role == ROLE_WEIGHT &&
           statement->accumulate == ACCUMULATE_SET;
}

/* It is never in several ranges. */
static bool is_whole(const Tensor *weight)
{
    return weight->rank < 2 || weight->extent[0] <= LSTMC_RANGE_ROWS;
}

void rows(Ir *ir)
{
    bool matrices = false;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (statement->time != TIME_PREPARE)
            continue;
        if (!is_copy(statement) || (!is_whole(statement->value->access.tensor) && !rows_of(statement)))
            return;
        matrices |= !is_whole(statement->value->access.tensor);
    }
    for (int i = 0; i < ir->statement_count && matrices; i++) {
        Statement *statement = ir->statements[i];
        if (statement->time == TIME_PREPARE && !is_whole(statement->value->access.tensor))
            statement->rows_of_weight = rows_of(statement);
    }
    ir->prepares_ranges = matrices;
}
