/* exercise.c: every function of every model of models.h, by way of the descriptor, with all numbers printed as a hash: the same text whatever
 * the compiler, its flags and the kind of memory. Exit status 1 and a line for each promise of the headers that is broken.
 * -DSPLIT_SUMS, for targets with vectors: sums may be split over lanes, so that the numbers themselves are printed, and what else is equal to the
 * bit is equal up to AGREEMENT (1e-6) of the largest.
 *
 * Every block of memory is of exactly the size that was promised and full of 0xff (NaN, as a float) at first.
 *     exercise malloc     blocks from malloc, for sanitizers
 *     exercise after      each block ends at a page that must not be touched
 *     exercise before     each block begins behind such a page; the last two also write-protect what a function may only read */
#define _DEFAULT_SOURCE 1       /* MAP_ANONYMOUS, also under -std=c11 */
#include "models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- memory ---- */

#ifndef AGREEMENT
#define AGREEMENT 1e-6f
#endif

#define PAGE ((size_t)4096)

static enum { FROM_MALLOC, PAGE_AFTER, PAGE_BEFORE } place;

typedef struct Block {
    void *memory;
    size_t bytes;
} Block;

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

static Block take(size_t bytes)
{
    Block block = { NULL, bytes };
    if (place == FROM_MALLOC) {
        block.memory = malloc(bytes ? bytes : 1);
    } else {
        size_t pages = whole_pages(bytes);
        char *start = mmap(NULL, pages + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if ((void *)start != MAP_FAILED) {
            mprotect(start, PAGE, PROT_NONE);
            mprotect(start + PAGE + pages, PAGE, PROT_NONE);
            block.memory = start + PAGE + (place == PAGE_AFTER ? pages - bytes : 0);
        }
    }
    if (!block.memory) {
        puts("no memory");
        exit(2);
    }
#ifndef UNINITIALISED       /* MemorySanitizer knows better what nobody has written */
    memset(block.memory, 0xff, bytes);
#endif
    return block;
}

static void *mapping_of(Block block)
{
    return (char *)block.memory - (place == PAGE_AFTER ? whole_pages(block.bytes) - block.bytes : 0);
}

static void give_back(Block block)
{
    if (place == FROM_MALLOC)
        free(block.memory);
    else
        munmap((char *)mapping_of(block) - PAGE, whole_pages(block.bytes) + 2 * PAGE);
}

static void protect(Block block, int how)
{
    if (place != FROM_MALLOC && block.bytes)
        mprotect(mapping_of(block), whole_pages(block.bytes), how);
}

static void seal(Block block)
{
    protect(block, PROT_READ);
}

static void unseal(Block block)
{
    protect(block, PROT_READ | PROT_WRITE);
}

/* ---- numbers ---- */

static int broken;

static void promise(int kept, const struct lstmc_model *m, const char *what)
{
    if (!kept) {
        printf("%s: broken: %s\n", m->name, what);
        broken = 1;
    }
}

static uint64_t hash_of(const void *data, size_t bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void report(const struct lstmc_model *m, const char *what, int rows, const float *data, size_t count)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++)
        finite &= isfinite(data[i]) != 0;
    promise(finite, m, what);
#ifdef SPLIT_SUMS
    printf("%s %s %d:", m->name, what, rows);
    for (size_t i = 0; i < count; i++)
        printf(" %.9g", (double)data[i]);
    printf("\n");
#else
    printf("%s %s %d: %016llx %.6g\n", m->name, what, rows, (unsigned long long)hash_of(data, count * sizeof(float)),
           count ? (double)data[0] : 0.0);
#endif
}

static int agree(const void *a, const void *b, size_t bytes)
{
#ifdef SPLIT_SUMS
    const float *left = a, *right = b;
    float largest = 0;
    for (size_t i = 0; i < bytes / sizeof(float); i++)
        largest = fmaxf(largest, fabsf(right[i]));
    for (size_t i = 0; i < bytes / sizeof(float); i++)
        if (!(fabsf(left[i] - right[i]) <= AGREEMENT * largest))
            return 0;
    return 1;
#else
    return !memcmp(a, b, bytes);
#endif
}

static int same(Block a, Block b)
{
    return a.bytes == b.bytes && !memcmp(a.memory, b.memory, a.bytes);
}

static uint32_t turns;

static float draw(void)         /* [-1, 1) */
{
    turns = turns * UINT32_C(1664525) + UINT32_C(1013904223);
    return (float)(turns >> 8) / 8388608.0f - 1.0f;
}

