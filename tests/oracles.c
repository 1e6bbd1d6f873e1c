/* oracles.c: in: a description.  out: every disagreement between finite differences, interpreter, evaluator and generated C. */
#include "oracles.h"

#include "tile_order.h"

#include "compiler/oracle/comparison.h"
#include "compiler/oracle/custom.h"
#include "compiler/oracle/draw.h"
#include "compiler/oracle/evaluate.h"
#include "compiler/session/load.h"
#include "runtime/interpreter/differences.h"
#include "runtime/lstmc_random.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROW = 7, CALLS = 2, STATES_MAX = 32 };    /* two calls, the second from the states that the first one left */

#define LOSS_SCALE 0.25
#define LARGEST_OUTPUT 1e2          /* weights are drawn smaller until no output is larger */

typedef struct State {              /* of a recurrent layer: [T + 1, rows, units] */
    int layer;
    const char *name;
    size_t count;
    double *values;
} State;

typedef struct Call {               /* one call's arguments, and what the interpreter made of them */
    int32_t *ids, *classes, *lengths;
    double *x, *target, *sample_weight, *d_output;
    double *output, *gradients, *d_input, loss;
    State states[STATES_MAX];
    int state_count;
} Call;

typedef struct Trial {
    Arena *arena;
    Diagnostics *diagnostics;
    Description *description;
    const Model *model;
    const Oracles *oracles;
    const char *target, *compiler;      /* at work */
    int rows;
    size_t inputs, outputs, targets;    /* elements of all rows */
    double *weights;
    Call calls[CALLS];
    Out said;                           /* the disagreements */
} Trial;

char *oracle_description(Arena *arena, const char *text)
{
    if (strstr(text, "return "))
        return arena_copy_text(arena, text);
    return arena_format(arena, "return Sequential{ name = \"battery\", batch_size = 4, shards = 1, %s }", text);
}

static Description *read_description(Arena *arena, Diagnostics *diagnostics, const char *text)
{
    const char *whole = oracle_description(arena, text);
    const ReadOptions options = { .parameter_count = 0 };
    return description_read_text(arena, diagnostics, "battery.lua", whole, strlen(whole), &options);
}

Description *oracle_read(Arena *arena, const char *text)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    Description *description = read_description(arena, diagnostics, text);
    if (!description)
        diagnostics_print(diagnostics, stderr);
    cr_assert_not_null(description, "%s: was refused (see standard error)", text);
    return description;
}

/* ---- random arguments --------------------------------------------------------------------------------------------------- */

static double draw(const Trial *trial, uint64_t stream, size_t element)
{
    return 2 * (double)lstmc_random_uniform(trial->oracles->seed, stream, 5, element) - 1;
}

static void draw_weights(Trial *trial, double scale)
{
    const struct lstmc_model *m = &trial->model->descriptor;
    for (int w = 0; w < m->weight_tensors; w++) {
        const struct lstmc_tensor *tensor = &m->weights[w];
        double width = tensor->rank > 1 ? 1.5 / sqrt(tensor->shape[0]) : 0.5;
        for (size_t i = 0; i < tensor->count; i++)
            trial->weights[tensor->offset + i] = (double)draw_middle(tensor, i) + scale * width * draw(trial, 10, tensor->offset + i);
    }
}

/* The inputs of a call lie one after the other, input k in [rows, count] from here on. */
static const struct lstmc_array *arrays_of(const Trial *trial, int *count)
{
    const struct lstmc_model *m = &trial->model->descriptor;
    *count = m->inputs ? m->input_arrays : 1;
    if (m->inputs)
        return m->inputs;
    struct lstmc_array *whole = arena_array(trial->arena, struct lstmc_array, 1);
    *whole = (struct lstmc_array){ .vocabulary = m->input_is_tokens ? m->vocabulary : 0, .count = m->input_count };
    return whole;
}

static size_t place_of(const Trial *trial, int input)
{
    int count;
    return (size_t)trial->rows * arrays_of(trial, &count)[input].offset;
}

static size_t elements_of(const Trial *trial, int input)
{
    int count;
    return arrays_of(trial, &count)[input].count;
}

