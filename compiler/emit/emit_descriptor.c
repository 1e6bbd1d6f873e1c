/* emit_descriptor.c: the tables of the generated source: what the runtime knows of the model, and the thunks it calls
 * through. */
#include "emit.h"

const char *quoted_text(Arena *arena, const char *text)
{
    const char *result = "\"";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            result = arena_format(arena, "%s\\%c", result, c);
        else if (c < 32 || c > 126 || c == '?')
            result = arena_format(arena, "%s\\%03o", result, c);
        else
            result = arena_format(arena, "%s%c", result, c);
    }
    return arena_format(arena, "%s\"", result);
}

static const char *shape_text(Arena *arena, int rank, const int *shape)
{
    const char *text = rank ? "" : "0";
    for (int i = 0; i < rank; i++)
        text = arena_format(arena, "%s%s%d", text, i ? ", " : "", shape[i]);
    return arena_format(arena, "{ %s }", text);
}

static const char *const initializer_kinds[] = {
    [LSTMC_CONSTANT] = "LSTMC_CONSTANT", [LSTMC_UNIFORM] = "LSTMC_UNIFORM", [LSTMC_NORMAL] = "LSTMC_NORMAL",
    [LSTMC_TRUNCATED_NORMAL] = "LSTMC_TRUNCATED_NORMAL", [LSTMC_VARIANCE_UNIFORM] = "LSTMC_VARIANCE_UNIFORM",
    [LSTMC_VARIANCE_NORMAL] = "LSTMC_VARIANCE_NORMAL", [LSTMC_VARIANCE_TRUNCATED] = "LSTMC_VARIANCE_TRUNCATED",
    [LSTMC_ORTHOGONAL] = "LSTMC_ORTHOGONAL", [LSTMC_IDENTITY] = "LSTMC_IDENTITY",
};
static const char *const fans[] = {
    [LSTMC_FAN_IN] = "LSTMC_FAN_IN", [LSTMC_FAN_OUT] = "LSTMC_FAN_OUT", [LSTMC_FAN_AVERAGE] = "LSTMC_FAN_AVERAGE",
};
static const char *const constraint_kinds[] = {
    [LSTMC_UNCONSTRAINED] = "LSTMC_UNCONSTRAINED", [LSTMC_MAX_NORM] = "LSTMC_MAX_NORM",
    [LSTMC_NON_NEG] = "LSTMC_NON_NEG", [LSTMC_UNIT_NORM] = "LSTMC_UNIT_NORM",
    [LSTMC_MIN_MAX_NORM] = "LSTMC_MIN_MAX_NORM",
};
static const char *const adapted_kinds[] = {
    [LSTMC_NOT_ADAPTED] = "LSTMC_NOT_ADAPTED", [LSTMC_ADAPTED_MEAN] = "LSTMC_ADAPTED_MEAN",
    [LSTMC_ADAPTED_VARIANCE] = "LSTMC_ADAPTED_VARIANCE",
};
#define NUMBERS_A_LINE 6
static const char *const optimizer_kinds[] = {
    [LSTMC_SGD] = "LSTMC_SGD",
    [LSTMC_RMSPROP] = "LSTMC_RMSPROP",
    [LSTMC_ADAM] = "LSTMC_ADAM",
    [LSTMC_ADAGRAD] = "LSTMC_ADAGRAD",
    [LSTMC_ADADELTA] = "LSTMC_ADADELTA",
    [LSTMC_ADAMAX] = "LSTMC_ADAMAX",
    [LSTMC_NADAM] = "LSTMC_NADAM",
    [LSTMC_LION] = "LSTMC_LION",
    [LSTMC_ADAMW] = "LSTMC_ADAMW",
};

/* What weight `index` begins with, where the description has its numbers. */
static void put_values(Out *out, Arena *arena, const struct lstmc_model *descriptor, int index)
{
    const struct lstmc_tensor *weight = &descriptor->weights[index];
    if (!weight->values)
        return;
    put(out, "static const float %s_weight_values_%d[] = {\n", descriptor->name, index);
    for (size_t first = 0; first < weight->count; first += NUMBERS_A_LINE) {
        for (size_t i = first; i < weight->count && i < first + NUMBERS_A_LINE; i++)
            put(out, "%s%s,", i > first ? " " : "", float_text(arena, weight->values[i]));
        put(out, "\n");
    }
    put(out, "};\n\n");
}

