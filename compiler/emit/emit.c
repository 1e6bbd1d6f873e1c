/* emit.c: the generated source: what stands in front of the functions, the functions, the descriptor. */
#include "emit.h"

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
