/* emit_header.c: the generated header, which is the documentation of the generated code. */
#include "compiler/base/diag.h"
#include "compiler/base/embedded.h"
#include "emit.h"

#include "runtime/lstmc.h"

#define STACK_BYTES_MAX ((size_t)256 * 1024)

/* ---- macros ---- */

static void put_define(Out *out, const char *prefix, const char *name, size_t value, const char *comment)
{
    put(out, "#define %s_%-18s %-10zu /* %s */", prefix, name, value, comment);
}

static void put_macros(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    const char *prefix = macro_prefix(arena, &programs->model->descriptor);
    const Tensor *input = programs->single->inputs[0];
    put_define(out, prefix, "BATCH", (size_t)descriptor->batch,
               programs->training ? "rows that a tape or a batch scratch holds" : "rows that a batch scratch holds");
    if (programs->training)
        put_define(out, prefix, "SHARDS", (size_t)descriptor->shards, "tapes that make up one batch");
    put_define(out, prefix, "INPUTS", descriptor->input_count,
               descriptor->inputs ? arena_format(arena, "elements of a sample, struct %s_inputs", descriptor->name)
                                  : arena_format(arena, "elements of x, a sample: %s",
                                                 emit_shape(arena, descriptor->input_rank, descriptor->input_shape)));
    const char *outputs = emit_shape(arena, descriptor->output_rank, descriptor->output_shape);
    put_define(out, prefix, "OUTPUTS", descriptor->output_count,
               descriptor->outputs ? arena_format(arena, "floats of struct %s_outputs, a sample", descriptor->name)
                                   : arena_format(arena, "elements of y, a sample: %s", outputs));
    if (programs->training && programs->training->loss)
        put_define(out, prefix, "TARGETS", descriptor->target_count, "elements of the target, a sample");
    if (input->time_dimension >= 0 && !descriptor->inputs)
        put_define(out, prefix, "TIMESTEPS", (size_t)input->extent[input->time_dimension], "steps of a sample");
    if (emit_features(programs))
        put_define(out, prefix, "FEATURES", (size_t)emit_features(programs), "the last extent of x");
    emit_decoder_macros(out, arena, programs);
    put_define(out, prefix, "WEIGHTS", descriptor->weight_count, "floats");
    if (programs->training) {
        put_define(out, prefix, "GRADIENTS", descriptor->gradient_count,
                   "floats: the trainable weights, which come first");
        put_define(out, prefix, "OPTIMIZER_FLOATS", lstmc_optimizer_floats(descriptor),
                   "floats of optimiser state, zero at the start");
    }
    put(out, "\n");
}

/* Numbers that a reader may look for in structs and loops. */
static void put_layer_sizes(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    const char **names = layer_size_names(arena, model);
    int last = -1;
    for (int i = 0; i < model->layer_count; i++)
        last = names[i] ? i : last;
    if (last < 0)
        return;
    put(out, "/* Sizes that layers were given: what they put out is so wide. */\nenum {");
    for (int i = 0; i <= last; i++)
        if (names[i])
            put(out, "%s_%s = %d%s", macro_prefix(arena, &model->descriptor), names[i],
                model->layers[i].output.extent[model->layers[i].output.rank - 1], i < last ? "," : "");
    put(out, "};\n\n");
}

/* ---- structs ---- */

static void open_struct(Out *out, Arena *arena, const Programs *programs, const Groups *groups, const char *name,
                        size_t bytes, const char *comment)
{
    emit_group_types(out, groups, name);
    const char *warning = bytes > STACK_BYTES_MAX ? " Not on the stack." : "";
    emit_prose(out, arena,
               arena_format(arena, "%s %s.%s", fill_template(arena, programs->model, comment),
                            emit_readable_bytes(arena, bytes), warning));
    put(out, "struct %s_%s {", programs->model->descriptor.name, name);
}

/* C has no empty structs. */
static void close_struct(Out *out, size_t length_before)
{
    if (out->length == length_before)
        put(out, "char unused;");
    put(out, "};\n\n");
}

