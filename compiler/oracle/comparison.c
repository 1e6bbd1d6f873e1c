/* comparison.c: the third oracle: generated C against the interpreter. */
#include "comparison.h"
#include "draw.h"
#include "round_weights.h"

#include <math.h>
#include <stdio.h>

typedef struct Side {               /* the generated one, at work */
    Arena *arena;
    const Model *model;
    const struct lstmc_model *generated;
    int rows;
    const Draw *draw;
    Comparison *comparison;
    void *training, *tape, *packed, *scratch, *batch_scratch, *state;
    float *gradients, *output;
} Side;

/* By how much it is within what is allowed, or beyond. */
static double part_of_allowed(double value, double allowed)
{
    return allowed > 0 ? value / allowed : value > 0 ? INFINITY : 0;
}

/* Of several deviations of one name the worst stays. */
static void note(const Side *s, const char *name, double value, double allowed)
{
    Comparison *comparison = s->comparison;
    for (int i = 0; i < comparison->count; i++) {
        Deviation *d = &comparison->list[i];
        if (strcmp(d->name, name))
            continue;
        if (part_of_allowed(value, allowed) > part_of_allowed(d->value, d->allowed))
            *d = (Deviation){ .name = d->name, .value = value, .allowed = allowed };
        return;
    }
    Deviation d = { .name = arena_copy_text(s->arena, name), .value = value, .allowed = allowed };
    arena_append(s->arena, comparison->list, comparison->count, comparison->capacity, d);
}

bool comparison_is_good(const Comparison *comparison)
{
    for (int i = 0; i < comparison->count; i++)
        if (!(comparison->list[i].value <= comparison->list[i].allowed))
            return false;
    return true;
}

/* ---- training ---- */

/* What the interpreter knows by this name. */
static void compare(const Side *s, int call, const char *name, const float *values)
{
    const Quantity *quantity = reference_find(&s->draw->reference, call, name);
    note(s, name, quantity_deviation(quantity, values, 0, quantity->count), quantity_allowed(quantity));
}

static const float *in_tape(const Side *s, size_t offset)
{
    return (const float *)(const void *)((const char *)s->tape + offset);
}

/* A tensor of the tape in the order of the interpreter: [T + 1, rows, state] out of [T + 1, batch, state], whose last
 * axis ends with what fills the last vector. NULL unless the tape keeps all of it. */
static float *tape_state(const Side *s, const Quantity *state)
{
    const struct lstmc_model *g = s->generated;
    for (int i = 0; i < g->tape_tensor_count; i++) {
        const struct lstmc_tensor *t = &g->tape_tensors[i];
        if (strcmp(t->name, state->name) || t->rank < 3)
            continue;
        size_t batch = (size_t)t->shape[1], rows = (size_t)s->rows, lines = 1, line = (size_t)t->shape[t->rank - 1];
        for (int d = 2; d < t->rank - 1; d++)
            lines *= (size_t)t->shape[d];
        size_t used = state->width / lines;
        if (used > line || (size_t)t->shape[0] * rows * lines * used != state->count)
            continue;
        const float *from = (const float *)s->tape + t->offset;
        float *copy = arena_array(s->arena, float, state->count);
        for (size_t to = 0; to < state->count / used; to++) {
            size_t step = to / lines / rows, row = to / lines % rows;
            memcpy(copy + to * used, from + ((step * batch + row) * lines + to % lines) * line, used * sizeof *copy);
        }
        return copy;
    }
    return NULL;
}

static void compare_states(const Side *s, int call)
{
    const Reference *reference = &s->draw->reference;
    for (int i = 0; i < reference->count; i++) {
        const Quantity *state = &reference->list[i];
        float *got = state->call == call && state->width ? tape_state(s, state) : NULL;
        if (got)
            compare(s, call, state->name, got);
    }
}

