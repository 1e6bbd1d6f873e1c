/* phases.c: in: a training program.  out: its forward and its backward section cut into phases. A sum over the rows of
 * the whole batch is complete when the sums of all tapes have been added up, which nobody can do while one tape runs:
 * so whoever reads such a sum stands in a later phase than those that write it. A loop stands in one phase. On demand
 * backward is also cut behind each layer whose gradients are complete. */
#include "passes.h"

#include <string.h>

typedef struct Cut {
    const Ir *ir;
    bool *pending;              /* by number: written, and not added up yet */
    bool reads;                 /* what is pending */
} Cut;

static void find_pending(void *context, const Access *access)
{
    Cut *cut = context;
    cut->reads |= cut->pending[access->tensor->number];
}

/* Statements that cannot be parted: a loop, or a sum with what starts it. */
static bool stand_together(const Statement *a, const Statement *b)
{
    return a->section == b->section && (a->loop ? a->loop == b->loop : !b->loop && a->out.tensor == b->out.tensor);
}

/* The end of those that stand together with statement `first`; statements of other sections may lie between. */
static int end_of_group(const Ir *ir, int first)
{
    int end = first + 1;
    for (int i = first + 1; i < ir->statement_count; i++) {
        if (ir->statements[i]->section != ir->statements[first]->section)
            continue;
        if (!stand_together(ir->statements[first], ir->statements[i]))
            break;
        end = i + 1;
    }
    return end;
}

static void cut_group(Cut *cut, Section section, int first, int end, int *phase)
{
    cut->reads = false;
    for (int i = first; i < end; i++)
        if (cut->ir->statements[i]->section == section)
            expr_visit_loads(cut->ir->statements[i]->value, find_pending, cut);
    if (cut->reads) {
        ++*phase;
        memset(cut->pending, 0, sizeof *cut->pending * (size_t)cut->ir->tensor_count);
    }
    for (int i = first; i < end; i++) {
        Statement *statement = cut->ir->statements[i];
        if (statement->section != section)
            continue;
        statement->phase = *phase;
        cut->pending[statement->out.tensor->number] |= statement->out.tensor->reduced;
    }
}

static void cut_section(Ir *ir, Section section)
{
    Cut cut = { .ir = ir, .pending = arena_array(ir->arena, bool, ir->tensor_count + 1) };
    for (int i = 0; i < ir->statement_count; i++)
        if (section == SECTION_BACKWARD && ir->statements[i]->section == SECTION_LOSS)
            cut.pending[ir->statements[i]->out.tensor->number] = ir->statements[i]->out.tensor->reduced;
    int phase = 0;
    for (int i = 0, end; i < ir->statement_count; i = end) {
        end = i + 1;
        if (ir->statements[i]->section != section)
            continue;
        end = end_of_group(ir, i);
        cut_group(&cut, section, i, end, &phase);
    }
    ir->phases[section] = phase + 1;
}

/* ---- gradients that others wait for ---- */

/* So many floats are worth an exchange of their own. */
#define PARCEL 4096

static size_t floats_of(const Tensor *tensor)
{
    return tensor->weight ? tensor->weight->count : 0;
}

/* Statements behind which no other one of the section writes the gradient: by number of the tensor, -1: nobody does. */
static int *last_writers(const Ir *ir)
{
    int *last = arena_array(ir->arena, int, ir->tensor_count + 1);
    for (int i = 0; i < ir->tensor_count; i++)
        last[i] = -1;
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->section == SECTION_BACKWARD && ir->statements[i]->out.tensor->role == ROLE_GRADIENT)
            last[ir->statements[i]->out.tensor->number] = i;
    return last;
}

/* A new phase with each loop before which gradients have been completed: while it runs, they can be on their way to
 * other machines. What stands between loops stays with the one before it, which may be cut into pieces with it. */
static void cut_by_layers(Ir *ir)
{
    const int *last = last_writers(ir);
    int added = 0;
    size_t ready = 0;
    for (int i = 0, end; i < ir->statement_count; i = end) {
        end = i + 1;
        if (ir->statements[i]->section != SECTION_BACKWARD)
            continue;
        end = end_of_group(ir, i);
        if (ready >= PARCEL && ir->statements[i]->loop) {
            added++;
            ready = 0;
        }
        for (int k = i; k < end; k++)
            if (ir->statements[k]->section == SECTION_BACKWARD) {
                ir->statements[k]->phase += added;
                const Tensor *written = ir->statements[k]->out.tensor;
                ready += last[written->number] == k ? floats_of(written) : 0;
            }
    }
    ir->phases[SECTION_BACKWARD] += added;
}

void phases(Ir *ir, bool by_layers)
{
    if (!ir->training)
        return;
    cut_section(ir, SECTION_FORWARD);
    cut_section(ir, SECTION_BACKWARD);
    if (by_layers)
        cut_by_layers(ir);
}