static void put_memory_struct(Out *out, Arena *arena, const Programs *programs, const Groups *groups, const Ir *ir,
                              Home home, size_t bytes, const char *comment)
{
    const char *name = struct_of_home(programs, ir, home);
    open_struct(out, arena, programs, groups, name, bytes, comment);
    size_t start = out->length;
    bool vectors_first = home_has_vectors(ir, home);
    if (vectors_first)
        emit_tensor_members(out, arena, groups, ir, home, name);
    if (home == HOME_PREPARED && (ir->training || !programs->trained))
        put(out, "const struct %s_weights *weights;", programs->model->descriptor.name);
    if (home == HOME_TAPE)
        put(out, "int rows;               /* set by forward */\nint first_row;          /* yours to set */");
    if (!vectors_first)
        emit_tensor_members(out, arena, groups, ir, home, name);
    close_struct(out, start);
}

static const char about_inputs[] = "One sample, x: $_INPUTS elements of four bytes, without gaps.";
static const char about_outputs[] = "What the model makes of one sample, y: $_OUTPUTS floats, without gaps. "
                                    "tape->output has them one behind the other.";
static const char about_targets[] = "The targets of one sample: $_TARGETS elements of four bytes, without gaps.";

/* One sample as a struct of arrays; name: "inputs", "outputs", "targets"; what: its integers. */
static void put_arrays_struct(Out *out, Arena *arena, const Programs *programs, const char *name, const char *about,
                              const struct lstmc_array *arrays, int count, const char *what)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    emit_prose(out, arena, fill_template(arena, programs->model, about));
    put(out, "struct %s_%s {", descriptor->name, name);
    for (int i = 0; i < count; i++) {
        const struct lstmc_array *array = &arrays[i];
        const char *text = arena_format(arena, "%s %s", array->is_integer ? "int32_t" : "float",
                                        c_name(arena, array->name));
        for (int d = 0; d < array->rank; d++)
            text = arena_format(arena, "%s[%d]", text, array->shape[d]);
        const char *ignored =
            array->ignores_class == LSTMC_BLANK_BEHIND_LABELS
                ? arena_format(arena, ", up to the first %d, the blank", array->ignored_class)
            : array->ignores_class ? arena_format(arena, "; %d does not count", array->ignored_class) : "";
        const char *note = array->is_integer
                               ? arena_format(arena, "     /* %s below %d%s */", what, array->vocabulary, ignored)
                               : "";
        put(out, "%s;%s", text, note);
    }
    put(out, "};\n\n");
}

/* The program that reads the most of them. */
static const Ir *named_by(const Programs *programs)
{
    return programs->training ? programs->training : programs->single;
}

static void put_weight_structs(Out *out, Arena *arena, const Programs *programs, const Groups *groups, Sizes sizes)
{
    open_struct(out, arena, programs, groups, "weights", sizes.weights,
                "In Keras's order and layout, except that trainable ones come first: $_WEIGHTS floats without gaps.");
    size_t start = out->length;
    emit_weight_members(out, arena, groups, named_by(programs), "weights");
    close_struct(out, start);
    if (!programs->training)
        return;
    open_struct(out, arena, programs, groups, "gradients", sizes.gradients,
                "Of the trainable weights, each where its weight is in struct @_weights: $_GRADIENTS floats without "
                "gaps.");
    start = out->length;
    emit_weight_members(out, arena, groups, named_by(programs), "gradients");
    close_struct(out, start);
}

static const char about_packed[] = "What prediction reads. It points to the weights, which must stay where they are: "
                                   "prepare again after they move or change.";
static const char about_contained[] =
    "What prediction reads. It points to nothing: prepare again after the weights change.";
static const char about_training[] = "What training reads. It points to the weights, which must stay where they are: "
                                     "prepare again after they move or change.";
static const char about_state[] =
    "One stream: what the network remembers between two steps. Copy it to fork the stream.";
static const char about_tape[] = "What forward leaves for loss and backward: the activations of up to $_BATCH samples. "
                                 "`output` holds y, [rows][$_OUTPUTS]. `d_output`, of the "
                                 "same shape, is for a loss of your own. `first_row` is the index in the whole batch "
                                 "of row 0 (0 after @_reset_tape): dropout draws by it, so "
                                 "that shards differ.";