static void compare_input_gradient(const Side *s, int call)
{
    const struct lstmc_model *g = s->generated;
    for (int i = 0; i < g->tape_tensor_count; i++)
        if (!strcmp(g->tape_tensors[i].name, "d_input"))
            compare(s, call, "gradient of the input", (const float *)s->tape + g->tape_tensors[i].offset);
    for (int k = 0; k < g->input_arrays; k++)
        for (int i = 0; i < g->tape_tensor_count; i++)
            if (!strcmp(g->tape_tensors[i].name, arena_format(s->arena, "inputs.d_%s", g->inputs[k].name)))
                compare(s, call, arena_format(s->arena, "gradient of %s", g->inputs[k].name),
                        (const float *)s->tape + g->tape_tensors[i].offset);
}

/* The gradients are those of both calls. */
static void compare_gradients(const Side *s, int call)
{
    const struct lstmc_model *m = &s->model->descriptor;
    for (int w = 0; w < m->weight_tensors; w++)
        if (m->weights[w].trainable)
            compare(s, call, arena_format(s->arena, "gradient %s", m->weights[w].name),
                    s->gradients + m->weights[w].offset);
    if (!s->generated->input_is_tokens)
        compare_input_gradient(s, call);
}

/* The weights that do not learn, as the batch leaves them. */
static void compare_statistics(const Side *s, int call)
{
    const struct lstmc_model *m = &s->model->descriptor;
    float *weights = arena_array(s->arena, float, m->weight_count + 1);
    memcpy(weights, s->draw->weights, m->weight_count * sizeof *weights);
    if (s->generated->update_statistics)
        s->generated->update_statistics(s->tape, weights);
    for (int w = 0; w < m->weight_tensors; w++)
        if (!m->weights[w].trainable)
            compare(s, call, arena_format(s->arena, "next %s", m->weights[w].name), weights + m->weights[w].offset);
}

static void compare_output_losses(const Side *s, int call)
{
    const struct lstmc_model *g = s->generated;
    for (int k = 0; g->loss_offsets && k < g->output_arrays; k++)
        compare(s, call, arena_format(s->arena, "loss of %s", g->outputs[k].name), in_tape(s, g->loss_offsets[k]));
}

/* Two calls, the second from the states that the first one left. */
static void compare_training(const Side *s)
{
    const struct lstmc_model *g = s->generated;
    g->prepare_training(s->training, s->draw->weights);
    g->reset_tape(s->training, s->tape);
    *(int *)(void *)((char *)s->tape + g->first_row_offset) = REFERENCE_FIRST_ROW;
    for (int c = DRAW_FIRST; c <= DRAW_SECOND; c++) {
        const ReferenceCall *call = &s->draw->calls[c];
        if (call->carries)
            g->carry(s->tape);
        if (call->lengths)
            g->forward_lengths(s->training, s->tape, call->x, call->lengths, s->rows, call->seed);
        else
            g->forward(s->training, s->tape, call->x, s->rows, call->seed);
        compare(s, c, "output", in_tape(s, g->output_offset));
        compare_states(s, c);
        if (s->model->loss) {
            float loss = g->loss_function(s->tape, call->target, call->sample_weight, REFERENCE_SCALE);
            compare(s, c, "loss", &loss);
            compare_output_losses(s, c);
        } else if (g->d_output_offset) {            /* where nothing learns the tape has none */
            memcpy((char *)s->tape + g->d_output_offset, call->d_output,
                   (size_t)s->rows * g->output_count * sizeof(float));
        }
        g->backward(s->training, s->tape, s->gradients);
        compare_gradients(s, c);
        compare_statistics(s, c);
    }
}

static void *poisoned(size_t bytes)
{
    void *block = lstmc_alloc(bytes + 1);
    if (block)
        memset(block, 0xff, bytes);     /* NaN: whoever reads what nobody wrote is found out */
    return block;
}

/* ---- prediction ---- */

#define SINGLE_ROWS 8       /* that are predicted one by one */

static const void *row_of_input(const Side *s, int row)
{
    return (const float *)s->draw->calls[DRAW_PREDICTION].x + (size_t)row * s->generated->input_count;
}