static bool has_two_numbers(enum lstmc_initializer_kind kind)
{
    return kind == LSTMC_UNIFORM || kind == LSTMC_NORMAL || kind == LSTMC_TRUNCATED_NORMAL;
}

static bool has_fan(enum lstmc_initializer_kind kind)
{
    return kind == LSTMC_VARIANCE_UNIFORM || kind == LSTMC_VARIANCE_NORMAL || kind == LSTMC_VARIANCE_TRUNCATED;
}

/* What the kind does not read is left out. */
static void put_initializer(Out *out, Arena *arena, const struct lstmc_initializer *initializer)
{
    enum lstmc_initializer_kind kind = initializer->kind;
    const char *text = arena_format(arena, ".kind = %s", initializer_kinds[kind]);
    if (has_fan(kind))
        text = arena_format(arena, "%s, .fan = %s", text, fans[initializer->fan]);
    text = arena_format(arena, "%s, .a = %s", text, float_text(arena, initializer->a));
    if (has_two_numbers(kind))
        text = arena_format(arena, "%s, .b = %s", text, float_text(arena, initializer->b));
    if (initializer->ones_end > initializer->ones_begin)
        text = arena_format(arena, "%s, .ones_begin = %d, .ones_end = %d", text, initializer->ones_begin,
                            initializer->ones_end);
    emit_line(out, arena, arena_format(arena, ".initializer = { %s },", text));
}

static void put_constraint(Out *out, Arena *arena, const struct lstmc_constraint *constraint)
{
    if (constraint->kind == LSTMC_UNCONSTRAINED)
        return;
    put(out, ".constraint = {.kind = %s, .axes = %u,", constraint_kinds[constraint->kind], constraint->axes);
    put(out, ".min_value = %s, .max_value = %s, .rate = %s,\n},", float_text(arena, constraint->min_value),
        float_text(arena, constraint->max_value), float_text(arena, constraint->rate));
}

/* Behind which phase of backward the gradient of a weight is complete, where it is cut. */
static int last_phase(const Ir *ir, const struct lstmc_tensor *weight)
{
    int phase = 0;
    for (int i = 0; ir && i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (statement->section == SECTION_BACKWARD && statement->out.tensor->role == ROLE_GRADIENT &&
            statement->out.tensor->weight == weight && statement->phase > phase)
            phase = statement->phase;
    }
    return phase;
}

static void put_weight_table(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    if (descriptor->weight_tensors == 0)
        return;
    for (int i = 0; i < descriptor->weight_tensors; i++)
        put_values(out, arena, descriptor, i);
    put(out, "static const struct lstmc_tensor %s_weight_tensors[] = {", descriptor->name);
    for (int i = 0; i < descriptor->weight_tensors; i++) {
        const struct lstmc_tensor *weight = &descriptor->weights[i];
        put(out, "{");
        put(out, ".name = %s, .rank = %d, .shape = %s,", quoted_text(arena, weight->name), weight->rank,
            shape_text(arena, weight->rank, weight->shape));
        emit_line(out, arena,
                  arena_format(arena,
                               ".offset = offsetof(struct %s_weights, %s.%s) / sizeof(float), .count = %zu, .trainable "
                               "= %d,",
                               descriptor->name, c_weight_group(arena, &programs->model->descriptor, weight),
                               c_name(arena, weight_name(weight)), weight->count, weight->trainable));
        put_initializer(out, arena, &weight->initializer);
        if (weight->l1 != 0 || weight->l2 != 0)
            put(out, ".l1 = %s, .l2 = %s,\n", float_text(arena, weight->l1), float_text(arena, weight->l2));
        put_constraint(out, arena, &weight->constraint);
        int phase = last_phase(programs->training, weight);
        if (phase)
            put(out, ".last_phase = %d,\n", phase);
        if (weight->values)
            put(out, ".values = %s_weight_values_%d,\n", descriptor->name, i);
        if (weight->adapted != LSTMC_NOT_ADAPTED)
            put(out, ".adapted = %s, .adapted_input = %d,\n", adapted_kinds[weight->adapted], weight->adapted_input);
        put(out, "},");
    }
    put(out, "};\n\n");
}