static const char about_input_gradient[] =
    " `d_input`, of the shape of the input, holds the derivative of the loss by x after @_backward.";

/* The functions stand in front of the structs, which are long. */
static void put_struct_names(Out *out, Arena *arena, const Programs *programs)
{
    const struct { bool is_there; const char *name; } structs[] = {
        { programs->model->descriptor.inputs != NULL, "@_inputs" },
        { programs->model->descriptor.outputs != NULL, "@_outputs" },
        { programs->model->descriptor.targets && programs->training && programs->training->loss, "@_targets" },
        { true, "@_weights" },
        { true, "@_packed" },
        { true, "@_scratch" },
        { true, "@_batch_scratch" },
        { programs->step || programs->decode, "@_state" },
        { programs->decode != NULL, "@_encode_scratch" },
        { programs->decode != NULL, "@_memory" },
        { programs->decode != NULL, "@_decode_scratch" },
        { programs->training != NULL, "@_training" },
        { programs->training != NULL, "@_tape" },
        { programs->training != NULL, "@_gradients" },
        { true, "lstmc_model" },
        { programs->decode != NULL, "lstmc_decoder" },
    };
    put(out, "/* What is in them stands below. */\n");
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++)
        if (structs[i].is_there)
            put(out, "struct %s;\n", fill_template(arena, programs->model, structs[i].name));
    put(out, "\n");
}

static void put_decoder_structs(Out *out, Arena *arena, const Programs *programs, const Groups *groups, Sizes sizes)
{
    put_memory_struct(out, arena, programs, groups, programs->encode, HOME_SCRATCH, sizes.encode_scratch,
                      "Memory for one @_encode at a time; its contents need not be kept.");
    put_memory_struct(out, arena, programs, groups, programs->encode, HOME_MEMORY, sizes.memory,
                      "What was encoded: steps read it, and do not change it.");
    put_memory_struct(out, arena, programs, groups, programs->decode, HOME_STATE, sizes.state,
                      "What the decoder remembers between two steps. Copy it to go on in several ways.");
    put_memory_struct(out, arena, programs, groups, programs->decode, HOME_SCRATCH, sizes.decode_scratch,
                      "Memory for one @_decode_step at a time; its contents need not be kept.");
}

static void put_structs(Out *out, Arena *arena, const Programs *programs)
{
    const Groups *groups = groups_find(arena, programs);
    Sizes sizes = emit_sizes(programs);
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    if (descriptor->inputs)
        put_arrays_struct(out, arena, programs, "inputs", about_inputs, descriptor->inputs, descriptor->input_arrays,
                          "ids");
    if (descriptor->outputs)
        put_arrays_struct(out, arena, programs, "outputs", about_outputs, descriptor->outputs,
                          descriptor->output_arrays, "");
    if (descriptor->targets && programs->training && programs->training->loss)
        put_arrays_struct(out, arena, programs, "targets", about_targets, descriptor->targets,
                          descriptor->output_arrays, "a class");
    put_weight_structs(out, arena, programs, groups, sizes);
    put_memory_struct(out, arena, programs, groups, programs->packed, HOME_PREPARED, sizes.packed,
                      programs->trained ? about_contained : about_packed);
    put_memory_struct(out, arena, programs, groups, programs->single, HOME_SCRATCH, sizes.scratch,
                      "Memory for one @_predict at a time; its contents need not be kept.");
    put_memory_struct(out, arena, programs, groups, programs->batch, HOME_SCRATCH, sizes.batch_scratch,
                      "Memory for one @_predict_batch at a time; its contents need not be kept.");
    if (programs->step)
        put_memory_struct(out, arena, programs, groups, programs->step, HOME_STATE, sizes.state, about_state);
    if (programs->decode)
        put_decoder_structs(out, arena, programs, groups, sizes);
    if (!programs->training)
        return;
    put_memory_struct(out, arena, programs, groups, programs->training, HOME_PREPARED, sizes.training,
                      about_training);
    put_memory_struct(out, arena, programs, groups, programs->training, HOME_TAPE, sizes.tape,
                      programs->input_gradient ? arena_format(arena, "%s%s", about_tape, about_input_gradient)
                                               : about_tape);
}

/* ---- functions ---- */

