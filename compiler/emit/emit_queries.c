/* emit_queries.c: in: planned programs.  out: what is in them, as far as it decides what is emitted. */
#include "emit.h"

bool is_prepared(const Statement *statement)
{
    return statement->out.tensor->home == HOME_PREPARED;
}

bool emit_is_emitted(const Statement *statement, unsigned sections, bool prepared)
{
    return statement->out.tensor->home != HOME_NONE && is_prepared(statement) == prepared
        && (prepared || (sections & SECTION_BIT(statement->section)));
}

static bool has_noise(const Programs *programs, bool normal_alone)
{
    const Ir *ir = programs->training;
    for (int i = 0; ir && i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_NOISE && ir->tensors[i]->home != HOME_NONE &&
            (ir->tensors[i]->normal || !normal_alone))
            return true;
    return false;
}

bool emit_has_noise(const Programs *programs)
{
    return has_noise(programs, false);
}

bool emit_has_normal_noise(const Programs *programs)
{
    return has_noise(programs, true);
}

bool emit_any_statement(const Programs *programs, bool (*is_meant)(const Statement *statement))
{
    for (ProgramKind kind = 0; kind < PROGRAM_COUNT; kind++) {
        const Ir *ir = programs->program[kind];
        for (int i = 0; ir && i < ir->statement_count; i++)
            if (is_meant(ir->statements[i]))
                return true;
    }
    return false;
}

static bool is_product(const Statement *statement)
{
    return statement->blas;
}

bool emit_calls_blas(const Programs *programs)
{
    return emit_any_statement(programs, is_product);
}

static bool is_tile(const Statement *statement)
{
    return statement->tile != NULL;
}

bool emit_has_vectors(const Programs *programs)
{
    return emit_any_statement(programs, is_tile);
}

/* What has no vectors has nothing to choose. */
bool emit_dispatches(const Programs *programs)
{
    return programs->dispatch && emit_has_vectors(programs);
}
