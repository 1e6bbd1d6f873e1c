/* emit_header.c: the generated header, which is the documentation of the generated code. */
#include "emit.h"

#include "embedded.h"

#define STACK_BYTES_MAX ((size_t)256 * 1024)

/* ---- the first comment ---- */

static const char *shape_text(Arena *arena, int rank, const int *shape)
{
    const char *text = "";
    for (int i = 0; i < rank; i++)
        text = arena_format(arena, "%s%s%d", text, i ? ", " : "", shape[i]);
    return arena_format(arena, "[%s]", text);
}

/* A file's name must not end the comment that it stands in. */
static const char *comment_text(Arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, text);
    for (char *c = copy; *c; c++)
        if (c[0] == '*' && c[1] == '/')
            *c = '_';
    return copy;
}

static void put_layers(Out *out, Arena *arena, const Model *model)
{
    const struct lstmc_model *descriptor = &model->descriptor;
    const char *line = arena_format(arena, " *   %s%s", descriptor->input_is_tokens ? "tokens" : "x",
                                    shape_text(arena, descriptor->input_rank, descriptor->input_shape));
    for (int i = 1; i < model->layer_count; i++) {      /* the first one is the input itself */
        const Layer *layer = &model->layers[i];
        const char *text = arena_format(arena, " -> %s%s", layer->kind, shape_text(arena, layer->output.rank, layer->output.extent));
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
    put(out, "/* %s.%s: written by lstmc %s from %s. Do not edit.           SPDX-License-Identifier: 0BSD", descriptor->name, suffix,
        LSTMC_VERSION, comment_text(arena, descriptor->source));
    put_layers(out, arena, programs->model);
    const Ir *counted = programs->step ? programs->step : programs->single;
    const char *line = arena_format(arena, " *   %s weights   %s: %s mul-adds, %s activations", emit_readable_count(arena, descriptor->weight_count),
                                    programs->step ? "step" : "prediction",
                                    emit_readable_count(arena, emit_multiply_adds(counted, SECTION_FORWARD)),
                                    emit_readable_count(arena, emit_activations(counted, SECTION_FORWARD)));
    if (programs->training)
        line = arena_format(arena, "%s   tape %s a row", line, emit_readable_bytes(arena, sizes.tape / (size_t)descriptor->batch));
    if (programs->step)
        line = arena_format(arena, "%s   state %s", line, emit_readable_bytes(arena, sizes.state));
    put(out, "%s   scratch %s   %d lane%s", line, emit_readable_bytes(arena, sizes.scratch), programs->target->lanes,
        programs->target->lanes == 1 ? "" : "s");
}

static const char how_to_predict[] =
    " *\n"
    " * To predict (weights: from a file by lstmc_weights_load of the runtime, or as you like; x holds <x>, y float):\n"
    " *     static struct @_weights weights;\n"
    " *     static struct @_packed packed;\n"
    " *     static struct @_scratch scratch;\n"
    " *     @_prepare(&packed, &weights);\n"
    " *     @_predict(&packed, &scratch, x, y);\n";

static const char how_to_train[] =
    " * To train on rows <= $_BATCH samples, with the runtime's optimiser or one of yours:\n"
    " *     static struct @_training training;\n"
    " *     static struct @_tape tape;\n"
    " *     static struct @_gradients gradients;\n"
    " *     @_prepare_training(&training, &weights);\n"
    " *     @_reset_tape(&training, &tape);\n"
    " *     @_forward(&training, &tape, x, rows, seed);\n"
    " *     loss = @_loss(&tape, target, NULL, 1.0f / (float)rows);\n"
    " *     memset(&gradients, 0, sizeof gradients);\n"
    " *     @_backward(&training, &tape, &gradients);\n"
    " *     lstmc_optimizer_step(&@_model, (float *)&weights, (float *)&gradients, state, iteration, 0.0f);\n";

static const char manners[] =
    " *\n"
    " * You own all memory; nothing here allocates, prints, fails or keeps anything outside of the structs that you pass. Any\n"
    " * number of instances and threads may work at the same time, each with its own structs; weights, packed and training may\n"
    " * be shared by those who only read them. Arrays are row-major, the batch first. */\n";

/* ---- macros ---- */

static void put_define(Out *out, const char *prefix, const char *name, size_t value, const char *comment)
{
    put(out, "#define %s_%-18s %-10zu /* %s */", prefix, name, value, comment);
}

static void put_macros(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    const char *prefix = macro_prefix(arena, programs->model);
    const Tensor *input = programs->single->input;
    put_define(out, prefix, "BATCH", (size_t)descriptor->batch, "rows that a tape or a batch scratch holds");
    put_define(out, prefix, "SHARDS", (size_t)descriptor->shards, "tapes that make up one batch");
    put_define(out, prefix, "INPUTS", descriptor->input_count, "elements of x, a sample");
    put_define(out, prefix, "OUTPUTS", descriptor->output_count, "elements of y, a sample");
    put_define(out, prefix, "TARGETS", descriptor->target_count, "elements of the target, a sample");
    if (input->time_dimension >= 0)
        put_define(out, prefix, "TIMESTEPS", (size_t)input->extent[input->time_dimension], "steps of a sample");
    put_define(out, prefix, "WEIGHTS", descriptor->weight_count, "floats");
    put_define(out, prefix, "GRADIENTS", descriptor->gradient_count, "floats: the first ones of the weights");
    put_define(out, prefix, "OPTIMIZER_FLOATS", emit_optimizer_floats(descriptor), "floats of optimiser state, zero at the start");
    put(out, "\n");
}

/* ---- structs ---- */

static void open_struct(Out *out, Arena *arena, const Programs *programs, const char *name, size_t bytes, const char *comment)
{
    const char *warning = bytes > STACK_BYTES_MAX ? " Not on the stack." : "";
    emit_text(out, arena, programs->model, comment);
    put(out, " * %s.%s */", emit_readable_bytes(arena, bytes), warning);
    put(out, "struct %s_%s {", programs->model->descriptor.name, name);
}

/* C has no empty structs. */
static void close_struct(Out *out, size_t length_before)
{
    if (out->length == length_before)
        put(out, "char unused;");
    put(out, "};\n\n");
}

static void put_memory_struct(Out *out, Arena *arena, const Programs *programs, const Ir *ir, Home home, const char *name, size_t bytes,
                              const char *comment)
{
    open_struct(out, arena, programs, name, bytes, comment);
    size_t start = out->length;
    if (home == HOME_PREPARED)
        put(out, "const struct %s_weights *weights;", programs->model->descriptor.name);
    if (home == HOME_TAPE)
        put(out, "int rows;               /* set by forward */\nint first_row;          /* yours to set */");
    emit_tensor_members(out, arena, ir, home);
    close_struct(out, start);
}

static void put_weight_structs(Out *out, Arena *arena, const Programs *programs, Sizes sizes)
{
    open_struct(out, arena, programs, "weights", sizes.weights,
                "/* In Keras's order and layout, except that trainable ones come first: $_WEIGHTS floats without gaps.\n");
    size_t start = out->length;
    emit_weight_members(out, arena, programs->model, false);
    close_struct(out, start);
    if (!programs->training)
        return;
    open_struct(out, arena, programs, "gradients", sizes.gradients,
                "/* Of the trainable weights, laid out as the beginning of struct @_weights: $_GRADIENTS floats.\n");
    start = out->length;
    emit_weight_members(out, arena, programs->model, true);
    close_struct(out, start);
}

static void put_structs(Out *out, Arena *arena, const Programs *programs)
{
    Sizes sizes = emit_sizes(programs);
    put_weight_structs(out, arena, programs, sizes);
    put_memory_struct(out, arena, programs, programs->single, HOME_PREPARED, "packed", sizes.packed,
                      "/* What prediction reads. It points to the weights, which must stay where they are: prepare again after they move or change.\n");
    put_memory_struct(out, arena, programs, programs->single, HOME_SCRATCH, "scratch", sizes.scratch,
                      "/* Memory for one @_predict at a time; its contents need not be kept.\n");
    put_memory_struct(out, arena, programs, programs->batch, HOME_SCRATCH, "batch_scratch", sizes.batch_scratch,
                      "/* Memory for one @_predict_batch at a time; its contents need not be kept.\n");
    if (programs->step)
        put_memory_struct(out, arena, programs, programs->step, HOME_STATE, "state", sizes.state,
                          "/* One stream: what the network remembers between two steps. Copy it to fork the stream.\n");
    if (!programs->training)
        return;
    put_memory_struct(out, arena, programs, programs->training, HOME_PREPARED, "training", sizes.training,
                      "/* What training reads. It points to the weights, which must stay where they are: prepare again after they move or change.\n");
    put_memory_struct(out, arena, programs, programs->training, HOME_TAPE, "tape", sizes.tape,
                      "/* What forward leaves for loss and backward: the activations of up to $_BATCH samples. `output` holds y, and `d_output` is\n"
                      " * where a loss of your own goes in place of @_loss. `first_row` is the index in the whole batch of row 0 (0 after @_reset_tape):\n"
                      " * dropout draws by it, so that shards differ.\n");
}

/* ---- functions ---- */

static const char predict_functions[] =
    "/* Reads the weights for prediction; again after they move or change. */\n"
    "void @_prepare(struct @_packed *packed, const struct @_weights *weights);\n\n"
    "/* One sample: x [$_INPUTS], y [$_OUTPUTS]. Starts from the initial state. */\n"
    "void @_predict(const struct @_packed *packed, struct @_scratch *scratch, const <x> *x, float *y);\n\n"
    "/* x [rows][$_INPUTS], y [rows][$_OUTPUTS], rows from 1 to $_BATCH. */\n"
    "void @_predict_batch(const struct @_packed *packed, struct @_batch_scratch *scratch, const <x> *x, int rows, float *y);\n\n";

static const char step_functions[] =
    "/* Before the first step of a stream: every state takes its initial value. */\n"
    "void @_reset(const struct @_packed *packed, struct @_state *state);\n\n";

static const char training_functions[] =
    "/* Reads the weights for training; again after every update. Several threads may read the result. */\n"
    "void @_prepare_training(struct @_training *training, const struct @_weights *weights);\n\n"
    "/* Every state takes its initial value; first_row becomes 0. Before each forward, unless states are carried over. */\n"
    "void @_reset_tape(const struct @_training *training, struct @_tape *tape);\n\n"
    "/* x [rows][$_INPUTS], rows from 1 to $_BATCH; x is copied. The same seed draws the same dropout for the same first_row;\n"
    " * seed 0 turns dropout off. Leaves y in tape->output. */\n"
    "void @_forward(const struct @_training *training, struct @_tape *tape, const <x> *x, int rows, uint64_t seed);\n\n"
    "/* Adds to the gradients what the loss in d_output makes of them, for the rows of the last forward. Once after each forward. */\n"
    "void @_backward(const struct @_training *training, struct @_tape *tape, struct @_gradients *gradients);\n\n"
    "/* The last state becomes the initial one of the next forward: stateful models, truncated back-propagation through time. */\n"
    "void @_carry(struct @_tape *tape);\n\n";

static const char loss_function[] =
    "/* After forward: scale * the sum of the losses, of which d_output becomes the derivative. target [rows][$_TARGETS]%s.\n"
    " * sample_weight [rows], or NULL for ones. scale 1 / rows gives Keras's mean over samples%s. */\n"
    "float @_loss(struct @_tape *tape, const <target> *target, const float *sample_weight, float scale);\n\n";

static void put_step_functions(Out *out, Arena *arena, const Programs *programs)
{
    if (!programs->step) {
        emit_comment(out, arena, arena_format(arena, "No %s_reset and no %s_step: %s.", programs->model->descriptor.name,
                                              programs->model->descriptor.name,
                                              comment_text(arena, programs->no_step ? programs->no_step : "the model has no time steps")));
        put(out, "\n");
        return;
    }
    const char *stack = emit_readable_bytes(arena, emit_sizes(programs).step_stack);
    emit_text(out, arena, programs->model, step_functions);
    emit_text(out, arena, programs->model,
              arena_format(arena, "/* The next step of a stream: x [%zu], y [%zu], the output after this step. Uses %s of stack. Returns 1: y was written. */\n"
                                  "int @_step(const struct @_packed *packed, struct @_state *state, const <x> *x, float *y);\n\n",
                           tensor_elements(programs->step->input), tensor_elements(programs->step->output), stack));
}

static void put_functions(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    if (descriptor->input_is_tokens)
        put(out, "/* x holds ids; one outside of [0, %d) is read as 0. */\n\n", descriptor->vocabulary);
    emit_text(out, arena, programs->model, predict_functions);
    put_step_functions(out, arena, programs);
    if (programs->training) {
        emit_text(out, arena, programs->model, training_functions);
        const char *classes = descriptor->target_is_class && descriptor->output_rank
                            ? arena_format(arena, ": classes; one outside of [0, %d) is read as 0", descriptor->output_shape[descriptor->output_rank - 1]) : "";
        const char *steps = descriptor->output_rank > 1 ? " (with more than one step of output: 1 / (rows * steps))" : "";
        if (programs->training->loss)
            emit_text(out, arena, programs->model, arena_format(arena, loss_function, classes, steps));
    }
    emit_text(out, arena, programs->model,
        "/* What the runtime knows of the model: names, shapes, offsets, sizes, and the functions above. */\n"
        "extern const struct lstmc_model @_model;\n\n");
}

void emit_header(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    emit_stamp(out, arena, programs, "h");
    put_raw(out, fill_template(arena, model, how_to_predict));
    if (programs->training)
        put_raw(out, fill_template(arena, model, how_to_train));
    put_raw(out, manners);
    emit_text(out, arena, model, "#ifndef $_H\n#define $_H\n\n");
    put_raw(out, embedded_text("runtime/lstmc_model.h"));
    put_raw(out, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    put_macros(out, arena, programs);
    put_structs(out, arena, programs);
    put_functions(out, arena, programs);
    put_raw(out, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
