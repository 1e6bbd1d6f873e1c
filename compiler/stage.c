/* stage.c: in: one Ir.  out: the same, every statement labelled with the earliest time at which it can run where it stands:
 * what depends on weights alone is prepared, what stands outside every loop runs once a call, the rest recurs. */
#include "passes.h"

static void visit_early(void *context, const Access *access)
{
    bool *const *found = context;       /* the marks, and where to say that a load is late */
    if (!found[0][access->tensor->number])
        *found[1] = false;
}

static bool stays_early(const Statement *statement, bool *early)
{
    if (statement->section != SECTION_FORWARD || statement->loop)
        return false;
    for (int i = 0; i < statement->axis_count; i++)
        if (statement->axes[i]->kind == AXIS_BATCH)
            return false;
    bool all = true;
    bool *found[] = { early, &all };
    expr_visit_loads(statement->value, visit_early, found);
    return all;
}

/* Which tensors depend on weights alone: all that might, without those that a late statement writes, until nothing changes. */
static bool *find_early(const Ir *ir)
{
    bool *early = arena_array(ir->arena, bool, ir->tensor_count);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        bool fixed = tensor->batch_dimension < 0 && tensor->time_dimension < 0;
        early[i] = tensor->role == ROLE_WEIGHT || (tensor->role == ROLE_VALUE && fixed);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < ir->statement_count; i++) {
            const Statement *statement = ir->statements[i];
            int out = statement->out.tensor->number;
            if (early[out] && !stays_early(statement, early)) {
                early[out] = false;
                changed = true;
            }
        }
    }
    return early;
}

void stage(Ir *ir, const Target *target)
{
    (void)target;
    bool *early = find_early(ir);
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i];
        statement->time = early[statement->out.tensor->number] ? TIME_PREPARE : statement->loop ? TIME_STEP : TIME_CALL;
    }
}