static void draw_inputs(const Trial *trial, Call *call, uint64_t stream)
{
    int count;
    const struct lstmc_array *arrays = arrays_of(trial, &count);
    call->ids = arena_array(trial->arena, int32_t, trial->inputs);
    call->x = arena_array(trial->arena, double, trial->inputs);
    for (size_t i = 0; i < trial->inputs; i++) {
        const struct lstmc_array *array = arrays;
        while (i >= (size_t)trial->rows * (array->offset + array->count))
            array++;
        call->x[i] = 1.5 * draw(trial, stream, i);
        if (array->vocabulary)
            call->x[i] = call->ids[i] =
                (int32_t)(lstmc_random_bits(trial->oracles->seed, stream, 1, i) % (uint64_t)array->vocabulary);
    }
}

/* The targets of a call lie in the same way. */
static const struct lstmc_array *targets_of(const Trial *trial, int *count)
{
    const struct lstmc_model *m = &trial->model->descriptor;
    *count = m->targets ? m->output_arrays : 1;
    if (m->targets)
        return m->targets;
    struct lstmc_array *whole = arena_array(trial->arena, struct lstmc_array, 1);
    *whole = (struct lstmc_array){ .is_integer = m->target_is_class, .vocabulary = m->output_shape[m->output_rank - 1],
                                   .count = m->target_count };
    return whole;
}

static void draw_targets(const Trial *trial, Call *call, uint64_t stream)
{
    int count;
    const Model *model = trial->model;
    const struct lstmc_array *arrays = targets_of(trial, &count);
    call->classes = arena_array(trial->arena, int32_t, trial->targets);
    call->target = arena_array(trial->arena, double, trial->targets);
    for (size_t i = 0; i < trial->targets; i++) {
        int k = 0;
        while (i >= (size_t)trial->rows * (arrays[k].offset + arrays[k].count))
            k++;
        const char *loss = model->losses ? model->losses[k].name : model->loss;
        bool probabilities = loss && (model_own_loss(model, k) || strstr(loss, "crossentropy"));
        double value = draw(trial, stream, i);
        if (arrays[k].is_integer)
            call->classes[i] = (int32_t)(lstmc_random_bits(trial->oracles->seed, stream, 1, i) % (uint64_t)arrays[k].vocabulary);
        call->target[i] = arrays[k].is_integer ? call->classes[i] : probabilities ? (value + 1) / 2 : 2 * value;
    }
}

/* From -1 to one more than there are steps; in the first call the last steps count for nobody. */
static int32_t *draw_lengths(const Trial *trial, int number, uint64_t stream)
{
    int steps = model_steps_with_lengths(trial->model) / (number ? 1 : 2);
    int32_t *lengths = arena_array(trial->arena, int32_t, trial->rows);
    for (int row = 0; row < trial->rows; row++)
        lengths[row] = (int32_t)(lstmc_random_bits(trial->oracles->seed, stream, 1, (uint64_t)row) % (uint64_t)(steps + 3)) - 1;
    return lengths;
}

static size_t weights_of_row(const Trial *trial)
{
    return lstmc_weights_per_sample(&trial->model->descriptor);
}

static void draw_call(Trial *trial, Call *call, int number)
{
    Arena *arena = trial->arena;
    uint64_t stream = 100 * (uint64_t)(number + 1);
    draw_inputs(trial, call, stream);
    draw_targets(trial, call, stream + 1);
    call->sample_weight = arena_array(arena, double, trial->rows * (int)weights_of_row(trial));
    call->d_output = arena_array(arena, double, trial->outputs);
    call->lengths = trial->model->descriptor.has_lengths ? draw_lengths(trial, number, stream + 4) : NULL;
    for (size_t i = 0; i < (size_t)trial->rows * weights_of_row(trial); i++)
        call->sample_weight[i] = 1 + draw(trial, stream + 2, i) / 2;
    for (size_t i = 0; i < trial->outputs; i++)
        call->d_output[i] = draw(trial, stream + 3, i);
}

/* ---- the interpreter's answers ------------------------------------------------------------------------------------------- */