/* By tensor: a state that M_carry hands to the next sequence. */
static const bool *find_carried(Arena *arena, const Ir *ir)
{
    bool *carried = arena_array(arena, bool, ir->tensor_count + 1);
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->section == SECTION_CARRY)
            carried[ir->statements[i]->out.tensor->number] = true;
    return carried;
}

/* What the tape keeps of every step and row, as far as it lies there row by row; of what it keeps for some steps alone,
 * the carried states. */
static bool is_in_tape_table(const Tensor *tensor, const bool *carried)
{
    return tensor->home == HOME_TAPE && !tensor_is_shared(tensor) && !tensor->integer &&
           tensor_memory_rank(tensor) == tensor->rank && (tensor->window == 0 || carried[tensor->number]);
}

static int count_tape_tensors(Arena *arena, const Programs *programs)
{
    int count = 0;
    const bool *carried = programs->training ? find_carried(arena, programs->training) : NULL;
    for (int i = 0; programs->training && i < programs->training->tensor_count; i++)
        count += is_in_tape_table(programs->training->tensors[i], carried);
    return count;
}

static void put_tape_table(Out *out, Arena *arena, const Programs *programs)
{
    const Ir *ir = programs->training;
    if (count_tape_tensors(arena, programs) == 0)
        return;
    const bool *carried = find_carried(arena, ir);
    put(out, "static const struct lstmc_tensor %s_tape_tensors[] = {", programs->model->descriptor.name);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (!is_in_tape_table(tensor, carried))
            continue;
        const char *member = tensor_member(arena, ir, tensor);
        const char *name = strchr(member, '.') && *tensor->layer
                               ? arena_format(arena, "%s.%s", tensor->layer, tensor->name)
                               : member;
        int shape[TENSOR_RANK_MAX];
        for (int d = 0; d < tensor->rank; d++)
            shape[d] = tensor_memory_extent(tensor, d);
        put(out, "{");
        put(out, ".name = %s, .rank = %d, .shape = %s,", quoted_text(arena, name), tensor->rank,
            shape_text(arena, tensor->rank, shape));
        put(out, ".offset = offsetof(struct %s_tape, %s) / sizeof(float), .count = %zu,",
            programs->model->descriptor.name, member, tensor_elements(tensor));
        if (tensor->layout == LAYOUT_PADDED && shape[tensor->rank - 1] > tensor->extent[tensor->rank - 1])
            put(out, ".padding = %d,", shape[tensor->rank - 1] - tensor->extent[tensor->rank - 1]);
        if (carried[tensor->number])
            put(out, ".carried = 1,");
        put(out, "},");
    }
    put(out, "};\n\n");
}

/* A call through a pointer of another type is undefined, so that each function of the descriptor has its thunk. */
static const char predict_thunks[] =
    "static void @_prepare_thunk(void *packed, const void *weights)\n{\n    @_prepare(packed, weights);\n}\n\n"
    "static void @_predict_thunk(const void *packed, void *scratch, const void *x, float *y)\n{\n    @_predict(packed, "
    "scratch, x, <all><given y>);\n}\n\n"
    "static void @_predict_batch_thunk(const void *packed, void *scratch, const void *x, int rows, float *y)\n{\n"
    "    @_predict_batch(packed, scratch, x, <all>rows, <given y>);\n}\n\n";
static const char
    step_thunks[] = "static void @_reset_thunk(const void *packed, void *state)\n{\n    @_reset(packed, state);\n}\n\n"
                    "static int @_step_thunk(const void *packed, void *state, const void *x, float *y)\n{\n    return "
                    "@_step(packed, state, x, y);\n}\n\n";