typedef struct Declared {
    const char *comment, *declaration;
} Declared;

static const Declared predict_functions[] = {
    { "Reads the weights for prediction; again after they move or change.",
      "void @_prepare(struct @_packed *packed, const struct @_weights *weights);" },
    { "One sample: x [$_INPUTS], y [$_OUTPUTS]. Starts from the initial state.<about lengths>",
      "void @_predict(const struct @_packed *packed, struct @_scratch *scratch, const <x> *x, "
      "<lengths><declared y>);" },
    { "Several samples: x [rows][$_INPUTS], y [rows][$_OUTPUTS], rows from 1 to $_BATCH. Each starts from the initial "
      "state.<about lengths>",
      "void @_predict_batch(const struct @_packed *packed, struct @_batch_scratch *scratch, const <x> *x, <lengths>int "
      "rows, <declared y>);" },
};

static const Declared reset_function = {
    "Before the first step of a stream: every state takes its initial value.",
    "void @_reset(const struct @_packed *packed, struct @_state *state);"
};

static const Declared range_function = {
    "After @_prepare_training, where of the weights the floats first to first + count - 1 alone have changed since, "
    "counted from the start of the struct. Several threads may do so at once for ranges that share no group of "
    "LSTMC_RANGE_ROWS rows of a matrix, counted from its first row, and no array with fewer rows or of rank 1.",
    "void @_prepare_range(struct @_training *training, const struct @_weights *weights, size_t first, size_t count);"
};

static const Declared forward_functions[] = {
    { "Reads the weights for training; again after every update. Several threads may read the result.",
      "void @_prepare_training(struct @_training *training, const struct @_weights *weights);" },
    { "Every state takes its initial value; first_row becomes 0. Before each forward, unless states are carried over.",
      "void @_reset_tape(const struct @_training *training, struct @_tape *tape);" },
    { "x [rows][$_INPUTS], rows from 1 to $_BATCH; x is copied. The same seed draws the same dropout for the same "
      "first_row; seed 0 turns dropout "
      "off: an evaluation. Leaves y in tape->output.<about lengths>",
      "void @_forward(const struct @_training *training, struct @_tape *tape, const <x> *x, <lengths>int rows, "
      "uint64_t seed);" },
};

static const Declared carry_function = {
    "The last state becomes the initial one of the next forward, in place of @_reset_tape: stateful models, truncated "
    "back-propagation through time.",
    "void @_carry(struct @_tape *tape);"
};

static const char about_backward[] =
    "Adds to the gradients the derivative of the loss by each trainable weight, summed over the rows of the last "
    "forward. ";
static const char from_loss[] =
    "The loss is what @_loss left in the tape, plus what you wrote to tape->d_output: [rows][$_OUTPUTS], its "
    "derivative by y. A loss of your own sets d_output after @_forward, which clears it, and does not call @_loss; one "
    "beside @_loss is added to d_output after it. Once after each forward.";
static const char from_d_output[] =
    "You write the loss's derivative by y to tape->d_output, [rows][$_OUTPUTS], after @_forward, which clears it. Once "
    "after each forward.";

static void put_declared(Out *out, Arena *arena, const Model *model, Declared declared)
{
    emit_declared(out, arena, model, declared.comment, declared.declaration);
}

static bool has_regularizers(const struct lstmc_model *descriptor)
{
    for (int i = 0; i < descriptor->weight_tensors; i++)
        if (descriptor->weights[i].l1 != 0 || descriptor->weights[i].l2 != 0)
            return true;
    return false;
}

/* Whoever writes the update holds the weights to what the description says. */
static const char *constraint_text(const struct lstmc_model *descriptor)
{
    for (int i = 0; i < descriptor->weight_tensors; i++)
        if (descriptor->weights[i].trainable && descriptor->weights[i].constraint.kind != LSTMC_UNCONSTRAINED)
            return " The constraints of weights are lstmc_optimizer_step's; behind an update of your own call "
                   "lstmc_constrain.";
    return "";
}

static bool has_activities(const Model *model)
{
    for (int i = 0; i < model->layer_count; i++)
        if (model->layers[i].activity_l1 != 0 || model->layers[i].activity_l2 != 0)
            return true;
    return false;
}