static double *copy_of(Arena *arena, const double *values, size_t count)
{
    double *copy = arena_array(arena, double, count + 1);
    if (count)
        memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static void keep_states(const Trial *trial, const Interpreter_double *interpreter, Call *call)
{
    const char *name;
    for (int layer = 0; layer < trial->model->layer_count; layer++)
        for (int n = 0; (name = interpreter_state_name_double(interpreter, layer, n)) && call->state_count < STATES_MAX; n++) {
            int shape[3];
            const double *values = interpreter_state_double(interpreter, layer, name, shape);
            State *state = &call->states[call->state_count++];
            *state = (State){ .layer = layer, .name = arena_copy_text(trial->arena, name),
                              .count = (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2] };
            state->values = copy_of(trial->arena, values, state->count);
        }
}

static void interpret_forward(const Trial *trial, Interpreter_double *interpreter, const Call *call)
{
    int count;
    const struct lstmc_array *arrays = arrays_of(trial, &count);
    const void **x = arena_array(trial->arena, const void *, count);
    for (int k = 0; k < count; k++) {
        size_t first = (size_t)trial->rows * arrays[k].offset;
        x[k] = arrays[k].vocabulary ? (const void *)(call->ids + first) : call->x + first;
    }
    interpreter_lengths_double(interpreter, call->lengths);
    interpreter_forward_all_double(interpreter, trial->weights, x, trial->rows, FIRST_ROW, trial->oracles->seed);
}

static void interpret_call(const Trial *trial, Interpreter_double *interpreter, Call *call)
{
    const struct lstmc_model *m = &trial->model->descriptor;
    interpret_forward(trial, interpreter, call);
    call->output = copy_of(trial->arena, interpreter_output_double(interpreter), trial->outputs);
    keep_states(trial, interpreter, call);
    int count;
    const struct lstmc_array *targets = targets_of(trial, &count);
    const void **target = arena_array(trial->arena, const void *, count);
    for (int k = 0; k < count; k++) {
        size_t first = (size_t)trial->rows * targets[k].offset;
        target[k] = targets[k].is_integer ? (const void *)(call->classes + first) : call->target + first;
    }
    if (trial->model->loss && m->targets)
        call->loss = interpreter_loss_all_double(interpreter, target, call->sample_weight, LOSS_SCALE);
    else if (trial->model->loss)
        call->loss = interpreter_loss_double(interpreter, target[0], call->sample_weight, LOSS_SCALE);
    else
        interpreter_set_d_output_double(interpreter, call->d_output);
    call->gradients = arena_array(trial->arena, double, m->gradient_count + 1);
    call->d_input = arena_array(trial->arena, double, trial->inputs);
    const struct lstmc_array *arrays = arrays_of(trial, &count);
    double **d_inputs = arena_array(trial->arena, double *, count);
    for (int k = 0; k < count; k++)
        d_inputs[k] = arrays[k].vocabulary ? NULL : call->d_input + (size_t)trial->rows * arrays[k].offset;
    interpreter_backward_all_double(interpreter, call->gradients, d_inputs);
}

static bool outputs_are_moderate(const Trial *trial, Interpreter_double *interpreter)
{
    interpreter_reset_double(interpreter);
    for (int c = 0; c < CALLS; c++) {
        if (c)
            interpreter_carry_double(interpreter);
        interpret_forward(trial, interpreter, &trial->calls[c]);
        for (size_t i = 0; i < trial->outputs; i++)
            if (!(fabs(interpreter_output_double(interpreter)[i]) < LARGEST_OUTPUT))
                return false;
    }
    return true;
}

/* False if there is no interpreter for the model. */
static bool interpret(Trial *trial)
{
    struct lstmc_message message = { "" };
    struct custom_layers *custom = custom_layers_create(trial->arena, trial->description, trial->rows);
    Interpreter_double *interpreter = interpreter_create_double(trial->model, trial->rows, custom, &message);
    if (!interpreter) {
        put(&trial->said, "interpreter: %s\n", message.text);
        custom_layers_free(custom);
        return false;
    }
    for (int c = 0; c < CALLS; c++)
        draw_call(trial, &trial->calls[c], c);
    double scale = trial->oracles->weight_scale > 0 ? trial->oracles->weight_scale : 1;
    draw_weights(trial, scale);
    while (trial->oracles->weight_scale <= 0 && !outputs_are_moderate(trial, interpreter) && scale > 1e-3)
        draw_weights(trial, scale *= 0.8);
    interpreter_reset_double(interpreter);
    for (int c = 0; c < CALLS; c++) {
        if (c)
            interpreter_carry_double(interpreter);
        interpret_call(trial, interpreter, &trial->calls[c]);
    }
    interpreter_free_double(interpreter);
    custom_layers_free(custom);
    return true;
}

/* ---- the evaluator against it ----------------------------------------------------------------------------------------------- */

static void compare(Trial *trial, const char *pass, int call, const char *tensor, const double *got, const double *expected, size_t count)
{
    double largest = 1e-6, worst = -1;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(expected[i]));
        double difference = fabs(got[i] - expected[i]);
        if (!(difference <= worst)) {
            worst = isnan(difference) ? INFINITY : difference;
            at = i;
        }
    }
    if (!(worst / largest <= EVALUATOR_TOLERANCE))
        put(&trial->said, "%s, evaluator after %s, call %d: %s[%zu of %zu]: %.12g, interpreter %.12g: deviation %.3g > %g\n", trial->target, pass,
            call + 1, tensor, at, count, got[at], expected[at], worst / largest, EVALUATOR_TOLERANCE);
}

