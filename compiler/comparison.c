/* comparison.c: the third oracle: generated C against the interpreter. */
#include "comparison.h"
#include "custom.h"
#include "round_weights.h"

#include "../runtime/lstmc_random.h"

#include <math.h>
#include <stdio.h>

#define LARGEST_VALUE 20.0

typedef struct Side {               /* what both sides read, and the memory of the generated one */
    const Model *model;
    const struct lstmc_model *generated;
    int rows;
    float *weights, *x, *target, *sample_weight;        /* x, target: int32_t where the model reads ids or classes */
    double *weights_double, *x_double, *target_double, *sample_weight_double;
    void *training, *tape, *packed, *scratch, *batch_scratch, *state;
    float *gradients, *output;
    Interpreter_double *interpreter;
} Side;

double deviation(const float *a, const double *b, size_t count)
{
    double largest = 0, difference = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i]))
            return INFINITY;
        largest = fmax(largest, fabs(b[i]));
        difference = fmax(difference, fabs(a[i] - b[i]));
    }
    return difference / fmax(largest, 1e-6);
}

static void note(Arena *arena, Comparison *comparison, const char *name, double value, double tolerance)
{
    for (int i = 0; i < comparison->count; i++)
        if (!strcmp(comparison->list[i].name, name)) {
            comparison->list[i].value = fmax(comparison->list[i].value, value);
            return;
        }
    Deviation d = { .name = arena_copy_text(arena, name), .value = value, .tolerance = tolerance };
    arena_append(arena, comparison->list, comparison->count, comparison->capacity, d);
}

/* ---- random arguments --------------------------------------------------------------------------------------------------- */

static float draw(uint64_t seed, uint64_t stream, size_t i, float half_width)
{
    return (2 * lstmc_random_uniform(seed, stream, 0, i) - 1) * half_width;
}

static void draw_weights(Side *s, uint64_t seed, float shrink)
{
    const struct lstmc_model *m = &s->model->descriptor;
    for (int w = 0; w < m->weight_tensors; w++) {
        const struct lstmc_tensor *tensor = &m->weights[w];
        float width = shrink * (tensor->rank > 1 ? 1.5f / sqrtf((float)tensor->shape[0]) : 0.5f);
        for (size_t i = 0; i < tensor->count; i++)
            s->weights[tensor->offset + i] = draw(seed, 100 + (uint64_t)w, i, width);
    }
    for (size_t i = 0; i < m->weight_count; i++)
        s->weights_double[i] = s->weights[i];
}

static void draw_input(Side *s, uint64_t seed)
{
    const struct lstmc_model *m = &s->model->descriptor;
    for (size_t i = 0; i < (size_t)s->rows * m->input_count; i++) {
        if (m->input_is_tokens)
            ((int32_t *)(void *)s->x)[i] = (int32_t)(lstmc_random_bits(seed, 1, 0, i) % (uint64_t)m->vocabulary);
        else
            s->x_double[i] = s->x[i] = draw(seed, 1, i, 1);
    }
}

static void draw_target(Side *s, uint64_t seed)
{
    const struct lstmc_model *m = &s->model->descriptor;
    size_t last = (size_t)m->output_shape[m->output_rank - 1], count = (size_t)s->rows * m->target_count;
    bool probabilities = s->model->loss && strstr(s->model->loss, "crossentropy");
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = lstmc_random_bits(seed, 2, 0, probabilities && !m->target_is_class && last > 1 ? i / last : i);
        if (m->target_is_class)
            ((int32_t *)(void *)s->target)[i] = (int32_t)(bits % last);
        else if (probabilities && last > 1)
            s->target[i] = bits % last == i % last ? 1 : 0;
        else if (probabilities)
            s->target[i] = (float)(bits & 1);
        else
            s->target[i] = draw(seed, 2, i, 1);
        if (!m->target_is_class)
            s->target_double[i] = s->target[i];
    }
    for (int row = 0; row < s->rows; row++)
        s->sample_weight_double[row] = s->sample_weight[row] = 1.0f + draw(seed, 3, (size_t)row, 0.5f);
}

static const void *interpreter_x(const Side *s)
{
    return s->model->descriptor.input_is_tokens ? (const void *)s->x : s->x_double;
}

