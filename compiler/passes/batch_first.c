/* batch_first.c: in: statements with their binding times.  out: tensors [time][batch][..] that no time loop touches are
 * [batch][time][..], as all those of attention and of convolutions: what goes through the steps of a row finds them
 * beside each other, not a batch apart, where they would share few places of the first cache. */
#include "lanes.h"
#include "passes.h"

typedef struct Turner {
    const Ir *ir;
    bool *turned;               /* by tensor number */
    bool steps_first;           /* the statement at work has something else that lies [time][batch] */
    bool changed;
} Turner;

static bool lies_steps_first(const Tensor *tensor)
{
    return tensor->time_dimension == 0 && tensor->batch_dimension == 1 && tensor->extent[0] > 1 &&
           tensor->extent[1] > 1;
}

static void keep(void *context, const Access *access)
{
    Turner *turner = context;
    turner->turned[access->tensor->number] = false;
}

static void find_steps_first(void *context, const Access *access)
{
    Turner *turner = context;
    turner->steps_first |= lies_steps_first(access->tensor) && !turner->turned[access->tensor->number];
}

/* What is no more than rows of steps follows its neighbours, so that loops walk all of them in one order; heads, or
 * steps beside steps, are worth two orders. */
static void follow(void *context, const Access *access)
{
    Turner *turner = context;
    bool *turned = &turner->turned[access->tensor->number];
    if (!*turned || access->tensor->rank > 3)
        return;
    *turned = false;
    turner->changed = true;
}

static void visit_all(const Statement *statement, void (*visit)(void *context, const Access *access), Turner *turner)
{
    visit(turner, &statement->out);
    statement_visit_reads(statement, visit, turner);
}

static bool choose(Turner *turner)
{
    const Ir *ir = turner->ir;
    bool any = false;
    for (int i = 0; i < ir->tensor_count; i++)
        turner->turned[i] = lies_steps_first(ir->tensors[i]) && ir->tensors[i]->rank > 2 && !ir->tensors[i]->kept &&
                            lanes_is_private(ir, ir->tensors[i]);
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->loop || ir->statements[i]->blas)
            visit_all(ir->statements[i], keep, turner);
    do {
        turner->changed = false;
        for (int i = 0; i < ir->statement_count; i++) {
            turner->steps_first = false;
            visit_all(ir->statements[i], find_steps_first, turner);
            if (turner->steps_first)
                visit_all(ir->statements[i], follow, turner);
        }
    } while (turner->changed);
    for (int i = 0; i < ir->tensor_count; i++)
        any |= turner->turned[i];
    return any;
}

/* ---- the new text ---- */

static Access turned_access(void *context, const Access *access)
{
    const Turner *turner = context;
    Access turned = *access;
    if (turner->turned[access->tensor->number]) {
        turned.index[0] = access->index[1];
        turned.index[1] = access->index[0];
    }
    return turned;
}

static void turn(Tensor *tensor)
{
    const int steps = tensor->extent[0];
    tensor->extent[0] = tensor->extent[1];
    tensor->extent[1] = steps;
    tensor->batch_dimension = 0;
    tensor->time_dimension = 1;
}

void batch_first(Ir *ir, const Target *target)
{
    Turner turner = { .ir = ir, .turned = arena_array(ir->arena, bool, ir->tensor_count + 1) };
    if (target->lanes == 1 || !choose(&turner))
        return;
    for (int i = 0; i < ir->statement_count; i++) {
        ir->statements[i]->out = turned_access(&turner, &ir->statements[i]->out);
        ir->statements[i]->value = expr_with_accesses(ir->arena, ir->statements[i]->value, turned_access, &turner);
    }
    for (int i = 0; i < ir->tensor_count; i++)
        if (turner.turned[i])
            turn(ir->tensors[i]);
}