static void set(Memory *memory, const Tensor *tensor, const double *values, size_t count)
{
    memcpy(memory_of(memory, tensor), values, count * sizeof *values);
}

static size_t count_of(const Tensor *tensor)
{
    size_t count = 1;
    for (int d = 0; d < tensor->rank; d++)
        count *= (size_t)tensor->extent[d];
    return count;
}

/* All that is not an argument starts as NaN: whoever reads what nobody wrote, or a row that is not there, is found out. */
static Memory *poisoned(const Trial *trial, const Ir *ir)
{
    Memory *memory = memory_create(ir, false);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        double *values = memory_of(memory, tensor);
        if (tensor->role == ROLE_WEIGHT)
            set(memory, tensor, trial->weights + tensor->weight->offset, tensor->weight->count);
        else if (tensor->role != ROLE_SCALE)
            for (size_t k = 0; k < count_of(tensor); k++)
                values[k] = NAN;
    }
    evaluate_section(memory, SECTION_RESET, ir->batch);
    evaluate_noise(memory, trial->oracles->seed, FIRST_ROW);
    return memory;
}

static const Tensor *find_tensor(const Ir *ir, const char *layer, const char *name)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (!strcmp(ir->tensors[i]->layer, layer) && !strcmp(ir->tensors[i]->name, name))
            return ir->tensors[i];
    return NULL;
}

/* A state [T + 1, batch, units] without the rows that are not there. */
static double *present_rows(const Trial *trial, Memory *memory, const Tensor *tensor)
{
    size_t units = 1, rows = (size_t)trial->rows, batch = (size_t)tensor->extent[1];
    for (int d = 2; d < tensor->rank; d++)
        units *= (size_t)tensor->extent[d];
    double *copy = arena_array(trial->arena, double, (size_t)tensor->extent[0] * rows * units);
    for (int t = 0; t < tensor->extent[0]; t++)
        memcpy(copy + (size_t)t * rows * units, memory_of(memory, tensor) + (size_t)t * batch * units, rows * units * sizeof *copy);
    return copy;
}

static void compare_forward(Trial *trial, const Ir *ir, Memory *memory, const char *pass, int number)
{
    const Call *call = &trial->calls[number];
    compare(trial, pass, number, "output", memory_of(memory, ir->output), call->output, trial->outputs);
    for (int s = 0; s < call->state_count; s++) {
        const State *state = &call->states[s];
        const char *layer = trial->model->layers[state->layer].name;
        const Tensor *tensor = find_tensor(ir, layer, state->name);
        if (tensor && tensor->role == ROLE_STATE)
            compare(trial, pass, number, arena_format(trial->arena, "%s.%s", layer, state->name), present_rows(trial, memory, tensor),
                    state->values, state->count);
    }
    if (ir->loss)
        compare(trial, pass, number, "loss", memory_of(memory, ir->loss), &call->loss, 1);
}