static const char training_thunks[] =
    "static void @_prepare_training_thunk(void *training, const void *weights)\n{\n    @_prepare_training(training, "
    "weights);\n}\n\n"
    "static void @_reset_tape_thunk(const void *training, void *tape)\n{\n    @_reset_tape(training, tape);\n}\n\n"
    "static void @_forward_thunk(const void *training, void *tape, const void *x, int rows, uint64_t seed)\n{\n"
    "    @_forward(training, tape, x, <all>rows, seed);\n}\n\n"
    "static void @_backward_thunk(const void *training, void *tape, void *gradients)\n{\n    @_backward(training, "
    "tape, gradients);\n}\n\n"
    "static void @_carry_thunk(void *tape)\n{\n    @_carry(tape);\n}\n\n";
static const char range_thunk[] =
    "static void @_prepare_range_thunk(void *training, const void *weights, size_t first, size_t count)\n{\n"
    "    @_prepare_range(training, weights, first, count);\n}\n\n";
static const char loss_thunk[] =
    "static float @_loss_thunk(void *tape, const void *target, const float *sample_weight, float scale)\n{\n"
    "    return @_loss(tape, target, sample_weight, scale);\n}\n\n";

static const char predict_lengths_thunks[] =
    "static void @_predict_lengths_thunk(const void *packed, void *scratch, const void *x, const int32_t *lengths, "
    "float *y)\n{\n    @_predict(packed, scratch, x, lengths, <given y>);\n}\n\n"
    "static void @_predict_batch_lengths_thunk(const void *packed, void *scratch, const void *x, const int32_t "
    "*lengths, int rows, float *y)\n{\n    @_predict_batch(packed, scratch, x, lengths, rows, <given y>);\n}\n\n";
static const char forward_lengths_thunk[] =
    "static void @_forward_lengths_thunk(const void *training, void *tape, const void *x, const int32_t *lengths, int "
    "rows, uint64_t seed)\n{\n    @_forward(training, tape, x, lengths, rows, seed);\n}\n\n";

static void put_length_thunks(Out *out, Arena *arena, const Programs *programs)
{
    if (!programs->model->descriptor.has_lengths)
        return;
    emit_text(out, arena, programs->model, predict_lengths_thunks);
    if (programs->training)
        emit_text(out, arena, programs->model, forward_lengths_thunk);
}

/* what: "input", "output", "target" */
static void put_array_table(Out *out, Arena *arena, const struct lstmc_model *descriptor, const char *what,
                            const struct lstmc_array *arrays, int count)
{
    put(out, "static const struct lstmc_array %s_%s_arrays[] = {", descriptor->name, what);
    for (int i = 0; i < count; i++) {
        const struct lstmc_array *array = &arrays[i];
        put(out, "{");
        put(out, ".name = %s, .is_integer = %d, .vocabulary = %d,", quoted_text(arena, array->name), array->is_integer,
            array->vocabulary);
        if (array->weights)
            put(out, ".first_weight = %zu, .weights = %zu,", array->first_weight, array->weights);
        if (array->ignores_class)
            put(out, ".ignores_class = %d, .ignored_class = %d,", array->ignores_class, array->ignored_class);
        put(out, ".rank = %d, .shape = %s, .offset = %zu, .count = %zu", array->rank,
            shape_text(arena, array->rank, array->shape), array->offset, array->count);
        put(out, "},");
    }
    put(out, "};\n\n");
}

static bool is_loss(const Tensor *tensor)
{
    return tensor->kept && !tensor->rank && !tensor->updates;
}

/* The loss of each output stays on the tape. */
static void put_loss_table(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    put(out, "static const size_t %s_loss_offsets[] = {", descriptor->name);
    for (int i = 0; i < programs->training->tensor_count; i++)
        if (is_loss(programs->training->tensors[i]))
            put(out, "offsetof(struct %s_tape, %s),", descriptor->name,
                tensor_member(arena, programs->training, programs->training->tensors[i]));
    put(out, "};\n\n");
}

static void put_output_tables(Out *out, Arena *arena, const Programs *programs)
{
    const struct lstmc_model *descriptor = &programs->model->descriptor;
    put_array_table(out, arena, descriptor, "output", descriptor->outputs, descriptor->output_arrays);
    put_array_table(out, arena, descriptor, "target", descriptor->targets, descriptor->output_arrays);
    if (programs->training && programs->training->loss)
        put_loss_table(out, arena, programs);
}

