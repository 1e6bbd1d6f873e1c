/* stepper.c: in: an engine and the gradients of a batch.  out: one optimiser step, its blocks dealt out to the engine's
 * threads. */
#include "stepper.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TASKS \
    ((int)(sizeof((struct lstmc_stepper *)0)->spoilt / \
           sizeof(int))) /* more than threads: whoever is held up is not waited for */
#define SMALL ((size_t)32768)       /* weights whose update costs less than a meeting of threads */

int lstmc_stepper_create(struct lstmc_stepper *stepper, const struct lstmc_engine *engine, float *weights,
                         float *gradients, float *state, struct lstmc_ranks *ranks)
{
    const struct lstmc_model *model = engine->model;
    *stepper = (struct lstmc_stepper){
        .engine = engine,
        .ranks = ranks,
        .block_count = lstmc_blocks_count(model),
        .end = ranks ? ranks->first_float[ranks->rank + 1] : model->gradient_count,
        .first = ranks ? ranks->first_float[ranks->rank] : 0,
        .step = { .model = model, .weights = weights, .gradients = gradients, .state = state }
    };
    stepper->first_block = ranks ? ranks->first_block[ranks->rank] : 0;
    stepper->end_block = ranks ? ranks->first_block[ranks->rank + 1] : stepper->block_count;
    stepper->step.state_first = stepper->first;
    stepper->step.state_count = stepper->end - stepper->first;
    stepper->blocks = calloc(stepper->block_count + 1, sizeof *stepper->blocks);
    if (!stepper->blocks)
        return LSTMC_NO_MEMORY;
    lstmc_blocks_fill(model, stepper->blocks);
    for (size_t i = stepper->first_block; i < stepper->end_block; i++)
        stepper->blocks[i].rests = lstmc_block_is_new(&stepper->step, &stepper->blocks[i]);
    return LSTMC_OK;
}

void lstmc_stepper_free(struct lstmc_stepper *stepper)
{
    free(stepper->blocks);
    stepper->blocks = NULL;
}

static int task_count(const struct lstmc_stepper *stepper)
{
    return stepper->end - stepper->first < SMALL ? 1 : TASKS;
}

static size_t first_block(const struct lstmc_stepper *stepper, int task)
{
    const size_t count = stepper->end_block - stepper->first_block;
    return stepper->first_block + count * (size_t)task / (size_t)task_count(stepper);
}

static void run_tasks(struct lstmc_stepper *stepper, void (*task)(void *context, int index))
{
    const struct lstmc_engine *engine = stepper->engine;
    if (engine->run) {
        engine->run(engine->context, task_count(stepper), task, stepper);
        return;
    }
    for (int index = 0; index < task_count(stepper); index++)
        task(stepper, index);
}

static void prepare_blocks(void *context, int task)
{
    struct lstmc_stepper *stepper = context;
    for (size_t i = first_block(stepper, task); i < first_block(stepper, task + 1); i++)
        lstmc_block_prepare(&stepper->step, &stepper->blocks[i]);
}

/* Of the blocks of other ranks: what the factor of all gradients and the penalty are made of. */
static void share_sums(struct lstmc_stepper *stepper)
{
    struct { double squares, penalty; } *sums = lstmc_alloc((stepper->block_count + 1) * sizeof *sums);
    if (!sums) {
        stepper->ranks->failed = 1;
        return;
    }
    for (size_t i = stepper->first_block; i < stepper->end_block; i++) {
        sums[i].squares = stepper->blocks[i].squares;
        sums[i].penalty = stepper->blocks[i].penalty;
    }
    lstmc_ranks_gather_blocks(stepper->ranks, sums, sizeof *sums);
    for (size_t i = 0; i < stepper->block_count; i++) {
        stepper->blocks[i].squares = sums[i].squares;
        stepper->blocks[i].penalty = sums[i].penalty;
    }
    lstmc_free(sums);
}

int lstmc_stepper_prepare(struct lstmc_stepper *stepper, float *penalty)
{
    run_tasks(stepper, prepare_blocks);
    if (stepper->ranks && stepper->ranks->ranks > 1 && lstmc_blocks_need_sums(stepper->step.model))
        share_sums(stepper);
    *penalty = lstmc_blocks_penalty(stepper->blocks, stepper->block_count);
    return isfinite(lstmc_blocks_combine(&stepper->step, stepper->blocks, stepper->block_count)) != 0;
}

/* Floats that are prepared together: LSTMC_RANGE_ROWS rows of a matrix, or all of another weight. */
static size_t floats_of_group(const struct lstmc_tensor *tensor)
{
    size_t rows = tensor->rank > 1 ? (size_t)tensor->shape[0] : 1;
    return rows > LSTMC_RANGE_ROWS ? tensor->count / rows * LSTMC_RANGE_ROWS : tensor->count;
}