static void compare_backward(Trial *trial, const Ir *ir, Memory *memory, const char *pass, int number)
{
    const Call *call = &trial->calls[number];
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_GRADIENT)
            memset(memory_of(memory, ir->tensors[i]), 0, count_of(ir->tensors[i]) * sizeof(double));
    if (!ir->loss && ir->output->adjoint)
        set(memory, ir->output->adjoint, call->d_output, trial->outputs);
    evaluate_section(memory, SECTION_BACKWARD, trial->rows);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (tensor->role != ROLE_WEIGHT || !tensor->trainable)
            continue;
        double *zeros = arena_array(trial->arena, double, tensor->weight->count);
        const double *got = tensor->adjoint ? memory_of(memory, tensor->adjoint) : zeros;      /* no adjoint: nothing flows */
        compare(trial, pass, number, arena_format(trial->arena, "gradient %s", tensor->weight->name), got,
                call->gradients + tensor->weight->offset, tensor->weight->count);
    }
    double *no_flow = arena_array(trial->arena, double, trial->inputs);
    for (int k = 0; k < ir->input_count; k++)
        if (ir->inputs[k]->trainable)
            compare(trial, pass, number, arena_format(trial->arena, "gradient of input %d", k),
                    ir->inputs[k]->adjoint ? memory_of(memory, ir->inputs[k]->adjoint) : no_flow,
                    call->d_input + place_of(trial, k), (size_t)trial->rows * elements_of(trial, k));
}

static void set_targets(const Trial *trial, const Ir *ir, Memory *memory, const Call *call)
{
    int count;
    const struct lstmc_array *targets = targets_of(trial, &count);
    for (int k = 0; k < count; k++) {
        const Tensor *tensor = ir->target ? ir->target : find_tensor(ir, "targets", targets[k].name);
        set(memory, tensor, call->target + (size_t)trial->rows * targets[k].offset, (size_t)trial->rows * targets[k].count);
    }
}

static void evaluate_program(Trial *trial, const Ir *ir, const char *pass, bool differentiated)
{
    Memory *memory = poisoned(trial, ir);
    for (int c = 0; c < CALLS; c++) {
        const Call *call = &trial->calls[c];
        if (c)
            evaluate_section(memory, SECTION_CARRY, trial->rows);
        for (int k = 0; k < ir->input_count; k++)
            set(memory, ir->inputs[k], call->x + place_of(trial, k), (size_t)trial->rows * elements_of(trial, k));
        for (int row = 0; ir->lengths && row < trial->rows; row++)
            memory_of(memory, ir->lengths)[row] = call->lengths[row];
        evaluate_section(memory, SECTION_FORWARD, trial->rows);
        if (ir->loss) {
            set_targets(trial, ir, memory, call);
            set(memory, ir->sample_weight, call->sample_weight, (size_t)trial->rows * weights_of_row(trial));
            *memory_of(memory, ir->scale) = LOSS_SCALE;
            evaluate_section(memory, SECTION_LOSS, trial->rows);
        }
        compare_forward(trial, ir, memory, pass, c);
        if (differentiated)
            compare_backward(trial, ir, memory, pass, c);
    }
    memory_free(memory);
}

static void evaluate_pass(Trial *trial, const Ir *ir, const char *pass, bool differentiated)
{
    const char *broken = ir_check(ir);
    if (broken)
        put(&trial->said, "%s, checker after %s: %s\n", trial->target, pass, broken);
    else
        evaluate_program(trial, ir, pass, differentiated);
}