static double batch_deviation(const Side *s, const Quantity *expected)
{
    const int32_t *lengths = s->draw->calls[DRAW_PREDICTION].lengths;
    if (lengths)
        s->generated->predict_batch_lengths(s->packed, s->batch_scratch, row_of_input(s, 0), lengths, s->rows,
                                            s->output);
    else
        s->generated->predict_batch(s->packed, s->batch_scratch, row_of_input(s, 0), s->rows, s->output);
    return quantity_deviation(expected, s->output, 0, expected->count);
}

/* The output of the first row stays in s->output. */
static double single_deviation(const Side *s, const Quantity *expected)
{
    const struct lstmc_model *g = s->generated;
    const int32_t *lengths = s->draw->calls[DRAW_PREDICTION].lengths;
    double worst = 0;
    for (int row = (s->rows < SINGLE_ROWS ? s->rows : SINGLE_ROWS) - 1; row >= 0; row--) {
        if (lengths)
            g->predict_lengths(s->packed, s->scratch, row_of_input(s, row), lengths + row, s->output);
        else
            g->predict(s->packed, s->scratch, row_of_input(s, row), s->output);
        worst = fmax(worst, quantity_deviation(expected, s->output, (size_t)row * g->output_count, g->output_count));
    }
    return worst;
}

/* Of the first row: all steps of the output, or what the last call of step that writes must give. */
static double step_deviation(const Side *s, const Quantity *expected)
{
    const struct lstmc_model *g = s->generated;
    size_t steps = (size_t)g->input_shape[0], inputs = step_input_count(g);
    size_t outputs = g->output_rank > 1 ? step_output_count(g) : 0;
    float *y = arena_array(s->arena, float, g->output_count + outputs + 1);
    size_t written = 0, most = outputs ? g->output_count / outputs : steps;
    g->reset(s->packed, s->state);
    for (size_t t = 0; t < steps && written <= most; t++)
        written += (size_t)g->step(s->packed, s->state, (const float *)row_of_input(s, 0) + t * inputs,
                                   y + written * outputs);
    if (written == 0 || (outputs && written != most))
        return INFINITY;
    return quantity_deviation(expected, y, 0, g->output_count);
}

/* What was predicted of one sample, as what is expected. */
static Quantity predicted_as(const Side *s, const float *values, const Quantity *expected)
{
    size_t count = s->generated->output_count;
    Quantity predicted = { .count = count, .expected = arena_array(s->arena, double, count),
                           .rounding = 2 * expected->rounding };
    for (size_t i = 0; i < count; i++) {
        predicted.expected[i] = values[i];
        predicted.largest = fmax(predicted.largest, fabs(predicted.expected[i]));
    }
    return predicted;
}

/* Both are generated and read the same weights. Where float is worse than it should be, so are they, in proportion. */
static void note_steps(const Side *s, const char *name, const Quantity *predicted, int steps, double deviation)
{
    double precision = steps <= 100 ? STEP_PRECISION : 10 * STEP_PRECISION;
    double allowed = precision * fmax(1, quantity_rounding(predicted) / REFERENCE_PRECISION);
    bool same_bits = s->comparison->lanes <= 1 && !s->comparison->blas;
    note(s, name, deviation, same_bits ? 0 : allowed);
}

static void compare_step(const Side *s, const Quantity *expected)
{
    Quantity predicted = predicted_as(s, s->output, expected);
    note_steps(s, "step against predict", &predicted, s->generated->input_shape[0], step_deviation(s, &predicted));
}

/* The lengths of the first row, as the decoder has them: what its own input's leave out has no meaning step by step. */
static const int32_t *decoder_lengths(const Side *s)
{
    bool are_its_own = model_input_with_lengths(s->model) == s->comparison->decoder->input;
    return are_its_own ? NULL : s->draw->calls[DRAW_PREDICTION].lengths;
}