/* Multiples of 2^-10: this program's own arithmetic is exact, whatever the compiler makes of it. */
static Block random_floats(size_t count, float least, float most)
{
    Block block = take(count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        ((float *)block.memory)[i] = roundf((least + (most - least) * 0.5f * (draw() + 1.0f)) * 1024) / 1024;
    return block;
}

static Block random_ids(size_t count, int limit)
{
    Block block = take(count * sizeof(int32_t));
    for (size_t i = 0; i < count; i++)
        ((int32_t *)block.memory)[i] = (int32_t)(0.5f * (draw() + 1.0f) * (float)limit);
    return block;
}

static Block random_input(const struct lstmc_model *m, int rows)
{
    size_t count = (size_t)rows * m->input_count;
    return m->input_is_tokens ? random_ids(count, m->vocabulary) : random_floats(count, -1.5f, 1.5f);
}

static Block random_target(const struct lstmc_model *m, int rows)
{
    size_t count = (size_t)rows * m->target_count;
    return m->target_is_class ? random_ids(count, m->output_shape[m->output_rank - 1]) : random_floats(count, 0.0f, 1.0f);
}

/* Elements of x and y are four bytes wide. */
static const void *element(Block block, size_t index)
{
    return (const char *)block.memory + 4 * index;
}

/* ---- prediction ---- */

static void predict_rows(const struct lstmc_model *m, Block packed, Block x, int rows, Block y)
{
    Block scratch = take(m->scratch_bytes), one = take(m->output_count * sizeof(float));
    for (int row = 0; row < rows; row++) {
        Block sample = take(m->input_count * 4);
        memcpy(sample.memory, element(x, (size_t)row * m->input_count), sample.bytes);
        seal(sample);
        m->predict(packed.memory, scratch.memory, sample.memory, one.memory);
        memcpy((float *)y.memory + (size_t)row * m->output_count, one.memory, one.bytes);
        give_back(sample);
    }
    give_back(scratch);
    give_back(one);
}

/* All time steps one by one; the last output, or each of them. */
static void step_through(const struct lstmc_model *m, Block packed, Block x, Block predicted)
{
    int steps = m->input_shape[0], sequence = m->output_rank > 1;
    size_t inputs = m->input_count / (size_t)steps, outputs = m->output_count / (size_t)(sequence ? steps : 1);
    Block state = take(m->state_bytes), y = take(outputs * sizeof(float));
    m->reset(packed.memory, state.memory);
    for (int t = 0; t < steps; t++) {
        Block now = take(inputs * 4);
        memcpy(now.memory, element(x, (size_t)t * inputs), now.bytes);
        seal(now);
        memset(y.memory, 0xff, y.bytes);
        promise(m->step(packed.memory, state.memory, now.memory, y.memory) == 1, m, "a step writes y");
        if (sequence || t == steps - 1)
            promise(agree(y.memory, element(predicted, sequence ? (size_t)t * outputs : 0), y.bytes), m, "steps equal predict");
        give_back(now);
    }
    give_back(state);
    give_back(y);
}

static Block prepare(const struct lstmc_model *m, Block weights)
{
    Block packed = take(m->packed_bytes);
    m->prepare(packed.memory, weights.memory);
    seal(packed);
    return packed;
}

static void exercise_prediction(const struct lstmc_model *m, Block weights)
{
    Block packed = prepare(m, weights);
    for (int rows = 1; rows <= m->batch; rows++) {
        Block x = random_input(m, rows), scratch = take(m->batch_scratch_bytes);
        Block y = take((size_t)rows * m->output_count * sizeof(float)), each = take(y.bytes);
        seal(x);
        predict_rows(m, packed, x, rows, each);
        m->predict_batch(packed.memory, scratch.memory, x.memory, rows, y.memory);
        report(m, "predict_batch", rows, y.memory, y.bytes / sizeof(float));
        promise(agree(y.memory, each.memory, y.bytes), m, "predict_batch equals predict");
        if (m->step && rows == 1)
            step_through(m, packed, x, y);
        give_back(x);
        give_back(scratch);
        give_back(y);
        give_back(each);
    }
    give_back(packed);
}

/* ---- what comes from outside ---- */

static void exercise_strange_inputs(const struct lstmc_model *m, Block weights)
{
    Block packed = prepare(m, weights), x = random_input(m, 1), scratch = take(m->scratch_bytes);
    Block y = take(m->output_count * sizeof(float)), zero = take(y.bytes);
    if (m->input_is_tokens) {
        const int32_t strange[] = { INT32_MIN, -1, m->vocabulary, INT32_MAX };
        int32_t *id = (int32_t *)x.memory + m->input_count / 2;
        *id = 0;
        m->predict(packed.memory, scratch.memory, x.memory, zero.memory);
        for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
            *id = strange[i];
            m->predict(packed.memory, scratch.memory, x.memory, y.memory);
            promise(same(y, zero), m, "an id out of range is read as 0");
        }
    } else {
        ((float *)x.memory)[m->input_count / 2] = NAN;
        m->predict(packed.memory, scratch.memory, x.memory, y.memory);
        int any = 0;
        for (size_t i = 0; i < m->output_count; i++)
            any |= isnan(((float *)y.memory)[i]) != 0;
        promise(any, m, "a NaN in is a NaN out");
    }
    give_back(packed);
    give_back(x);
    give_back(scratch);
    give_back(y);
    give_back(zero);
}