static void put_data(Out *out, Arena *arena, const struct lstmc_model *descriptor, bool with_fingerprint)
{
    put(out, ".name = %s, .source = %s, .version = %s,", quoted_text(arena, descriptor->name),
        quoted_text(arena, descriptor->source), quoted_text(arena, LSTMC_VERSION));
    if (with_fingerprint)
        put(out, ".fingerprint = UINT64_C(0x%016llx),", (unsigned long long)descriptor->fingerprint);
    put(out, ".input_is_tokens = %d, .vocabulary = %d,", descriptor->input_is_tokens, descriptor->vocabulary);
    put(out, ".input_rank = %d, .input_shape = %s, .input_count = %zu,", descriptor->input_rank,
        shape_text(arena, descriptor->input_rank, descriptor->input_shape), descriptor->input_count);
    put(out, ".output_rank = %d, .output_shape = %s, .output_count = %zu,", descriptor->output_rank,
        shape_text(arena, descriptor->output_rank, descriptor->output_shape), descriptor->output_count);
    put(out, ".target_rank = %d, .target_shape = %s, .target_count = %zu, .target_is_class = %d,",
        descriptor->target_rank, shape_text(arena, descriptor->target_rank, descriptor->target_shape),
        descriptor->target_count, descriptor->target_is_class);
    if (descriptor->inputs)
        put(out, ".inputs = %s_input_arrays, .input_arrays = %d,", descriptor->name, descriptor->input_arrays);
    if (descriptor->outputs)
        emit_line(out, arena, arena_format(arena, ".outputs = %s_output_arrays, .targets = %s_target_arrays, "
                                                  ".output_arrays = %d,", descriptor->name, descriptor->name,
                                           descriptor->output_arrays));
    if (descriptor->loss)
        put(out, ".loss = %s,", quoted_text(arena, descriptor->loss));
    if (descriptor->sample_weights)
        put(out, ".sample_weights = %d,", descriptor->sample_weights);
    if (descriptor->ignores_class)
        put(out, ".ignores_class = %d, .ignored_class = %d,", descriptor->ignores_class,
            descriptor->ignored_class);
    if (descriptor->loss_of_sample)
        put(out, ".loss_of_sample = 1,");
    if (descriptor->has_lengths)
        put(out, ".has_lengths = 1,");
    put(out, ".batch = %d, .shards = %d,", descriptor->batch, descriptor->shards);
}

static void put_optimizer(Out *out, Arena *arena, const struct lstmc_optimizer *optimizer)
{
    put(out, ".optimizer = {");
    put(out, ".kind = %s, .learning_rate = %s, .momentum = %s, .rho = %s,", optimizer_kinds[optimizer->kind],
        float_text(arena, optimizer->learning_rate), float_text(arena, optimizer->momentum),
        float_text(arena, optimizer->rho));
    put(out, ".beta_1 = %s, .beta_2 = %s, .epsilon = %s, .weight_decay = %s,", float_text(arena, optimizer->beta_1),
        float_text(arena, optimizer->beta_2), float_text(arena, optimizer->epsilon),
        float_text(arena, optimizer->weight_decay));
    if (optimizer->initial_accumulator_value != 0)
        put(out, ".initial_accumulator_value = %s,", float_text(arena, optimizer->initial_accumulator_value));
    put(out, ".nesterov = %d, .centered = %d, .amsgrad = %d,", optimizer->nesterov, optimizer->centered,
        optimizer->amsgrad);
    if (optimizer->pytorch)
        put(out, ".pytorch = 1,");
    put(out, ".clipnorm = %s, .clipvalue = %s, .global_clipnorm = %s,", float_text(arena, optimizer->clipnorm),
        float_text(arena, optimizer->clipvalue), float_text(arena, optimizer->global_clipnorm));
    put(out, "},");
}