/* `first`: lower and grad know no target, once is enough for them. */
static void evaluate(Trial *trial, const Target *target, bool first)
{
    LowerOptions options = { .training = true, .batch = trial->model->descriptor.batch, .input_gradient = !trial->oracles->no_input_gradient };
    Ir *ir = lower(trial->arena, trial->description, &options);
    if (!ir) {
        put(&trial->said, "lower: failed\n");
        return;
    }
    if (first)
        evaluate_pass(trial, ir, "lower", false);
    grad(ir);
    only_turn(ir);
    if (first)
        evaluate_pass(trial, ir, "grad", true);
    stage(ir, target, trial->oracles->blas_from > 0);
    evaluate_pass(trial, ir, "stage", true);
    if (trial->oracles->blas_from) {
        blas(ir, target);
        evaluate_pass(trial, ir, "blas", true);
    }
    batch_first(ir, target);
    if (target->lanes > 1)
        evaluate_pass(trial, ir, "batch_first", true);
    flatten(ir, target);
    if (target->lanes > 1)
        evaluate_pass(trial, ir, "flatten", true);
    transpose(ir, target);
    if (target->lanes > 1)
        evaluate_pass(trial, ir, "transpose", true);
    tile(ir, target);
    piece(ir);
    if (target->lanes > 1)
        evaluate_pass(trial, ir, "tile", true);
    pack(ir, target, trial->oracles->bf16);
    if (target->lanes > 1)
        evaluate_pass(trial, ir, "pack", true);
    schedule(ir, target, trial->oracles->unroll);
    evaluate_pass(trial, ir, "schedule", true);
    plan(ir, false, PLAN_STEP_BYTES);
    evaluate_pass(trial, ir, "plan", true);
    if (target->lanes > 1)
        evaluate_program(trial, tile_order(trial->arena, ir, trial->rows, trial->oracles->seed), "plan, in the order of its tiles", true);
    idle(ir);
    evaluate_pass(trial, ir, "idle", true);
    first_turn(ir);
    evaluate_pass(trial, ir, "first_turn", true);
}

/* ---- the other two ------------------------------------------------------------------------------------------------------------ */

static void differentiate(Trial *trial)
{
    struct differences result = { 0 };
    struct lstmc_message message = { "" };
    struct custom_layers *custom = custom_layers_create(trial->arena, trial->description, DIFFERENCES_ROWS);
    int status = differences_check(trial->model, custom, trial->oracles->seed, &result, &message);
    if (status)
        put(&trial->said, "finite differences: %s\n", message.text);
    for (int i = 0; i < result.count; i++) {
        const struct difference *d = &result.list[i];
        if (!(d->deviation <= d->allowed))
            put(&trial->said, "interpreter: %s[%ld]: finite difference %.12g, gradient %.12g: deviation %.3g > %g, %d of %d probes skipped\n",
                d->tensor, d->element, d->finite_difference, d->derivative, d->deviation, d->allowed, d->skipped,
                d->probes);
    }
    differences_free(&result);
    custom_layers_free(custom);
}

static void compare_loaded(Trial *trial, const Loaded *loaded, const Programs *programs, int rows)
{
    Comparison comparison = { .lanes = programs->target->lanes, .blas = trial->oracles->blas_from > 0, .programs = programs,
                              .decoder = loaded->decoder };
    const char *why = compare_generated(trial->arena, trial->description, loaded->model, rows, trial->oracles->seed,
                                        &comparison);
    if (why)
        put(&trial->said, "%s, generated C, %s: %s\n", trial->target, trial->compiler, why);
    for (int i = 0; i < comparison.count; i++) {
        const Deviation *d = &comparison.list[i];
        if (!(d->value <= d->allowed))
            put(&trial->said, "%s, generated C, %s: %s: deviation %.3g > %.3g\n", trial->target, trial->compiler,
                d->name, d->value, d->allowed);
    }
}


static void load_and_compare(Trial *trial, const Compiled *compiled)
{
    Loaded loaded = { 0 };
    if (load(trial->arena, trial->diagnostics, compiled, LOAD_TO_CHECK, &loaded)) {
        int most = trial->oracles->blas_from ? trial->model->descriptor.batch : trial->rows;
        for (int rows = trial->rows; rows <= most; rows++)
            compare_loaded(trial, &loaded, &compiled->programs, rows);
    }
    loaded_free(&loaded);
}

static void generate(Trial *trial, const Target *target, const char *flags)
{
    CompileOptions options = { .target = target, .unroll = trial->oracles->unroll, .blas = trial->oracles->blas_from > 0, .bf16 = trial->oracles->bf16,
                               .inference = trial->oracles->inference, .input_gradient = !trial->oracles->no_input_gradient };
    Compiled compiled = { 0 };
    setenv("CFLAGS", flags, 1);
    bool good = compile(trial->arena, trial->description, trial->diagnostics, &options, &compiled);
    for (int c = 0; c < ORACLE_COMPILERS && good; c++) {
        trial->compiler = oracle_compilers[c];
        if (trial->oracles->compiler && strcmp(trial->oracles->compiler, trial->compiler))
            continue;
        use_cached_compiler(trial->compiler);
        load_and_compare(trial, &compiled);
    }
    compiled_free(&compiled);
}