/* ---- training ---- */

typedef struct Trainer {
    const struct lstmc_model *m;
    Block weights, training, tape, x;
    int rows;
} Trainer;

static Trainer start(const struct lstmc_model *m, Block weights, int rows)
{
    Trainer t = { m, weights, take(m->training_bytes), take(m->tape_bytes), random_input(m, rows), rows };
    const int first_row = 3;
    m->prepare_training(t.training.memory, weights.memory);
    seal(t.training);
    seal(t.x);
    m->reset_tape(t.training.memory, t.tape.memory);
    memcpy((char *)t.tape.memory + m->first_row_offset, &first_row, sizeof first_row);
    return t;
}

static void finish(Trainer t)
{
    give_back(t.training);
    give_back(t.tape);
    give_back(t.x);
}

static void forward(Trainer t, uint64_t seed)
{
    t.m->forward(t.training.memory, t.tape.memory, t.x.memory, t.rows, seed);
}

static float *output_of(Trainer t)
{
    return (float *)(void *)((char *)t.tape.memory + t.m->output_offset);
}

static float *d_output_of(Trainer t)
{
    return (float *)(void *)((char *)t.tape.memory + t.m->d_output_offset);
}

static Block zeros(size_t count)
{
    Block block = take(count * sizeof(float));
    memset(block.memory, 0, block.bytes);
    return block;
}

static float loss_of(Trainer t, Block target, const float *sample_weight)
{
    return t.m->loss_function(t.tape.memory, target.memory, sample_weight, 1.0f / (float)t.rows);
}

static void exercise_training(const struct lstmc_model *m, Block weights, int rows)
{
    Trainer t = start(m, weights, rows);
    Block y = take((size_t)rows * m->output_count * sizeof(float)), scratch = take(m->batch_scratch_bytes), packed = prepare(m, weights);
    Block target = random_target(m, rows), sample_weight = random_floats((size_t)rows, 0.5f, 2.0f), gradients = zeros(m->gradient_count);
    seal(target);
    seal(sample_weight);
    forward(t, 0);
    m->predict_batch(packed.memory, scratch.memory, t.x.memory, rows, y.memory);
    promise(agree(output_of(t), y.memory, y.bytes), m, "forward without dropout equals predict_batch");
    for (int turn = 0; turn < 2; turn++) {
        forward(t, 11);
        report(m, "forward", rows, output_of(t), y.bytes / sizeof(float));
        if (m->loss_function) {
            float loss = loss_of(t, target, turn ? sample_weight.memory : NULL);
            report(m, "loss", rows, &loss, 1);
        } else {
            memset(d_output_of(t), 0x3c, y.bytes);
        }
        m->backward(t.training.memory, t.tape.memory, gradients.memory);
        report(m, "gradients", rows, gradients.memory, m->gradient_count);
        m->carry(t.tape.memory);
    }
    finish(t);
    give_back(y);
    give_back(scratch);
    give_back(packed);
    give_back(target);
    give_back(sample_weight);
    give_back(gradients);
}

/* Classes out of range give what class 0 gives. */
static void exercise_strange_classes(const struct lstmc_model *m, Block weights)
{
    const int32_t strange[] = { 0, INT32_MIN, -1, m->output_shape[m->output_rank - 1], INT32_MAX };
    uint64_t hashes[5];
    uint32_t began = turns;
    for (int i = 0; i < 5; i++) {
        turns = began;
        Trainer t = start(m, weights, m->batch);
        Block target = random_target(m, m->batch), gradients = zeros(m->gradient_count);
        ((int32_t *)target.memory)[target.bytes / 8] = strange[i];
        forward(t, 5);
        float loss = loss_of(t, target, NULL);
        m->backward(t.training.memory, t.tape.memory, gradients.memory);
        hashes[i] = hash_of(gradients.memory, gradients.bytes) ^ hash_of(&loss, sizeof loss);
        promise(hashes[i] == hashes[0], m, "a class out of range is read as 0");
        finish(t);
        give_back(target);
        give_back(gradients);
    }
}