/* The last place up to this one, in the weight or at its end, where a group ends. */
static size_t end_of_groups(const struct lstmc_stepper *stepper, const struct lstmc_tensor *tensor, size_t place)
{
    size_t count = place - tensor->offset, group = stepper->prepares ? floats_of_group(tensor) : 1;
    return count == tensor->count ? place : tensor->offset + count / group * group;
}

/* The block that the float is in. */
static size_t block_at(const struct lstmc_stepper *stepper, size_t place)
{
    size_t first = 0, end = stepper->block_count;
    while (end - first > 1) {
        size_t middle = first + (end - first) / 2;
        if (stepper->blocks[middle].offset <= place)
            first = middle;
        else
            end = middle;
    }
    return first;
}

/* Where the floats of a task begin: it has whole groups. */
static size_t first_float(const struct lstmc_stepper *stepper, int task)
{
    const size_t count = stepper->end - stepper->first;
    const int tasks = task_count(stepper);
    if (task == tasks || !count)
        return stepper->end;
    if (!task)
        return stepper->first;
    size_t place = stepper->first + count / (size_t)tasks * (size_t)task;
    return end_of_groups(stepper, stepper->blocks[block_at(stepper, place)].tensor, place);
}

/* What is done to a piece while it is in the cache: the update, zeros in place of its gradient, and what the engine
 * makes of the groups that are complete. */
static void update_blocks(void *context, int task)
{
    struct lstmc_stepper *stepper = context;
    const struct lstmc_engine *engine = stepper->engine;
    const size_t end = first_float(stepper, task + 1);
    size_t place = first_float(stepper, task), prepared = place;
    int is_finite = 1, changed = 0;
    for (size_t i = block_at(stepper, place); place < end; i++) {
        struct lstmc_block piece = stepper->blocks[i];
        const size_t end_of_block = piece.offset + piece.count;
        piece.offset = place;
        piece.count = (end_of_block < end ? end_of_block : end) - place;
        place += piece.count;
        const int moves = lstmc_block_moves(&stepper->step, &piece);
        if (moves) {
            is_finite &= lstmc_block_update(&stepper->step, &piece);
            memset(stepper->step.gradients + piece.offset, 0, piece.count * sizeof(float));
        }
        changed |= moves;
        const size_t ready = end_of_groups(stepper, piece.tensor, place);
        if (ready == prepared)
            continue;
        if (stepper->prepares && changed)
            engine->prepare_range(engine->context, stepper->step.weights, prepared, ready - prepared);
        changed = place > ready && moves;
        prepared = ready;
    }
    stepper->spoilt[task] = !is_finite;
}

int lstmc_stepper_update(struct lstmc_stepper *stepper, uint64_t iteration, float learning_rate)
{
    int spoilt = 0;
    lstmc_step_begin(&stepper->step, iteration, learning_rate);
    run_tasks(stepper, update_blocks);
    for (int task = 0; task < task_count(stepper); task++)
        spoilt |= stepper->spoilt[task];
    return !spoilt;
}

/* Whole groups of what all ranks have updated. */
static void renew_blocks(void *context, int task)
{
    const struct lstmc_stepper *stepper = context;
    const struct lstmc_engine *engine = stepper->engine;
    const size_t first = first_float(stepper, task), end = first_float(stepper, task + 1);
    if (end > first)
        engine->prepare_range(engine->context, stepper->step.weights, first, end - first);
}

void lstmc_stepper_renew(struct lstmc_stepper *stepper)
{
    const struct lstmc_engine *engine = stepper->engine;
    if (!engine->prepare_range || engine->update) {     /* what is no weight may have changed too */
        engine->prepare(engine->context, stepper->step.weights);
        return;
    }
    struct lstmc_stepper whole = *stepper;
    whole.first = 0;
    whole.end = stepper->step.model->gradient_count;
    whole.prepares = 1;
    run_tasks(&whole, renew_blocks);
}

/* A norm may go through all of a weight, so that a weight is one thread's. */
static void constrain_weights(void *context, int task)
{
    const struct lstmc_stepper *stepper = context;
    const struct lstmc_model *model = stepper->step.model;
    for (int i = task; i < model->weight_tensors; i += task_count(stepper))
        if (model->weights[i].trainable)
            lstmc_tensor_constrain(&model->weights[i], stepper->step.weights);
}

int lstmc_stepper_constrain(struct lstmc_stepper *stepper)
{
    if (!lstmc_is_constrained(stepper->step.model))
        return 0;
    run_tasks(stepper, constrain_weights);
    return 1;
}
