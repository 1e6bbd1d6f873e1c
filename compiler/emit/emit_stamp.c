/* emit_stamp.c: the first comment of the generated files: what the model is, and, in the header, how it is used. */
#include "emit.h"

#include "runtime/lstmc.h"

const char *emit_shape(Arena *arena, int rank, const int *shape)
{
    const char *text = "";
    for (int i = 0; i < rank; i++)
        text = arena_format(arena, "%s%s%d", text, i ? ", " : "", shape[i]);
    return arena_format(arena, "[%s]", text);
}

/* One line for each layer: "lstm[7, 6] = LSTM(series)". */
static void put_graph(Out *out, Arena *arena, const Model *model)
{
    for (int i = 0; i < model->layer_count; i++) {
        const Layer *layer = &model->layers[i];
        const char *from = "";
        for (int k = 0; k < layer->from_count; k++)
            from = arena_format(arena, "%s%s%s", from, k ? ", " : "", model->layers[layer->from[k]].name);
        put(out, " *   %s%s = %s(%s)", layer->name, emit_shape(arena, layer->output.rank, layer->output.extent),
            layer->kind, from);
    }
}

static void put_layers(Out *out, Arena *arena, const Model *model)
{
    if (!model_is_chain(model)) {
        put_graph(out, arena, model);
        return;
    }
    const struct lstmc_model *descriptor = &model->descriptor;
    const char *line = arena_format(arena, " *   %s%s", descriptor->input_is_tokens ? "tokens" : "x",
                                    emit_shape(arena, descriptor->input_rank, descriptor->input_shape));
    for (int i = 1; i < model->layer_count; i++) {      /* the first one is the input itself */
        const Layer *layer = &model->layers[i];
        const char *text = arena_format(arena, " -> %s%s", layer->kind,
                                        emit_shape(arena, layer->output.rank, layer->output.extent));
        if (strlen(line) + strlen(text) > 116) {
            put(out, "%s", line);
            line = " *     ";
        }
        line = arena_format(arena, "%s%s", line, text);
    }
    put(out, "%s", line);
}

void emit_stamp(Out *out, Arena *arena, const Programs *programs, const char *suffix)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    Sizes sizes = emit_sizes(programs);
    put(out, "/* %s.%s: written by lstmc %s from %s. Do not edit.           SPDX-License-Identifier: 0BSD",
        descriptor->name, suffix, LSTMC_VERSION, comment_text(arena, descriptor->source));
    put_layers(out, arena, programs->model);
    const Ir *counted = programs->step ? programs->step : programs->single;
    const char *line = arena_format(arena, " *   %s weights   %s: %s mul-adds, %s activations",
                                    emit_readable_count(arena, descriptor->weight_count),
                                    programs->step ? "step" : "prediction",
                                    emit_readable_count(arena, emit_multiply_adds(counted, SECTION_FORWARD)),
                                    emit_readable_count(arena, emit_activations(counted, SECTION_FORWARD)));
    put(out, "%s", line);
    line = " *";
    if (programs->training)
        line = arena_format(arena, "%s   tape %s a row", line,
                            emit_readable_bytes(arena, sizes.tape / (size_t)descriptor->batch));
    if (programs->step)
        line = arena_format(arena, "%s   state %s", line, emit_readable_bytes(arena, sizes.state));
    put(out, "%s   scratch %s   %d lane%s", line, emit_readable_bytes(arena, sizes.scratch), programs->target->lanes,
        programs->target->lanes == 1 ? "" : "s");
}

void emit_trained_stamp(Out *out, Arena *arena, const Programs *programs, const char *suffix)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    put_raw(out, arena_format(arena,
                              "/* %s%s: written by lstmc %s from %s and %s. Do not edit.           "
                              "SPDX-License-Identifier: 0BSD */\n",
                              descriptor->name, suffix, LSTMC_VERSION, comment_text(arena, descriptor->source),
                              comment_text(arena, programs->trained->file)));
}