/* ---- a loss of one's own: sum of c * y with random c, alone or beside the model's ---- */

static double own_loss(Trainer t, const float *c)
{
    double sum = 0;
    forward(t, 0);
    for (size_t i = 0; i < (size_t)t.rows * t.m->output_count; i++)
        sum += (double)c[i] * (double)output_of(t)[i];
    return sum;
}

static void add_own(Trainer t, const float *c)
{
    for (size_t i = 0; i < (size_t)t.rows * t.m->output_count; i++)
        d_output_of(t)[i] += c[i];
}

static double slope(Block gradients, Block direction)
{
    double sum = 0;
    for (size_t i = 0; i < gradients.bytes / sizeof(float); i++)
        sum += (double)((float *)gradients.memory)[i] * (double)((float *)direction.memory)[i];
    return sum;
}

/* `which` 1: the model's loss, 2: one's own, 3: both. */
static Block gradients_of(Trainer t, Block target, const float *c, int which)
{
    Block gradients = zeros(t.m->gradient_count);
    forward(t, 0);
    if (which & 1)
        loss_of(t, target, NULL);
    if (which & 2)
        add_own(t, c);
    t.m->backward(t.training.memory, t.tape.memory, gradients.memory);
    return gradients;
}

static void exercise_own_loss(const struct lstmc_model *m, Block weights)
{
    Trainer t = start(m, weights, m->batch);
    Block c = random_floats((size_t)m->batch * m->output_count, -1, 1), direction = random_floats(m->gradient_count, -1, 1);
    Block target = random_target(m, m->batch), own = gradients_of(t, target, c.memory, 2);
    float *w = weights.memory, *d = direction.memory;
    const float step = 1.0f / 512;
    double values[2];
    unseal(weights);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < m->gradient_count; i++)      /* steps of d are powers of two, so that they can be undone exactly */
            w[i] += (side ? -2.0f : 1.0f) * step * (d[i] = d[i] < 0 ? -1.0f : 1.0f);
        unseal(t.training);
        m->prepare_training(t.training.memory, w);
        seal(t.training);
        values[side] = own_loss(t, c.memory);
    }
    for (size_t i = 0; i < m->gradient_count; i++)
        w[i] += step * d[i];
    seal(weights);
    double difference = (values[0] - values[1]) / (2 * (double)step), derived = slope(own, direction);
    if (!(fabs(difference - derived) <= 0.03 * (1 + fabs(derived)))) {
        promise(0, m, "the gradient of a loss written to d_output");
        printf("differences %g, derived %g\n", difference, derived);
    }
    unseal(t.training);
    m->prepare_training(t.training.memory, w);
    seal(t.training);
    if (m->loss_function) {
        double slopes[4] = { 0 };
        for (int which = 1; which <= 3; which++) {
            Block gradients = gradients_of(t, target, c.memory, which);
            slopes[which] = slope(gradients, direction);
            give_back(gradients);
        }
        double sum = slopes[1] + slopes[2];
        promise(fabs(slopes[3] - sum) <= 1e-3 * (1 + fabs(sum)), m, "a loss beside the model's adds up");
    }
    finish(t);
    give_back(c);
    give_back(direction);
    give_back(target);
    give_back(own);
}

/* ---- all ---- */

static void exercise(const struct lstmc_model *m)
{
    turns = 12345;
    Block weights = random_floats(m->weight_count, -0.7f, 0.7f);
    seal(weights);
    exercise_prediction(m, weights);
    exercise_strange_inputs(m, weights);
    if (m->forward) {
        for (int rows = 1; rows <= m->batch; rows++)
            exercise_training(m, weights, rows);
        if (m->loss_function && m->target_is_class)
            exercise_strange_classes(m, weights);
        exercise_own_loss(m, weights);
    }
    give_back(weights);
}

int main(int count, char **arguments)
{
    const char *kind = count > 1 ? arguments[1] : "malloc";
    place = !strcmp(kind, "after") ? PAGE_AFTER : !strcmp(kind, "before") ? PAGE_BEFORE : FROM_MALLOC;
#define EXERCISE(name) exercise(&name##_model);
    MODELS(EXERCISE)
    return broken;
}
