/* draw.c: in: a model and a seed.  out: weights and calls, drawn anew until float can tell something of them. */
#include "draw.h"

#include "runtime/lstmc_random.h"

#include <math.h>
#include <string.h>

#define LARGEST_VALUE 20.0      /* of outputs and states: rounding is not blown up by exponentials of exponentials */
#define KINK          1e-5      /* arguments nearer to a jump of a derivative may lie on its other side in float */
#define ATTEMPTS      20        /* to keep values moderate, each time with smaller weights */
#define MODERATE      5         /* of which so many may have a kink near: in a large model some value always is */

typedef struct Drawer {
    Arena *messages;
    Description *description;
    const Model *model;
    Draw *draw;
    uint64_t seed, attempt;
    int rows;
    bool trains;
} Drawer;

float draw_number(uint64_t seed, uint64_t stream, uint64_t attempt, size_t i, float half_width)
{
    return (2 * lstmc_random_uniform(seed, stream, attempt, i) - 1) * half_width;
}

float draw_middle(const struct lstmc_tensor *weight, size_t i)
{
    return weight->values ? weight->values[i]
         : weight->initializer.kind == LSTMC_CONSTANT ? weight->initializer.a : 0;
}

/* What does not learn may be a variance, which is positive: such a one stays so. */
static float draw_weight(const Drawer *d, int w, size_t i, float width)
{
    const struct lstmc_tensor *tensor = &d->model->descriptor.weights[w];
    float middle = draw_middle(tensor, i), most = fabsf(middle) / 2;
    if (!tensor->trainable && middle != 0 && width > most)
        width = most;
    return middle + draw_number(d->seed, 100 + (uint64_t)w, d->attempt, i, width);
}

static void draw_weights(Drawer *d, float shrink)
{
    const struct lstmc_model *m = &d->model->descriptor;
    for (int w = 0; w < m->weight_tensors; w++) {
        const struct lstmc_tensor *tensor = &m->weights[w];
        float width = shrink * (tensor->rank > 1 ? 1.5f / sqrtf((float)tensor->shape[0]) : 0.5f);
        for (size_t i = 0; i < tensor->count; i++)
            d->draw->weights[tensor->offset + i] = draw_weight(d, w, i, width);
    }
}

static const void *draw_input(const Drawer *d, uint64_t seed)
{
    const struct lstmc_model *m = &d->model->descriptor;
    size_t count = (size_t)d->rows * m->input_count;
    float *x = arena_array(d->draw->arena, float, count + 1);
    int32_t *ids = arena_array(d->draw->arena, int32_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        int vocabulary = lstmc_input_vocabulary(m, i);
        if (vocabulary)
            ids[i] = (int32_t)(lstmc_random_bits(seed, 1, d->attempt, i) % (uint64_t)vocabulary);
        else
            x[i] = draw_number(seed, 1, d->attempt, i, 1);
    }
    if (!m->inputs)
        return m->input_is_tokens ? (const void *)ids : x;
    for (size_t i = 0; i < count; i++)
        if (lstmc_input_vocabulary(m, i))
            memcpy(&x[i], &ids[i], sizeof *x);
    return x;
}

/* As far below 0 and beyond the steps as they may be; of the first row all steps count, which are those of a stream. In
 * the first call the last steps count for nobody. */
static const int32_t *draw_lengths(const Drawer *d, int call, uint64_t seed)
{
    const struct lstmc_model *m = &d->model->descriptor;
    int steps = model_steps_with_lengths(d->model);
    int32_t *lengths = arena_array(d->draw->arena, int32_t, d->rows);
    for (int row = 0; row < d->rows; row++) {
        uint64_t bits = lstmc_random_bits(seed, 5, d->attempt, (uint64_t)row);
        if (call == DRAW_FIRST)
            lengths[row] = (int32_t)(bits % (uint64_t)(steps / 2 + 2)) - 1;
        else
            lengths[row] = row ? (int32_t)(bits % (uint64_t)(steps + 3)) - 1 : steps;
    }
    return m->has_lengths ? lengths : NULL;
}

/* What one output is held against: `count` numbers from `offset` on in the target of a sample. */
typedef struct Target {
    const char *loss;               /* NULL: there is none */
    bool custom, is_class;
    size_t offset, count, last;     /* last: extent of the output's last axis */
    uint64_t stream;
} Target;

static Target target_of(const Model *model, int k)
{
    const struct lstmc_model *m = &model->descriptor;
    if (!model->losses)
        return (Target){ .loss = model->loss, .custom = model->loss_is_custom, .is_class = m->target_is_class,
                         .count = m->target_count, .last = (size_t)m->output_shape[m->output_rank - 1], .stream = 2 };
    const struct lstmc_array *target = &m->targets[k], *output = &m->outputs[k];
    return (Target){ .loss = model->losses[k].name, .custom = model->losses[k].is_custom,
                     .is_class = target->is_integer, .offset = target->offset, .count = target->count,
                     .last = (size_t)output->shape[output->rank - 1], .stream = 20 + (uint64_t)k };
}

static float draw_target_number(const Drawer *d, const Target *of, uint64_t seed, size_t i)
{
    const char *loss = of->loss && !of->custom ? of->loss : "";
    bool probabilities = strstr(loss, "crossentropy") != NULL;
    uint64_t bits = lstmc_random_bits(seed, of->stream, d->attempt, probabilities && of->last > 1 ? i / of->last : i);
    if (probabilities && of->last > 1)
        return bits % of->last == i % of->last ? 1 : 0;
    if (probabilities)
        return (float)(bits & 1);
    if (strstr(loss, "hinge"))      /* -1 or 1, 0 or 1 */
        return (float)(bits % 3) - 1;
    if (of->custom || !strcmp(loss, "poisson") || !strcmp(loss, "kl_divergence"))
        /* of a custom one that it has a logarithm is not known */
        return lstmc_random_uniform(seed, of->stream, d->attempt, i);
    return draw_number(seed, of->stream, d->attempt, i, 1);
}