/* Of the first row: all steps of the output, by a decoder that reads the decoder's input. */
static double decoder_deviation(const Side *s, const Quantity *expected)
{
    const struct lstmc_model *g = s->generated;
    const struct lstmc_decoder *d = s->comparison->decoder;
    const float *x = row_of_input(s, 0), *step = x + g->inputs[d->input].offset;
    float *y = arena_array(s->arena, float, g->output_count + 1);
    void *memory = poisoned(d->memory_bytes), *state = poisoned(d->state_bytes);
    void *encode_scratch = poisoned(d->encode_scratch_bytes), *decode_scratch = poisoned(d->decode_scratch_bytes);
    d->encode(s->packed, encode_scratch, x, decoder_lengths(s), memory);
    d->decode_reset(s->packed, memory, state);
    int written = 0;
    for (int t = 0; t < d->steps; t++)
        written += d->decode_step(s->packed, memory, decode_scratch, state, step + (size_t)t * d->input_count,
                                  y + (size_t)t * d->output_count);
    lstmc_free(memory);
    lstmc_free(state);
    lstmc_free(encode_scratch);
    lstmc_free(decode_scratch);
    return written == d->steps ? quantity_deviation(expected, y, 0, g->output_count) : INFINITY;
}

static void compare_decoder(const Side *s, const Quantity *expected)
{
    const struct lstmc_model *g = s->generated;
    float *y = arena_array(s->arena, float, g->output_count + 1);
    if (g->has_lengths)
        g->predict_lengths(s->packed, s->scratch, row_of_input(s, 0), decoder_lengths(s), y);
    else
        g->predict(s->packed, s->scratch, row_of_input(s, 0), y);
    Quantity predicted = predicted_as(s, y, expected);
    note_steps(s, "decode_step against predict", &predicted, s->comparison->decoder->steps,
               decoder_deviation(s, &predicted));
}

static void compare_prediction(const Side *s)
{
    const struct lstmc_model *g = s->generated;
    const Quantity *expected = reference_find(&s->draw->reference, DRAW_PREDICTION, "output");
    g->prepare(s->packed, s->draw->weights);
    note(s, "predict_batch", batch_deviation(s, expected), quantity_allowed(expected));
    note(s, "predict", single_deviation(s, expected), quantity_allowed(expected));
    if (g->step)
        compare_step(s, expected);
    if (s->comparison->decoder)
        compare_decoder(s, expected);
}

/* ---- prediction by bf16 weights ---- */

#define BF16_ERROR (1.0f / 256)     /* half of the last of 8 bits */
#define BF16_DRAWS 8
#define BF16_CHANCE 2               /* draws are few, and outputs may be few too */

/* What the interpreter predicts by other weights. */
static const char *predict_by(const Side *s, const float *weights, bool in_float_too, Reference *reference)
{
    *reference = (Reference){ .description = s->draw->reference.description, .rows = s->rows, .weights = weights,
                              .calls = &s->draw->calls[DRAW_PREDICTION], .call_count = 1 };
    const char *why = reference_expect(s->arena, reference);
    return why || !in_float_too ? why : reference_round(reference);
}

/* How far predictions move when each weight moves up or down by the largest error of bf16: more than by errors of all
 * sizes. */
static const char *find_bf16_bound(const Side *s, uint64_t seed, const Quantity *expected, double *bound)
{
    size_t weights = s->model->descriptor.weight_count;
    float *moved = arena_array(s->arena, float, weights + 1);
    double most = 0;
    for (int d = 0; d < BF16_DRAWS; d++) {
        for (size_t i = 0; i < weights; i++) {
            float sign = draw_number(seed, 500 + (uint64_t)d, 0, i, 1) < 0 ? -1 : 1;
            moved[i] = s->draw->weights[i] * (1 + sign * BF16_ERROR);
        }
        Reference reference;
        const char *why = predict_by(s, moved, false, &reference);
        if (why)
            return why;
        for (size_t i = 0; i < expected->count; i++)
            s->output[i] = (float)reference.list[0].expected[i];
        most = fmax(most, quantity_deviation(expected, s->output, 0, expected->count));
    }
    *bound = BF16_CHANCE * most + quantity_allowed(expected);
    return NULL;
}