static void put_mistakes(Trial *trial)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    diagnostics_print(trial->diagnostics, file);
    fclose(file);
    put(&trial->said, "%s", text);
    free(text);
}

/* Hundreds of small models: the time goes into the C compilers. */
const OracleTarget oracle_targets[ORACLE_TARGETS] = {
    { ORACLE_PLAIN,     "plain",     "plain",  1,  "-O0" },
    { ORACLE_VECTOR_4,  "vector 4",  "vector", 4,  "-O0" },
    { ORACLE_VECTOR_8,  "vector 8",  "vector", 8,  "-O0 -march=native" },
    { ORACLE_VECTOR_16, "vector 16", "vector", 16, "-O0 -march=native" },
};
const char *const oracle_compilers[ORACLE_COMPILERS] = { "gcc", "clang" };

const Target *oracle_target(const OracleTarget *row)
{
    return target_with_lanes(target_find(row->name), row->lanes);
}

static void run_targets(Trial *trial)
{
    bool interpreted = !trial->oracles->no_evaluator && interpret(trial), first = true;
    unsigned chosen = trial->oracles->targets ? trial->oracles->targets : ORACLE_USUAL;
    for (int i = 0; i < ORACLE_TARGETS; i++) {
        Target target = *oracle_target(&oracle_targets[i]);
        if (!(chosen & oracle_targets[i].bit))
            continue;
        if (trial->oracles->blas_from)
            target.blas_side = target.blas_terms = trial->oracles->blas_from;
        if (trial->oracles->flat)
            target.flat_bytes = 0;
        trial->target = oracle_targets[i].label;
        if (interpreted)
            evaluate(trial, &target, first);
        if (!trial->oracles->no_generated)
            generate(trial, &target, oracle_targets[i].flags);
        first = false;
    }
}

static void run_oracles(Trial *trial)
{
    const struct lstmc_model *m = &trial->model->descriptor;
    trial->rows = m->batch > 1 ? m->batch - 1 : 1;
    trial->inputs = (size_t)trial->rows * m->input_count;
    trial->outputs = (size_t)trial->rows * m->output_count;
    trial->targets = (size_t)trial->rows * m->target_count;
    trial->weights = arena_array(trial->arena, double, m->weight_count + 1);
    if (!trial->oracles->no_differences)
        differentiate(trial);
    run_targets(trial);
}

char *oracles_disagreement(const char *text, const Oracles *oracles)
{
    Arena *arena = arena_create();
    Oracles settled = *oracles;
    settled.seed += settled.seed == 0;
    Trial trial = { .arena = arena, .diagnostics = diagnostics_create(arena), .oracles = &settled };
    trial.description = read_description(arena, trial.diagnostics, text);
    if (trial.description) {
        trial.model = description_model(trial.description);
        run_oracles(&trial);
    }
    if (diagnostics_count(trial.diagnostics))
        put_mistakes(&trial);
    if (trial.description)
        description_free(trial.description);
    char *said = trial.said.length ? strdup(trial.said.text) : NULL;
    out_free(&trial.said);
    arena_free(arena);
    return said;
}

void expect_agreement_with(const char *text, const Oracles *oracles)
{
    char *said = oracles_disagreement(text, oracles);
    cr_expect_null(said, "%s\n%s", text, said);
    free(said);
}

void expect_agreement(const char *text)
{
    expect_agreement_with(text, &(Oracles){ .seed = 1 });
}

void expect_all(const char *const *texts)
{
    for (; *texts; texts++)
        expect_agreement(*texts);
}

const Ir *oracle_training_program(Arena *arena, const char *text)
{
    Diagnostics *diagnostics = diagnostics_create(arena);
    Compiled compiled = { 0 };
    const CompileOptions options = { .target = target_find("vector") };
    cr_assert(compile(arena, oracle_read(arena, text), diagnostics, &options, &compiled), "%s", text);
    compiled_free(&compiled);       /* the text alone */
    return compiled.programs.training;
}