static void put_loss_function(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    const char *classes = descriptor->target_is_class && descriptor->output_rank
                              ? arena_format(arena, ": classes; one outside of [0, %d) is read as 0%s",
                                             descriptor->output_shape[descriptor->output_rank - 1],
                                             descriptor->ignores_class == LSTMC_BLANK_BEHIND_LABELS
                                                 ? arena_format(arena, ", and they end at the first %d, the "
                                                                       "blank; labels that do not fit into the "
                                                                       "steps have no loss",
                                                                descriptor->ignored_class)
                                             : descriptor->ignores_class
                                                 ? arena_format(arena, ", and %d has the weight 0, others that of all "
                                                                "over those that count",
                                                                descriptor->ignored_class)
                                                 : "")
                              : "";
    const char *steps = descriptor->output_rank > 1 && !descriptor->loss_of_sample
                            ? " (with more than one step of output: 1 / (rows * steps))" : "";
    const char *weights = descriptor->sample_weights ? arena_format(arena, "[%d]", descriptor->sample_weights) : "";
    const char *regularizers =
        has_regularizers(descriptor) ? " Without the regularizers of weights, which are lstmc_optimizer_step's." : "";
    const char *activities = has_activities(programs->model)
                                 ? " With the activity regularizers: their sum over all rows, divided by the number of "
                                   "rows where scale is what gives Keras's mean."
                                 : "";
    put_declared(out, arena, programs->model, (Declared){
        arena_format(arena, "After forward: returns scale * the sum of the losses (%s) of its rows, and leaves the "
                            "derivative for @_backward. target [rows][$_TARGETS]%s. sample_weight [rows]%s, or NULL "
                            "for ones. scale 1 / rows gives Keras's mean over samples%s.%s%s",
                     descriptor->loss ? descriptor->loss : "the model's own", classes, weights, steps, activities,
                     regularizers),
        "float @_loss(struct @_tape *tape, const <target> *target, const float *sample_weight, float scale);" });
}

/* In the order in which they are called. */
static void put_training_functions(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    for (size_t i = 0; i < sizeof forward_functions / sizeof *forward_functions; i++)
        put_declared(out, arena, model, forward_functions[i]);
    if (programs->training->prepares_ranges)
        put_declared(out, arena, model, range_function);
    if (programs->training->loss)
        put_loss_function(out, arena, programs);
    put_declared(out, arena, model, (Declared){
        arena_format(arena, "%s%s%s", about_backward, programs->training->loss ? from_loss : from_d_output,
                     constraint_text(&model->descriptor)),
        "void @_backward(const struct @_training *training, struct @_tape *tape, struct @_gradients *gradients);" });
    put_declared(out, arena, model, carry_function);
    emit_phase_declarations(out, arena, programs);
    emit_update_declaration(out, arena, programs);
}

static const char *returned_by_step(Arena *arena, const Ir *step)
{
    long every = 1;
    for (int i = 0; i < step->pace_count; i++)
        every *= step->paces[i].every;
    if (!step->pace_count)
        return "Returns 1: y was written.";
    return arena_format(arena, "Returns 1 if y was written, 0 if steps are missing for the next output: %s.",
                        every > 1 ? arena_format(arena, "there is one every %ld steps", every)
                                  : "the first ones give none");
}

static void put_step_functions(Out *out, Arena *arena, const Programs *programs)
{
    if (!programs->step) {
        emit_comment(out, arena,
                     arena_format(arena, "No %s_reset and no %s_step: %s.", programs->model->descriptor.name,
                                  programs->model->descriptor.name,
                                  comment_text(arena,
                                               programs->no_step ? programs->no_step : "the model has no time steps")));
        put(out, "\n");
        return;
    }
    const char *stack = emit_readable_bytes(arena, emit_sizes(programs).step_stack);
    put_declared(out, arena, programs->model, reset_function);
    put_declared(out, arena, programs->model, (Declared){
        arena_format(arena, "The next step of a stream: x [%zu], y [%zu], the output after this step. %s On the stack: "
                            "%s of arrays, and what the compiler adds.",
                     tensor_elements(programs->step->inputs[0]), tensor_elements(programs->step->output),
                     returned_by_step(arena, programs->step), stack),
        "int @_step(const struct @_packed *packed, struct @_state *state, const <x> *x, float *y);" });
}