static const void *interpreter_target(const Side *s)
{
    return s->model->descriptor.target_is_class ? (const void *)s->target : s->target_double;
}

/* All outputs and states are small in the interpreter's eyes: float's rounding is not blown up by exponentials of exponentials. */
static bool values_are_moderate(const Side *s)
{
    const double *output = interpreter_output_double(s->interpreter);
    for (size_t i = 0; i < (size_t)s->rows * s->model->descriptor.output_count; i++)
        if (!(fabs(output[i]) < LARGEST_VALUE))
            return false;
    for (int l = 0; l < s->model->layer_count; l++)
        for (int which = 0; which < 2; which++) {
            int shape[3];
            const double *state = interpreter_state_double(s->interpreter, l, which ? "c" : "h", shape);
            for (long i = 0; state && i < (long)shape[0] * shape[1] * shape[2]; i++)
                if (!(fabs(state[i]) < LARGEST_VALUE))
                    return false;
        }
    return true;
}

/* Both calls of the comparison, dropout on and off, keep all values moderate. */
static bool calls_are_moderate(Side *s, uint64_t seed)
{
    for (int dropout = 0; dropout < 2; dropout++) {
        interpreter_reset_double(s->interpreter);
        for (int pass = 0; pass < 2; pass++) {
            draw_input(s, seed + (uint64_t)pass);
            if (pass)
                interpreter_carry_double(s->interpreter);
            interpreter_forward_double(s->interpreter, s->weights_double, interpreter_x(s), s->rows, 7, dropout ? seed : 0);
            if (!values_are_moderate(s))
                return false;
        }
    }
    return true;
}

/* The first weights that keep all values moderate, or the smallest ones tried. */
static void draw_moderate_weights(Side *s, uint64_t seed)
{
    float shrink = 1;
    draw_weights(s, seed, shrink);
    for (int tries = 0; tries < 20 && !calls_are_moderate(s, seed); tries++)
        draw_weights(s, seed, shrink *= 0.8f);
}

/* ---- training ------------------------------------------------------------------------------------------------------------ */

/* A tensor of the tape in the order of the interpreter: [T + 1, rows, units] out of [T + 1, batch, units and what fills the last vector]. */
static float *tape_state(Arena *arena, const Side *s, const char *name, size_t units)
{
    const struct lstmc_model *g = s->generated;
    for (int i = 0; i < g->tape_tensor_count; i++) {
        const struct lstmc_tensor *t = &g->tape_tensors[i];
        if (strcmp(t->name, name) || t->rank != 3 || (size_t)t->shape[2] < units)
            continue;
        size_t steps = (size_t)t->shape[0], batch = (size_t)t->shape[1], width = (size_t)t->shape[2], rows = (size_t)s->rows;
        const float *from = (const float *)s->tape + t->offset;
        float *copy = arena_array(arena, float, steps * rows * units);
        for (size_t step = 0; step < steps; step++)
            for (size_t row = 0; row < rows; row++)
                memcpy(copy + (step * rows + row) * units, from + (step * batch + row) * width, units * sizeof *copy);
        return copy;
    }
    return NULL;
}

static void compare_states(Arena *arena, const Side *s, Comparison *comparison)
{
    for (int l = 0; l < s->model->layer_count; l++)
        for (int which = 0; which < 2; which++) {
            const char *letter = which ? "c" : "h", *name = arena_format(arena, "%s.%s", s->model->layers[l].name, letter);
            int shape[3];
            const double *expected = interpreter_state_double(s->interpreter, l, letter, shape);
            float *got = expected ? tape_state(arena, s, name, (size_t)shape[2]) : NULL;
            if (got)
                note(arena, comparison, name, deviation(got, expected, (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2]),
                     COMPARISON_TOLERANCE);
        }
}

static void compare_input_gradient(Arena *arena, const Side *s, const double *d_input, Comparison *comparison)
{
    const struct lstmc_model *g = s->generated;
    for (int i = 0; i < g->tape_tensor_count; i++)
        if (!strcmp(g->tape_tensors[i].name, "d_input"))
            note(arena, comparison, "gradient of the input",
                 deviation((const float *)s->tape + g->tape_tensors[i].offset, d_input, (size_t)s->rows * g->input_count),
                 COMPARISON_TOLERANCE);
}