typedef enum Function { FUNCTION_BATCH, FUNCTION_SINGLE, FUNCTION_STEP, FUNCTION_COUNT } Function;
static const char *const function_names[FUNCTION_COUNT] = { "predict_batch", "predict", "step" };

static double function_deviation(const Side *s, Function function, const Quantity *expected)
{
    switch (function) {
    case FUNCTION_BATCH:  return batch_deviation(s, expected);
    case FUNCTION_SINGLE: return single_deviation(s, expected);
    default:              return step_deviation(s, expected);
    }
}

/* Which weights share a word is each program's own affair, and so is what bf16 loses nothing of. */
static const char *compare_bf16_prediction(const Side *s, uint64_t seed)
{
    const struct lstmc_model *g = s->generated;
    const Programs *programs = s->comparison->programs;
    const Ir *const program_of[FUNCTION_COUNT] = { programs->batch, programs->single, programs->step };
    const Quantity *expected = reference_find(&s->draw->reference, DRAW_PREDICTION, "output");
    size_t count = s->model->descriptor.weight_count;
    double bound = 0;
    const char *why = find_bf16_bound(s, seed, expected, &bound);
    for (int f = 0; f < FUNCTION_COUNT && program_of[f] && !why; f++) {
        float *rounded = arena_array(s->arena, float, count + 1);
        memcpy(rounded, s->draw->weights, count * sizeof *rounded);
        bool exact = round_weights(program_of[f], rounded, count);
        Reference reference;
        why = predict_by(s, rounded, true, &reference);
        g->prepare(s->packed, rounded);
        if (!why)
            note(s, function_names[f], function_deviation(s, (Function)f, reference.list),
                 exact ? quantity_allowed(reference.list) : bound);
    }
    g->prepare(s->packed, s->draw->weights);
    for (int f = 0; f < FUNCTION_COUNT && program_of[f] && !why; f++)
        note(s, arena_format(s->arena, "%s, bf16 for float32", function_names[f]),
             function_deviation(s, (Function)f, expected), bound);
    if (s->comparison->decoder && !why && decoder_lengths(s) == s->draw->calls[DRAW_PREDICTION].lengths)
        note(s, "decode_step, bf16 for float32", decoder_deviation(s, expected), bound);
    return why;
}

/* ---- the whole ---- */

static bool take_memory(Side *s)
{
    const struct lstmc_model *m = &s->model->descriptor, *g = s->generated;
    s->gradients = lstmc_alloc(m->gradient_count * sizeof(float) + 1);
    s->output = poisoned((size_t)s->rows * m->output_count * sizeof(float));
    s->training = poisoned(g->training_bytes);
    s->tape = poisoned(g->tape_bytes);
    s->packed = poisoned(g->packed_bytes);
    s->scratch = poisoned(g->scratch_bytes);
    s->batch_scratch = poisoned(g->batch_scratch_bytes);
    s->state = poisoned(g->state_bytes);
    return s->gradients && s->output && s->training && s->tape && s->packed && s->scratch
        && s->batch_scratch && s->state;
}

static void give_back(const Side *s)
{
    void *const blocks[] = { s->gradients, s->output, s->training, s->tape, s->packed, s->scratch, s->batch_scratch,
                             s->state };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        lstmc_free(blocks[i]);
}

const char *compare_generated(Arena *arena, Description *description, const struct lstmc_model *generated, int rows,
                              uint64_t seed, Comparison *comparison)
{
    Draw draw;
    const char *why = draw_create(arena, description, rows, generated->forward != NULL, seed, &draw);
    Side s = { .arena = arena, .model = description_model(description), .generated = generated, .rows = rows,
               .draw = &draw, .comparison = comparison };
    if (!why && !take_memory(&s))
        why = "no memory for the comparison";
    if (!why && generated->forward)
        compare_training(&s);
    if (!why && comparison->programs && comparison->programs->bf16)
        why = compare_bf16_prediction(&s, seed);
    else if (!why)
        compare_prediction(&s);
    give_back(&s);
    draw_free(&draw);
    return why;
}
