/* test_prepare_range.c: what an update has changed is prepared range by range: generated code makes of any ranges what it makes of all weights
 * at once, and the trainer's tasks have ranges of whole groups of rows that are all weights together. */
#include "compiled_model.h"

#include "runtime/lstmc_random.h"
#include "runtime/train/stepper.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* ---- generated code ---- */

static void change(float *weights, size_t first, size_t count, uint64_t seed)
{
    for (size_t i = first; i < first + count; i++)
        weights[i] = lstmc_random_uniform(seed, i, 0, 0);
}

static size_t draw(uint64_t seed, uint64_t which, size_t count)
{
    return (size_t)(lstmc_random_bits(seed, which, 0, 0) % count);
}

/* After each change of a random range, and one up to the end: the bytes of the whole struct. */
static void expect_same_bytes(const struct lstmc_model *m, const char *what)
{
    float *weights = lstmc_alloc(m->weight_count * sizeof(float));
    void *whole = lstmc_alloc(m->training_bytes), *ranges = lstmc_alloc(m->training_bytes);
    cr_assert(weights && whole && ranges);
    change(weights, 0, m->weight_count, 1);
    m->prepare_training(ranges, weights);
    for (uint64_t seed = 2; seed < 200; seed++) {
        size_t first = draw(seed, 1, m->weight_count), left = m->weight_count - first;
        size_t count = seed % 3 == 0 ? left : 1 + draw(seed, 2, seed % 3 == 1 ? left : left < 40 ? left : 40);
        change(weights, first, count, seed);
        m->prepare_range(ranges, weights, first, count);
        m->prepare_training(whole, weights);
        cr_assert(!memcmp(ranges, whole, m->training_bytes), "%s: floats %zu to %zu of %zu", what, first, first + count - 1, m->weight_count);
    }
    lstmc_free(weights);
    lstmc_free(whole);
    lstmc_free(ranges);
}

static void compare(const char *layers, int lanes, bool has_ranges)
{
    char text[400];
    struct compiled_model c;
    CompileOptions options = { .target = target_with_lanes(target_find(lanes > 1 ? "vector" : "plain"), lanes) };
    snprintf(text, sizeof text, "return Sequential{ %s, batch_size = 4, shards = 1 }", layers);
    compiled_model_create_with(&c, text, "-O1 -march=native", &options);
    cr_expect_eq(c.model->prepare_range != NULL, has_ranges, "%s, %d lanes", text, lanes);
    if (c.model->prepare_range)
        expect_same_bytes(c.model, text);
    compiled_model_free(&c);
}

/* Matrices of more and of fewer rows than a group, whole and broken last groups, biases of one row and of two, one column. */
Test(prepare_range, any_ranges_make_what_all_weights_make)
{
    for (int lanes = 4; lanes <= 16; lanes *= 2) {
        compare("Input{4, 5}, LSTM{37, return_sequences = true}, GRU{20, reset_after = true}, Dense{1}, loss = 'mse'", lanes, true);
        compare("Input{4, 33}, GRU{16, reset_after = false, return_sequences = true}, SimpleRNN{48}, Dense{3}, loss = 'mse'", lanes, true);
        compare("Input{6, 17}, Conv1D{12, 3}, Bidirectional{LSTM{18, trainable = false}}, Dense{2}, loss = 'mse'", lanes, true);
    }
}

/* Plain loops copy nothing. */
Test(prepare_range, where_there_are_no_copies_there_are_no_ranges)
{
    compare("Input{4, 5}, LSTM{20}, Dense{2}, loss = 'mse'", 1, false);
}

/* ---- the trainer ---- */

enum { TENSORS = 6, FLOATS = 40000 };

struct noted {
    unsigned char times[FLOATS];
    size_t ranges;
    const struct lstmc_model *model;
};

static int begins_group(const struct lstmc_model *model, size_t place)
{
    for (int i = 0; i < model->weight_tensors; i++) {
        const struct lstmc_tensor *t = &model->weights[i];
        size_t rows = t->rank > 1 ? (size_t)t->shape[0] : 1, group = rows > LSTMC_RANGE_ROWS ? t->count / rows * LSTMC_RANGE_ROWS : t->count;
        if (place >= t->offset && place < t->offset + t->count)
            return (place - t->offset) % group == 0;
    }
    return place == model->gradient_count;
}

static void note_range(void *context, const float *weights, size_t first, size_t count)
{
    struct noted *noted = context;
    (void)weights;
    cr_assert(count > 0 && first + count <= noted->model->gradient_count);
    cr_expect(begins_group(noted->model, first) && begins_group(noted->model, first + count), "floats %zu to %zu", first, first + count - 1);
    noted->ranges++;
    for (size_t i = first; i < first + count; i++)
        noted->times[i]++;
}

/* Each weight has a gradient. */
static void step(struct lstmc_stepper *stepper, uint64_t iteration)
{
    float penalty;
    for (size_t i = 0; i < stepper->step.model->gradient_count; i++)
        stepper->step.gradients[i] = 1;
    cr_assert(lstmc_stepper_prepare(stepper, &penalty) && lstmc_stepper_update(stepper, iteration, 0));
}

/* Rows that no block ends with, a bias larger than a block, a matrix of few long rows. */
Test(prepare_range, tasks_have_whole_groups)
{
    static const int shapes[TENSORS][2] = { { 100, 148 }, { 3000, 0 }, { 5, 900 }, { 37, 1 }, { 16, 333 }, { 40, 200 } };
    struct lstmc_tensor tensors[TENSORS];
    struct lstmc_model model = { .name = "m", .weights = tensors, .weight_tensors = TENSORS, .optimizer = { .kind = LSTMC_SGD, .learning_rate = 0.1f } };
    for (int i = 0; i < TENSORS; i++) {
        int rank = shapes[i][1] ? 2 : 1;
        tensors[i] = (struct lstmc_tensor){ .name = "w", .rank = rank, .shape = { shapes[i][0], shapes[i][1] }, .offset = model.gradient_count,
                                            .count = (size_t)shapes[i][0] * (size_t)(rank > 1 ? shapes[i][1] : 1), .trainable = 1 };
        model.weight_count = model.gradient_count += tensors[i].count;
    }
    static struct noted noted;
    noted = (struct noted){ .model = &model };
    cr_assert(model.gradient_count <= FLOATS && model.gradient_count > FLOATS / 2);
    struct lstmc_engine engine = { .model = &model, .context = &noted, .prepare_range = note_range };
    struct lstmc_stepper stepper;
    float *w = lstmc_alloc(FLOATS * sizeof(float)), *g = lstmc_alloc(FLOATS * sizeof(float));
    float *state = lstmc_alloc(lstmc_optimizer_floats(&model) * sizeof(float));
    cr_assert_eq(lstmc_stepper_create(&stepper, &engine, w, g, state, NULL), 0);
    step(&stepper, 1);
    cr_expect_eq(noted.ranges, 0, "nobody has asked for ranges");
    stepper.prepares = 1;
    step(&stepper, 2);
    for (size_t i = 0; i < model.gradient_count; i++)
        cr_assert_eq(noted.times[i], 1, "float %zu is prepared %d times", i, noted.times[i]);
    cr_expect(noted.ranges >= 10, "%zu ranges: not while a piece is in the cache", noted.ranges);
    lstmc_stepper_free(&stepper);
    lstmc_free(w);
    lstmc_free(g);
    lstmc_free(state);
}