/* Two passes, the second from the states that the first one left. */
static void compare_training(Arena *arena, Side *s, uint64_t seed, Comparison *comparison)
{
    const struct lstmc_model *g = s->generated;
    size_t gradients = s->model->descriptor.gradient_count, inputs = (size_t)s->rows * g->input_count;
    double *expected = arena_array(arena, double, gradients + 1), *d_input = arena_array(arena, double, inputs);
    g->prepare_training(s->training, s->weights);
    g->reset_tape(s->training, s->tape);
    *(int *)(void *)((char *)s->tape + g->first_row_offset) = 7;
    interpreter_reset_double(s->interpreter);
    for (int pass = 0; pass < 2; pass++) {
        draw_input(s, seed + (uint64_t)pass);
        draw_target(s, seed + (uint64_t)pass);
        if (pass) {
            g->carry(s->tape);
            interpreter_carry_double(s->interpreter);
        }
        g->forward(s->training, s->tape, s->x, s->rows, seed);
        interpreter_forward_double(s->interpreter, s->weights_double, interpreter_x(s), s->rows, 7, seed);
        note(arena, comparison, "output", deviation((const float *)(void *)((char *)s->tape + g->output_offset),
             interpreter_output_double(s->interpreter), (size_t)s->rows * g->output_count), COMPARISON_TOLERANCE);
        compare_states(arena, s, comparison);
        if (s->model->loss) {
            float loss = g->loss_function(s->tape, s->target, s->sample_weight, 0.25f);
            double loss_expected = interpreter_loss_double(s->interpreter, interpreter_target(s), s->sample_weight_double, 0.25);
            note(arena, comparison, "loss", deviation(&loss, &loss_expected, 1), COMPARISON_TOLERANCE);
        } else {
            float *d = (float *)(void *)((char *)s->tape + g->d_output_offset);
            double *d_double = arena_array(arena, double, (size_t)s->rows * g->output_count);
            for (size_t i = 0; i < (size_t)s->rows * g->output_count; i++)
                d_double[i] = d[i] = draw(seed, 4, i, 1);
            interpreter_set_d_output_double(s->interpreter, d_double);
        }
        g->backward(s->training, s->tape, s->gradients);
        interpreter_backward_double(s->interpreter, expected, g->input_is_tokens ? NULL : d_input);
        for (int w = 0; w < s->model->descriptor.weight_tensors; w++) {
            const struct lstmc_tensor *t = &s->model->descriptor.weights[w];
            if (t->trainable)
                note(arena, comparison, arena_format(arena, "gradient %s", t->name),
                     deviation(s->gradients + t->offset, expected + t->offset, t->count), COMPARISON_TOLERANCE);
        }
        if (!g->input_is_tokens)
            compare_input_gradient(arena, s, d_input, comparison);
    }
}

/* ---- prediction ---------------------------------------------------------------------------------------------------------- */

#define SINGLE_ROWS 8       /* that are predicted one by one */

static int single_rows(const Side *s)
{
    return s->rows < SINGLE_ROWS ? s->rows : SINGLE_ROWS;
}

/* What the interpreter predicts for all rows by these weights. */
static const double *interpret(Side *s, const double *weights)
{
    interpreter_reset_double(s->interpreter);
    interpreter_forward_double(s->interpreter, weights, interpreter_x(s), s->rows, 0, 0);
    return interpreter_output_double(s->interpreter);
}

static double batch_deviation(const Side *s, const double *expected)
{
    const struct lstmc_model *g = s->generated;
    g->predict_batch(s->packed, s->batch_scratch, s->x, s->rows, s->output);
    return deviation(s->output, expected, (size_t)s->rows * g->output_count);
}

/* The output of the first row stays in s->output. */
static double single_deviation(const Side *s, const double *expected)
{
    const struct lstmc_model *g = s->generated;
    double worst = 0;
    for (int row = single_rows(s) - 1; row >= 0; row--) {
        g->predict(s->packed, s->scratch, s->x + (size_t)row * g->input_count, s->output);
        worst = fmax(worst, deviation(s->output, expected + (size_t)row * g->output_count, g->output_count));
    }
    return worst;
}