static const char predict_members[] =
    ".packed_bytes = sizeof(struct @_packed), .scratch_bytes = sizeof(struct @_scratch),\n"
    ".batch_scratch_bytes = sizeof(struct @_batch_scratch),\n"
    ".prepare = @_prepare_thunk, .predict = @_predict_thunk, .predict_batch = @_predict_batch_thunk,\n";
static const char step_members[] =
    ".state_bytes = sizeof(struct @_state), .reset = @_reset_thunk, .step = @_step_thunk,\n";
static const char training_members[] =
    ".output_offset = offsetof(struct @_tape, output), .first_row_offset = offsetof(struct @_tape, first_row),\n"
    ".training_bytes = sizeof(struct @_training), .tape_bytes = sizeof(struct @_tape),\n"
    ".prepare_training = @_prepare_training_thunk, .reset_tape = @_reset_tape_thunk, .forward = @_forward_thunk,\n"
    ".backward = @_backward_thunk, .carry = @_carry_thunk,\n";

static void put_length_members(Out *out, Arena *arena, const Programs *programs)
{
    if (!programs->model->descriptor.has_lengths)
        return;
    emit_text(out, arena, programs->model,
              ".predict_lengths = @_predict_lengths_thunk, .predict_batch_lengths = @_predict_batch_lengths_thunk,\n");
    if (programs->training)
        emit_text(out, arena, programs->model, ".forward_lengths = @_forward_lengths_thunk,\n");
}

void emit_descriptor(Out *out, Arena *arena, const Programs *programs)
{
    const Model *model = programs->model;
    const struct lstmc_model *descriptor = &model->descriptor;
    int tape_tensors = count_tape_tensors(arena, programs);
    put_weight_table(out, arena, programs);
    put_tape_table(out, arena, programs);
    if (descriptor->inputs)
        put_array_table(out, arena, descriptor, "input", descriptor->inputs, descriptor->input_arrays);
    if (descriptor->outputs)
        put_output_tables(out, arena, programs);
    emit_text(out, arena, model, predict_thunks);
    if (programs->step)
        emit_text(out, arena, model, step_thunks);
    if (programs->training)
        emit_text(out, arena, model, training_thunks);
    if (programs->training && programs->training->prepares_ranges)
        emit_text(out, arena, model, range_thunk);
    if (programs->training && programs->training->loss)
        emit_text(out, arena, model, loss_thunk);
    put_length_thunks(out, arena, programs);
    emit_phase_thunks(out, arena, programs);
    emit_update_thunk(out, arena, programs);
    put(out, "const struct lstmc_model %s_model = {", descriptor->name);
    put_data(out, arena, descriptor, !programs->optimizer_apart);
    if (!programs->optimizer_apart)
        put_optimizer(out, arena, &descriptor->optimizer);
    if (descriptor->weight_tensors)
        put(out, ".weights = %s_weight_tensors, .weight_tensors = %d,", descriptor->name, descriptor->weight_tensors);
    put(out, ".weight_count = %zu, .gradient_count = %zu,", descriptor->weight_count, descriptor->gradient_count);
    if (tape_tensors)
        put(out, ".tape_tensors = %s_tape_tensors, .tape_tensor_count = %d,", descriptor->name, tape_tensors);
    emit_text(out, arena, model, predict_members);
    if (programs->step)
        emit_text(out, arena, model, step_members);
    if (programs->training)
        emit_text(out, arena, model, training_members);
    if (programs->training && programs->training->prepares_ranges)
        emit_text(out, arena, model, ".prepare_range = @_prepare_range_thunk,\n");
    put_length_members(out, arena, programs);
    if (programs->training && programs->training->output->adjoint &&
        programs->training->output->adjoint->home == HOME_TAPE)
        put(out, ".d_output_offset = offsetof(struct %s_tape, d_output),", descriptor->name);
    if (programs->training && programs->training->loss)
        put(out, ".loss_function = %s_loss_thunk,", descriptor->name);
    if (programs->training && programs->training->loss && descriptor->outputs)
        put(out, ".loss_offsets = %s_loss_offsets,", descriptor->name);
    emit_phase_members(out, programs);
    emit_update_member(out, programs);
    put(out, "};");
    emit_decoder_table(out, arena, programs);
}