/* Floats and classes, four bytes each. */
static const void *draw_target(const Drawer *d, uint64_t seed)
{
    const struct lstmc_model *m = &d->model->descriptor;
    char *rows = arena_array(d->draw->arena, char, ((int)m->target_count * d->rows + 1) * (int)sizeof(float));
    int parts = d->model->losses ? d->model->output_count : 1;
    for (int k = 0; k < parts; k++) {
        Target of = target_of(d->model, k);
        for (size_t i = 0; i < (size_t)d->rows * of.count; i++) {
            size_t element = i / of.count * m->target_count + of.offset + i % of.count;
            int32_t class_of_place = (int32_t)(lstmc_random_bits(seed, of.stream, d->attempt, i) % of.last);
            float number = of.is_class ? 0 : draw_target_number(d, &of, seed, i);
            memcpy(rows + element * sizeof number, of.is_class ? (void *)&class_of_place : &number, sizeof number);
        }
    }
    return rows;
}

static float *draw_numbers(const Drawer *d, uint64_t seed, uint64_t stream, size_t count, float middle,
                           float half_width)
{
    float *numbers = arena_array(d->draw->arena, float, count + 1);
    for (size_t i = 0; i < count; i++)
        numbers[i] = middle + draw_number(seed, stream, d->attempt, i, half_width);
    return numbers;
}

static void draw_calls(Drawer *d)
{
    for (int c = 0; c < DRAW_PREDICTION; c++) {
        uint64_t seed = d->seed + (uint64_t)c;
        d->draw->calls[c] = (ReferenceCall){
            .x = draw_input(d, seed), .lengths = draw_lengths(d, c, seed), .seed = d->seed,
            .carries = c > 0, .trains = d->trains,
            .target = draw_target(d, seed),
            .sample_weight = draw_numbers(d, seed, 3, (size_t)d->rows * lstmc_weights_per_sample(&d->model->descriptor),
                                          1, 0.5f),
            .d_output = draw_numbers(d, seed, 4, (size_t)d->rows * d->model->descriptor.output_count, 0, 1),
        };
    }
    d->draw->calls[DRAW_PREDICTION] = (ReferenceCall){ .x = d->draw->calls[DRAW_SECOND].x,
                                                          .lengths = d->draw->calls[DRAW_SECOND].lengths };
}

static const char *attempt(Drawer *d, uint64_t number, float shrink)
{
    Draw *draw = d->draw;
    draw_free(draw);
    draw->arena = arena_create();
    draw->weights = arena_array(draw->arena, float, d->model->descriptor.weight_count + 1);
    draw->reference = (Reference){ .description = d->description, .rows = d->rows, .call_count = DRAW_CALLS,
                                   .weights = draw->weights, .calls = draw->calls };
    d->attempt = number;
    draw_weights(d, shrink);
    draw_calls(d);
    const char *why = reference_expect(draw->arena, &draw->reference);
    return why ? arena_copy_text(d->messages, why) : NULL;
}

/* Outputs and states, that is; a NaN is not. */
static bool is_moderate(const Reference *reference)
{
    for (int i = 0; i < reference->count; i++) {
        const Quantity *q = &reference->list[i];
        bool is_value = strcmp(q->name, "loss") && strncmp(q->name, "loss of ", 8) && strncmp(q->name, "gradient ", 9);
        if (is_value && !(q->largest < LARGEST_VALUE))
            return false;
    }
    return true;
}

/* The first draw that keeps values moderate and kinks away, or the moderate one whose kink is farthest, or the one of
 * the smallest weights. */
static const char *draw_moderate(Drawer *d, float *shrink)
{
    double farthest = -1;
    uint64_t best = 0;
    float best_shrink = *shrink;
    const char *why = NULL;
    for (uint64_t number = 0, moderate = 0; number < ATTEMPTS && moderate < MODERATE && !why; number++) {
        why = attempt(d, number, *shrink);
        double distance = d->draw->reference.kink_distance;
        bool good = !why && is_moderate(&d->draw->reference);
        if (good && distance > KINK)
            return NULL;
        moderate += good;
        if (good ? distance > farthest : farthest < 0) {
            farthest = good ? distance : -1;
            best = number;
            best_shrink = *shrink;
        }
        *shrink *= good ? 1 : 0.8f;
    }
    *shrink = best_shrink;
    return why ? why : attempt(d, best, best_shrink);
}

const char draw_without_numbers[] = "random weights, however small, lead to numbers that float does not have";

const char *draw_create(Arena *arena, Description *description, int rows, bool trains, uint64_t seed, Draw *draw)
{
    Drawer d = { .messages = arena, .description = description, .model = description_model(description), .draw = draw,
                 .seed = seed, .rows = rows, .trains = trains };
    *draw = (Draw){ .arena = NULL };
    float shrink = 1;
    for (int tries = 0; tries < ATTEMPTS; tries++, shrink *= 0.5f) {
        const char *why = draw_moderate(&d, &shrink);
        if (!why)
            why = reference_round(&draw->reference);
        if (why || reference_is_finite(&draw->reference))
            return why;
    }
    return draw_without_numbers;
}

void draw_free(Draw *draw)
{
    arena_free(draw->arena);
    *draw = (Draw){ .arena = NULL };
}