static const char how_to_predict[] =
    " *\n"
    " * To predict (weights: from a file by lstmc_weights_load of the runtime, or as you like; x holds <x>, y float):\n"
    " *     static struct @_weights weights;\n"
    " *     static struct @_packed packed;\n"
    " *     static struct @_scratch scratch;\n"
    " *     @_prepare(&packed, &weights);\n"
    " *     @_predict(&packed, &scratch, x, <all>y);\n";

static const char how_to_predict_trained[] =
    " *\n"
    " * To predict by the trained weights, which are constants in @_weights.c (x holds <x>, y float):\n"
    " *     static struct @_scratch scratch;\n"
    " *     @_predict(&@_trained, &scratch, x, <all>y);\n";

static const char how_to_step[] =
    " * One step at a time, as the input comes in:\n"
    " *     static struct @_state state;\n"
    " *     @_reset(&%s, &state);\n"
    " *     @_step(&%s, &state, x, y);     for every step\n";

static const char how_to_train[] =
    " * To train on rows <= $_BATCH samples, with the runtime's optimiser or one of yours:\n"
    " *     static struct @_training training;\n"
    " *     static struct @_tape tape;\n"
    " *     static struct @_gradients gradients;\n"
    " *     @_prepare_training(&training, &weights);\n"
    " *     @_reset_tape(&training, &tape);\n"
    " *     @_forward(&training, &tape, x, rows, seed);\n"
    "%s"
    " *     memset(&gradients, 0, sizeof gradients);\n"
    " *     @_backward(&training, &tape, &gradients);\n"
    " *     lstmc_optimizer_step(&@_model, (float *)&weights, (float *)&gradients, state, iteration, 0.0f);\n";

static const char with_loss[] = " *     loss = @_loss(&tape, target, NULL, 1.0f / (float)rows);\n";
static const char without_loss[] = " *     tape.d_output = the derivative of your loss by tape.output\n";

static const char how_to_link[] =
    " *\n"
    " * Large products are calls of cblas_sgemm. To compile and link with OpenBLAS, "
    "which keeps buffers and threads of its own:\n"
    " *     cc -O2%s -c @.c `pkg-config --cflags openblas`\n"
    " *     cc ... @.o `pkg-config --libs openblas` -lm          or -lopenblas -lm\n";
static const char how_to_dispatch[] =
    " *\n"
    " * Compile with -O2 and without -m flags: "
    "there is code for AVX2%s too, and what runs is what the processor has.\n";

static const char manners[] =
    " *\n"
    " * You own all memory; nothing here allocates, prints, fails or keeps anything "
    "outside of the structs that you pass. They\n"
    " * may be static, from malloc, or on the stack where they are small, and start with any contents. "
    "Any number of instances\n"
    " * and threads may work at the same time, each with structs of its own; "
    "weights, packed and training may be shared by\n"
    " * those who only read them. Arguments do not overlap, and none is NULL unless it says so. "
    "Arrays are row-major, the batch\n"
    " * first. A NaN in is a NaN out. */\n";

/* How the functions are called one after the other, and who owns what. */
void emit_usage(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    const char *packed = programs->trained ? "@_trained" : "packed";
    put_raw(out, fill_template(arena, model, programs->trained ? how_to_predict_trained : how_to_predict));
    if (programs->step)
        put_raw(out, fill_template(arena, model, arena_format(arena, how_to_step, packed, packed)));
    emit_decoder_usage(out, arena, programs, packed);
    if (programs->training)
        put_raw(out,
                fill_template(arena, model,
                              arena_format(arena, how_to_train, programs->training->loss ? with_loss : without_loss)));
    if (emit_calls_blas(programs))
        put_raw(out,
                fill_template(arena, model,
                              arena_format(arena, how_to_link, emit_dispatches(programs) ? "" : " -march=native")));
    if (emit_dispatches(programs))
        put_raw(out, arena_format(arena, how_to_dispatch, programs->target->lanes >= 16 ? " and AVX-512" : ""));
    put_raw(out, manners);
}