/* Of the first row: its last time step of the output where there are several: what the last call of step must give. */
static double step_deviation(Arena *arena, const Side *s, const double *expected)
{
    const struct lstmc_model *g = s->generated;
    int steps = g->input_shape[0];
    size_t features = g->input_count / (size_t)steps, last = (size_t)g->output_shape[g->output_rank - 1];
    bool sequence = g->output_rank > 1;
    float *y = arena_array(arena, float, last);
    double worst = 0, largest = 1e-6;
    g->reset(s->packed, s->state);
    for (int t = 0; t < steps; t++) {
        g->step(s->packed, s->state, s->x + (size_t)t * features, y);
        if (!sequence && t + 1 < steps)
            continue;
        const double *now = expected + (sequence ? (size_t)t * last : 0);
        for (size_t i = 0; i < last; i++) {
            worst = fmax(worst, isfinite(y[i]) ? fabs((double)y[i] - now[i]) : INFINITY);
            largest = fmax(largest, fabs(now[i]));
        }
    }
    return worst / largest;
}

static void compare_prediction(Arena *arena, Side *s, Comparison *comparison)
{
    const struct lstmc_model *g = s->generated;
    g->prepare(s->packed, s->weights);
    const double *expected = interpret(s, s->weights_double);
    note(arena, comparison, "predict_batch", batch_deviation(s, expected), COMPARISON_TOLERANCE);
    note(arena, comparison, "predict", single_deviation(s, expected), COMPARISON_TOLERANCE);
    if (!g->step)
        return;
    double *predicted = arena_array(arena, double, g->output_count);
    for (size_t i = 0; i < g->output_count; i++)
        predicted[i] = s->output[i];
    double tolerance = comparison->lanes <= 1 && !comparison->blas ? 0 : g->input_shape[0] <= 100 ? STEP_TOLERANCE : 10 * STEP_TOLERANCE;
    note(arena, comparison, "step against predict", step_deviation(arena, s, predicted), tolerance);
}

/* ---- prediction by bf16 weights -------------------------------------------------------------------------------------------- */

#define BF16_ERROR (1.0 / 256)      /* half of the last of 8 bits */
#define BF16_DRAWS 8
#define BF16_CHANCE 2               /* draws are few, and outputs may be few too */

/* How far predictions move when each weight moves up or down by the largest error of bf16: more than by errors of all sizes. */
static double bf16_bound(Arena *arena, Side *s, uint64_t seed)
{
    size_t weights = s->model->descriptor.weight_count, outputs = (size_t)s->rows * s->generated->output_count;
    double *expected = arena_array(arena, double, outputs), *moved = arena_array(arena, double, weights + 1), most = 0;
    memcpy(expected, interpret(s, s->weights_double), outputs * sizeof *expected);
    for (int d = 0; d < BF16_DRAWS; d++) {
        for (size_t i = 0; i < weights; i++)
            moved[i] = s->weights_double[i] * (draw(seed, 500 + (uint64_t)d, i, 1) < 0 ? 1 - BF16_ERROR : 1 + BF16_ERROR);
        const double *output = interpret(s, moved);
        for (size_t i = 0; i < outputs; i++)
            s->output[i] = (float)output[i];
        most = fmax(most, deviation(s->output, expected, outputs));
    }
    return BF16_CHANCE * most + COMPARISON_TOLERANCE;
}

typedef enum Call { CALL_BATCH, CALL_SINGLE, CALL_STEP, CALL_COUNT } Call;
static const char *const call_names[CALL_COUNT] = { "predict_batch", "predict", "step" };

static double call_deviation(Arena *arena, const Side *s, Call call, const double *expected)
{
    return call == CALL_BATCH ? batch_deviation(s, expected) : call == CALL_SINGLE ? single_deviation(s, expected) : step_deviation(arena, s, expected);
}

