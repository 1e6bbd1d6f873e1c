/* emit_decoder.c: of a model with a decoder, in the generated files: what the header says of its two halves, and the
 * table by which the runtime searches for what they say. Of others, nothing. */
#include "emit.h"

/* Elements that one step reads. */
static size_t step_inputs(const Programs *programs)
{
    return tensor_elements(programs->decode->inputs[0]);
}

void emit_decoder_macros(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    const char *prefix = macro_prefix(arena, &model->descriptor);
    if (!programs->decode)
        return;
    put(out, "#define %s_STEP_OUTPUTS       %-10zu /* floats of y, of one step of the decoder */", prefix,
        tensor_elements(programs->decode->output));
    if (model_says_tokens(model)) {
        put(out, "#define %s_BEGIN_TOKEN        %-10d /* what its first step reads */", prefix, model->begin_token);
        put(out, "#define %s_END_TOKEN          %-10d /* what says that all is said */", prefix, model->end_token);
    }
}

void emit_decoder_functions(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    const char *name = model->descriptor.name;
    if (!model->has_decoder)
        return;
    if (!programs->decode) {
        emit_comment(out, arena, arena_format(arena, "No %s_encode and no %s_decode_step: %s.", name, name,
                                              comment_text(arena, programs->no_decoder)));
        put(out, "\n");
        return;
    }
    emit_declared(out, arena, model,
                  arena_format(arena, "What is read once: x, of which the decoder's input, %s, is not read. Leaves in "
                                      "the memory what all steps of the decoder need of it.<about lengths>",
                               c_name(arena, model_decoder_input(model)->name)),
                  "void @_encode(const struct @_packed *packed, struct @_encode_scratch *scratch, const <x> *x, "
                  "<lengths>struct @_memory *memory);");
    emit_declared(out, arena, model, "Before the first step of the decoder: its states begin with what was encoded.",
                  "void @_decode_reset(const struct @_packed *packed, const struct @_memory *memory, struct @_state "
                  "*state);");
    emit_declared(out, arena, model,
                  arena_format(arena, "The next step of the decoder: x [%zu]%s, y [$_STEP_OUTPUTS]. Returns 1: y was "
                                      "written. There may be more steps than in training.",
                               step_inputs(programs),
                               model_says_tokens(model) ? ", the token that was said last ($_BEGIN_TOKEN at first)"
                                                        : ""),
                  "int @_decode_step(const struct @_packed *packed, const struct @_memory *memory, struct "
                  "@_decode_scratch *scratch, struct @_state *state, const <step> *x, float *y);");
    emit_declared(out, arena, model, "The decoder, for a search by lstmc_search.h.",
                  "extern const struct lstmc_decoder @_decoder;");
}

static const char how_to_decode[] =
    " * What the decoder says, step by step:\n"
    " *     static struct @_encode_scratch encode_scratch;\n"
    " *     static struct @_decode_scratch decode_scratch;\n"
    " *     static struct @_memory memory;\n"
    " *     static struct @_state state;\n"
    " *     @_encode(&%s, &encode_scratch, x, <all>&memory);\n"
    " *     @_decode_reset(&%s, &memory, &state);\n"
    " *     @_decode_step(&%s, &memory, &decode_scratch, &state, %s, y);     for every step\n";

void emit_decoder_usage(Out *out, Arena *arena, const Programs *programs, const char *packed)
{
    const char *said = programs->decode && model_says_tokens(programs->model) ? "&token" : "x";
    if (programs->decode)
        put_raw(out, fill_template(arena, programs->model, arena_format(arena, how_to_decode, packed, packed, packed,
                                                                        said)));
}

static const char thunks[] =
    "static void @_encode_thunk(const void *packed, void *scratch, const void *x, const int32_t *lengths, void "
    "*memory)\n{\n%s    @_encode(packed, scratch, x, %smemory);\n}\n\n"
    "static void @_decode_reset_thunk(const void *packed, const void *memory, void *state)\n{\n"
    "    @_decode_reset(packed, memory, state);\n}\n\n"
    "static int @_decode_step_thunk(const void *packed, const void *memory, void *scratch, void *state, const void *x, "
    "float *y)\n{\n    return @_decode_step(packed, memory, scratch, state, x, y);\n}\n\n";

static const char functions[] =
    ".memory_bytes = sizeof(struct @_memory), .state_bytes = sizeof(struct @_state),\n"
    ".encode_scratch_bytes = sizeof(struct @_encode_scratch),\n"
    ".decode_scratch_bytes = sizeof(struct @_decode_scratch),\n"
    ".encode = @_encode_thunk, .decode_reset = @_decode_reset_thunk, .decode_step = @_decode_step_thunk,\n";

void emit_decoder_table(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    bool lengths = model->descriptor.has_lengths;
    if (!programs->decode)
        return;
    put(out, "\n");
    emit_text(out, arena, model, arena_format(arena, thunks, lengths ? "" : "    (void)lengths;\n",
                                              lengths ? "lengths, " : ""));
    put(out, "const struct lstmc_decoder %s_decoder = {", model->descriptor.name);
    put(out, ".model = &%s_model, .input = %d, .steps = %d,", model->descriptor.name, model->decoder,
        model_decoder_input(model)->output.extent[0]);
    put(out, ".reads_tokens = %d, .begin_token = %d, .end_token = %d,", model_says_tokens(model), model->begin_token,
        model->end_token);
    put(out, ".input_count = %zu, .output_count = %zu,", step_inputs(programs),
        tensor_elements(programs->decode->output));
    emit_text(out, arena, model, functions);
    put(out, "};");
}
