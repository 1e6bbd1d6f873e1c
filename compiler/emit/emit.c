/* emit.c: the generated source: what stands in front of the functions, the functions, the descriptor. */
#include "emit.h"

#include "compiler/base/embedded.h"

/* ---- what the programs have ---- */

bool emit_is_emitted(const Statement *statement, unsigned sections, bool prepared)
{
    return statement->out.tensor->home != HOME_NONE && is_prepared(statement) == prepared
        && (prepared || (sections & SECTION_BIT(statement->section)));
}

bool emit_has_noise(const Programs *programs)
{
    const Ir *ir = programs->training;
    for (int i = 0; ir && i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_NOISE && ir->tensors[i]->home != HOME_NONE)
            return true;
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

void emit_beginning(Out *out, Arena *arena, const Programs *programs)
{
    emit_text(out, arena, programs->model, "#include \"@.h\"\n\n");
    put(out, "%s#include <math.h>\n#include <string.h>\n\n", emit_calls_blas(programs) ? "#include <cblas.h>\n" : "");
    emit_floats(out);
    if (emit_has_noise(programs)) {
        put_raw(out, embedded_text("runtime/lstmc_random.h"));
        put(out, "\n");
    }
}

void emit_source(Out *out, Arena *arena, const Programs *programs)
{
    Out body = { 0 };
    Exported exported[EXPORTED_MAX];
    emit_helpers(&body, programs);
    emit_prose(&body, arena, "Static functions have the weights as a parameter of their own: of a parameter compilers "
                             "know that no write changes it.");
    put(&body, "\n");
    int count = emit_functions(&body, arena, programs, exported);
    emit_stamp(out, arena, programs, "c");
    put_raw(out, " */\n");
    if (emit_dispatches(programs)) {
        emit_dispatch(out, arena, programs, body.text, exported, count);
    } else {
        emit_beginning(out, arena, programs);
        emit_descriptor(&body, arena, programs);
        emit_private(out, arena, programs->model, body.text);
        emit_floats_end(out);
    }
    out_free(&body);
}

/* What has no vectors has nothing to choose. */
bool emit_dispatches(const Programs *programs)
{
    return programs->dispatch && emit_has_vectors(programs);
}