/* Which weights share a word is each program's own affair, and so is what bf16 loses nothing of. */
static void compare_bf16_prediction(Arena *arena, Side *s, uint64_t seed, Comparison *comparison)
{
    const struct lstmc_model *g = s->generated;
    const Ir *const programs[CALL_COUNT] = { comparison->programs->batch, comparison->programs->single, comparison->programs->step };
    size_t count = s->model->descriptor.weight_count;
    float *rounded = arena_array(arena, float, count + 1);
    double *rounded_double = arena_array(arena, double, count + 1), bound = bf16_bound(arena, s, seed);
    for (int call = 0; call < CALL_COUNT && programs[call]; call++) {
        memcpy(rounded, s->weights, count * sizeof *rounded);
        bool exact = round_weights(programs[call], rounded, count);
        for (size_t i = 0; i < count; i++)
            rounded_double[i] = rounded[i];
        g->prepare(s->packed, rounded);
        double value = call_deviation(arena, s, (Call)call, interpret(s, rounded_double));
        note(arena, comparison, call_names[call], value, exact ? COMPARISON_TOLERANCE : bound);
    }
    g->prepare(s->packed, s->weights);
    const double *expected = interpret(s, s->weights_double);
    for (int call = 0; call < CALL_COUNT && programs[call]; call++)
        note(arena, comparison, arena_format(arena, "%s, bf16 for float32", call_names[call]), call_deviation(arena, s, (Call)call, expected), bound);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------- */

static bool take_memory(Side *s)
{
    const struct lstmc_model *m = &s->model->descriptor, *g = s->generated;
    size_t rows = (size_t)s->rows;
    void **const blocks[] = {
        (void **)&s->weights, (void **)&s->x, (void **)&s->target, (void **)&s->sample_weight, (void **)&s->weights_double,
        (void **)&s->x_double, (void **)&s->target_double, (void **)&s->sample_weight_double, (void **)&s->gradients, (void **)&s->output,
        &s->training, &s->tape, &s->packed, &s->scratch, &s->batch_scratch, &s->state,
    };
    const size_t sizes[] = {
        m->weight_count * 4, rows * m->input_count * 4, rows * m->target_count * 4, rows * 4, m->weight_count * 8,
        rows * m->input_count * 8, rows * m->target_count * 8, rows * 8, m->gradient_count * 4, rows * m->output_count * 4,
        g->training_bytes, g->tape_bytes, g->packed_bytes, g->scratch_bytes, g->batch_scratch_bytes, g->state_bytes,
    };
    bool good = true;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        good = (*blocks[i] = lstmc_alloc(sizes[i] + 1)) && good;
        if (*blocks[i] && blocks[i] != (void **)&s->gradients)
            memset(*blocks[i], 0xff, sizes[i]);     /* NaN: whoever reads what nobody wrote is found out */
    }
    return good;
}

static void give_back(Side *s)
{
    void *const blocks[] = { s->weights, s->x, s->target, s->sample_weight, s->weights_double, s->x_double, s->target_double,
                             s->sample_weight_double, s->gradients, s->output, s->training, s->tape, s->packed, s->scratch,
                             s->batch_scratch, s->state };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        lstmc_free(blocks[i]);
    if (s->interpreter)
        interpreter_free_double(s->interpreter);
}

const char *compare_generated(Arena *arena, Description *description, const struct lstmc_model *generated, int rows, uint64_t seed,
                              Comparison *comparison)
{
    Side s = { .model = description_model(description), .generated = generated, .rows = rows };
    struct lstmc_message message = { "" };
    struct custom_layers *custom = custom_layers_create(arena, description, rows);
    const char *why = NULL;
    s.interpreter = interpreter_create_double(s.model, rows, custom, &message);
    if (!s.interpreter) {
        why = arena_copy_text(arena, message.text);
    } else if (!take_memory(&s)) {
        why = "no memory for the comparison";
    } else {
        draw_moderate_weights(&s, seed);
        draw_input(&s, seed);
        if (generated->forward)
            compare_training(arena, &s, seed, comparison);
        if (comparison->programs && comparison->programs->bf16)
            compare_bf16_prediction(arena, &s, seed, comparison);
        else
            compare_prediction(arena, &s, comparison);
    }
    give_back(&s);
    custom_layers_free(custom);
    return why;
}