static void put_functions(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    if (model->descriptor.input_is_tokens)
        put(out, "/* x holds ids; one outside of [0, %d) is read as 0. */\n\n", model->descriptor.vocabulary);
    for (size_t i = 0; i < sizeof predict_functions / sizeof *predict_functions; i++)
        put_declared(out, arena, model, predict_functions[i]);
    put_step_functions(out, arena, programs);
    emit_decoder_functions(out, arena, programs);
    if (programs->training)
        put_training_functions(out, arena, programs);
    put_declared(out, arena, model,
                 (Declared){
                     "What the runtime knows of the model: names, shapes, offsets, sizes, and the functions above.",
                     "extern const struct lstmc_model @_model;" });
}

/* ---- the guard ---- */

/* Two models whose public names meet, though no name is in both: the first one's names that end like another one's. */
typedef struct Meeting {
    const char *first, *second;     /* "net" + "_batch" + "_scratch" */
    bool needs_scaling;             /* of a trained model that streams */
} Meeting;

static const Meeting meetings[] = {
    { "batch", "scratch", false }, { "normalize", "step", true }, { "denormalize", "step", true },
};

static void put_refusal(Out *out, Arena *arena, const char *other, const char *name, const char *what)
{
    put(out, "#ifdef LSTMC_HEADER_OF_%s\n#error \"%s\"\n#endif", other,
        arena_format(arena,
                     "the models %s and %s do not go into one source file: each has %s; give one of them another name",
                     name, other, what));
}

/* By the name as it is: those that differ in capitals alone would be taken for one. */
static void put_guard(Out *out, Arena *arena, const Programs *programs)
{
    const char *name = programs->model->descriptor.name, *prefix = macro_prefix(arena, &programs->model->descriptor);
    put(out, "#ifndef LSTMC_HEADER_OF_%s\n#define LSTMC_HEADER_OF_%s\n", name, name);
    put(out, "#ifdef %s_BATCH\n#error \"%s\"\n#endif", prefix,
        arena_format(arena,
                     "%s_BATCH is defined already: a model whose name differs from %s in capitals alone does not go "
                     "into the same source file",
                     prefix, name));
    for (size_t i = 0; i < sizeof meetings / sizeof *meetings; i++) {
        const Meeting *m = &meetings[i];
        size_t length = strlen(name), tail = strlen(m->first) + 1;
        if (m->needs_scaling && !programs->trained)
            continue;
        put_refusal(out, arena, arena_format(arena, "%s_%s", name, m->first), name,
                    arena_format(arena, "%s_%s_%s", name, m->first, m->second));
        if (length > tail && name[length - tail] == '_' && !strcmp(name + length - tail + 1, m->first))
            put_refusal(out, arena, arena_format(arena, "%.*s", (int)(length - tail), name), name,
                        arena_format(arena, "%s_%s", name, m->second));
    }
    put(out, "\n");
}

static const Declared trained = {
    "What @_prepare makes of the trained weights, as a constant.", "extern const struct @_packed @_trained;"
};

void emit_header(Out *out, Arena *arena, const Programs *programs, const char *of_trained)
{
    const Model *model = programs->model;
    emit_stamp(out, arena, programs, "h");
    emit_usage(out, arena, programs);
    put_guard(out, arena, programs);
    put_raw(out, "#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    put_macros(out, arena, programs);
    put_struct_names(out, arena, programs);
    put_functions(out, arena, programs);
    if (programs->trained)
        put_declared(out, arena, model, trained);
    if (of_trained)
        put_raw(out, of_trained);
    put_layer_sizes(out, arena, programs);
    put_structs(out, arena, programs);
    put_raw(out, "#ifdef __cplusplus\n}\n#endif\n\n");
    put_raw(out, embedded_text("runtime/lstmc_model.h"));
    if (programs->decode)
        put_raw(out, arena_format(arena, "\n%s", embedded_text("runtime/lstmc_decoder.h")));
    put_raw(out, "\n#endif\n");
}
