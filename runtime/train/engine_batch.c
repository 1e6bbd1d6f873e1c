/* engine_batch.c: in: a batch, and the tapes of a generated model.  out: outputs, loss, gradients.
 * Shard s takes rows s * batch and on. Each shard has its own gradients (the first one those of the caller), added up
 * along one tree (tree.h), so that the sums are a function of the number of shards and of nothing else: not of the
 * number of threads, nor of the machines that have them. Where a model needs sums over the whole batch, all shards do
 * one phase of a pass, meet, and take the sums over. */
#include "engine_batch.h"
#include "tree.h"

#include <string.h>

#define SUM_BLOCK ((size_t)4096)    /* floats */
#define SUM_TASKS 16                /* more than threads, so that one that is held up is not waited for */

int lstmc_job_shards(const struct job *job)
{
    int batch = job->generated->model->batch;
    return job->rows / batch + (job->rows % batch != 0);
}

int lstmc_job_rows(const struct job *job, int block)
{
    int batch = job->generated->model->batch, first = block * batch;
    return job->rows - first < batch ? job->rows - first : batch;
}

/* How many of the batch's shards this engine has: none of a short one, perhaps. */
static int own_shards(const struct job *job)
{
    const struct lstmc_share *share = &job->generated->share;
    int rest = lstmc_job_shards(job) - share->first;
    return rest < 0 ? 0 : rest < share->count ? rest : share->count;
}

static void *tape_of(const struct job *job, int shard)
{
    return job->generated->tapes[shard - job->generated->share.first];
}

static int phases_of(int cut)
{
    return cut > 1 ? cut : 1;
}

static void forward_shard(const struct job *job, int shard, int phase)
{
    struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    char *tape = tape_of(job, shard);
    int first = shard * model->batch, count = lstmc_job_rows(job, shard), row = job->first_row + first;
    const void *x = lstmc_row_of(job->x, first, model->input_count);
    if (phase == 0 && generated->carry != LSTMC_CARRY_ON)
        model->reset_tape(generated->training, tape);
    memcpy(tape + model->first_row_offset, &row, sizeof row);
    const int32_t *lengths = generated->lengths ? generated->lengths + first : NULL;
    if (model->forward_phase && lengths)
        model->forward_phase_lengths(generated->training, tape, x, lengths, count, job->seed, phase);
    else if (model->forward_phase)
        model->forward_phase(generated->training, tape, x, count, job->seed, phase);
    else if (lengths)
        model->forward_lengths(generated->training, tape, x, lengths, count, job->seed);
    else
        model->forward(generated->training, tape, x, count, job->seed);
}

static void forward_all(const struct job *job, int shard)
{
    for (int phase = 0; phase < phases_of(job->generated->model->forward_phases); phase++)
        forward_shard(job, shard, phase);
}

static void output_shard(const struct job *job, int shard)
{
    const struct lstmc_model *model = job->generated->model;
    memcpy(job->output + (size_t)shard * (size_t)model->batch * model->output_count,
           (const char *)tape_of(job, shard) + model->output_offset,
           (size_t)lstmc_job_rows(job, shard) * model->output_count * sizeof(float));
}

/* Outputs and loss of a shard's rows. */
static void loss_shard(const struct job *job, int shard)
{
    struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    int first = shard * model->batch;
    const float *weights = job->sample_weight;
    output_shard(job, shard);
    generated->losses[shard - generated->share.first] =
        model->loss_function(tape_of(job, shard), lstmc_row_of(job->target, first, model->target_count),
                             weights ? weights + (size_t)first * lstmc_weights_per_sample(model) : NULL, job->scale);
}

static void backward_shard(const struct job *job, int shard, int phase)
{
    struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    int own = shard - generated->share.first;
    float *into = own ? generated->gradients[own] : job->gradients;
    if (own && phase == 0)
        memset(into, 0, model->gradient_count * sizeof *into);
    if (model->backward_phase)
        model->backward_phase(generated->training, tape_of(job, shard), into, phase);
    else
        model->backward(generated->training, tape_of(job, shard), into);
}

/* The states that the next call begins with. */
static void carry_shard(const struct job *job, int shard)
{
    const struct generated *generated = job->generated;
    if (generated->carry != LSTMC_CARRY_NOTHING)
        generated->model->carry(tape_of(job, shard));
}

static void run_tasks(struct job *job, lstmc_task *task)
{
    lstmc_threads_run(job->generated->threads, own_shards(job), task, job);
}

static int shard_of(const struct job *job, int index)
{
    return job->generated->share.first + index;
}

/* ---- a batch whose shards need nothing of each other ---- */

static void whole_task(void *context, int index, int thread)
{
    const struct job *job = context;
    const int shard = shard_of(job, index);
    (void)thread;
    forward_all(job, shard);
    loss_shard(job, shard);
    for (int phase = 0; job->gradients && phase < phases_of(job->generated->model->backward_phases); phase++)
        backward_shard(job, shard, phase);
    carry_shard(job, shard);
}

/* ---- a batch whose shards meet after each phase ---- */

static void forward_task(void *context, int index, int thread)
{
    const struct job *job = context;
    (void)thread;
    forward_shard(job, shard_of(job, index), job->phase);
}

static void loss_task(void *context, int index, int thread)
{
    const struct job *job = context;
    (void)thread;
    loss_shard(job, shard_of(job, index));
}

static void backward_task(void *context, int index, int thread)
{
    const struct job *job = context;
    (void)thread;
    backward_shard(job, shard_of(job, index), job->phase);
}

static void carry_task(void *context, int index, int thread)
{
    const struct job *job = context;
    (void)thread;
    carry_shard(job, shard_of(job, index));
}

/* What `parts` has of each of this engine's shards becomes the sum over all shards of the batch, in all of them; also
 * in the first where the batch has none for it. */
static void sum_parts(const struct job *job, size_t length)
{
    const struct generated *generated = job->generated;
    float *const *parts = generated->parts;
    int own = own_shards(job), all = lstmc_job_shards(job);
    if (generated->share.sum) {
        generated->share.sum(generated->share.context, parts, own, all, length);
        return;
    }
    lstmc_tree_sum(parts, 0, own, all, 0, length);
    for (int shard = 1; shard < own; shard++)
        memcpy(parts[shard], parts[0], length * sizeof(float));
}

/* What the tapes have of the whole batch's sums of this phase; each gets the sum. */
static void sum_tapes(const struct job *job, int backward)
{
    const struct generated *generated = job->generated;
    for (int i = 0; i < generated->model->sum_count; i++) {
        const struct lstmc_sum *sum = &generated->model->sums[i];
        if (sum->backward != backward || sum->phase != job->phase)
            continue;
        for (int shard = 0; shard < own_shards(job) || !shard; shard++)
            generated->parts[shard] = (float *)generated->tapes[shard] + sum->offset;
        sum_parts(job, sum->count);
    }
}


/* ---- gradients ---- */

/* Floats of the gradients. */
struct range {
    struct job *job;
    size_t first, count;
};

/* Of so many floats: how many threads may share their sum; for few of them it costs less than a meeting. */
static int sum_count(const struct range *range)
{
    size_t blocks = range->count / SUM_BLOCK + (range->count % SUM_BLOCK != 0);
    return blocks < SUM_TASKS ? (int)blocks : SUM_TASKS;
}

/* Block by block, so that sums stay in the cache until the last shard has been added. */
static void add_gradients(void *context, int task, int thread)
{
    const struct range *range = context;
    const struct job *job = range->job;
    const struct generated *generated = job->generated;
    const size_t tasks = (size_t)sum_count(range), blocks = (range->count + SUM_BLOCK - 1) / SUM_BLOCK;
    int first = generated->share.first, end = first + own_shards(job);
    (void)thread;
    for (size_t block = (size_t)task * blocks / tasks; block < ((size_t)task + 1) * blocks / tasks; block++) {
        size_t offset = block * SUM_BLOCK, rest = range->count - offset;
        lstmc_tree_sum(generated->parts, first, end, lstmc_job_shards(job), range->first + offset,
                       rest < SUM_BLOCK ? rest : SUM_BLOCK);
    }
}

/* Gradients that are complete on all tapes. */
static void sum_gradients(struct job *job, size_t first, size_t count)
{
    struct generated *generated = job->generated;
    struct range range = { job, first, count };
    int own = own_shards(job);
    for (int shard = 0; shard < own; shard++)
        generated->parts[shard] = shard ? generated->gradients[shard] : job->gradients;
    if (own > 1)
        lstmc_threads_run(generated->threads, sum_count(&range), add_gradients, &range);
    if (generated->share.sum)
        generated->share.reduce(generated->share.context, generated->parts, own, lstmc_job_shards(job), first, count);
}

/* What this phase of backward has completed: others may have it while the next one is computed. */
static void sum_ready_gradients(struct job *job)
{
    const struct lstmc_model *model = job->generated->model;
    size_t first = 0, count = 0;
    for (int i = 0; i < model->weight_tensors; i++) {
        const struct lstmc_tensor *weight = &model->weights[i];
        if (weight->offset >= model->gradient_count || weight->last_phase != job->phase)
            continue;
        if (count && first + count != weight->offset) {
            sum_gradients(job, first, count);
            count = 0;
        }
        first = count ? first : weight->offset;
        count += weight->count;
    }
    if (count)
        sum_gradients(job, first, count);
}

static void run_in_phases(struct job *job)
{
    const struct lstmc_model *model = job->generated->model;
    for (job->phase = 0; job->phase < phases_of(model->forward_phases); job->phase++) {
        run_tasks(job, forward_task);
        sum_tapes(job, 0);
    }
    run_tasks(job, loss_task);
    for (job->phase = 0; job->gradients && job->phase < phases_of(model->backward_phases); job->phase++) {
        run_tasks(job, backward_task);
        sum_tapes(job, 1);
        if (job->generated->share.sum)
            sum_ready_gradients(job);
    }
    run_tasks(job, carry_task);
}

static float sum_losses(const struct job *job)
{
    struct generated *generated = job->generated;
    generated->parts[0] = &generated->losses[0];
    for (int shard = 1; shard < own_shards(job); shard++)
        generated->parts[shard] = &generated->losses[shard];
    sum_parts(job, 1);
    return generated->losses[0];
}

/* ---- the calls ---- */

float lstmc_job_run(struct job *job)
{
    struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    int shared = generated->share.sum != NULL, alone = lstmc_job_shards(job) == 1 && !shared;
    int in_phases = model->sum_count ? !alone : shared && job->gradients && model->backward_phases > 1;
    if (in_phases)
        run_in_phases(job);
    else
        run_tasks(job, whole_task);
    if (job->gradients && !alone && !(shared && in_phases))
        sum_gradients(job, 0, model->gradient_count);
    if (generated->carry == LSTMC_CARRY_FRESH)
        generated->carry = LSTMC_CARRY_ON;
    return sum_losses(job);
}

static void predict_task(void *context, int index, int thread)
{
    const struct job *job = context;
    const int shard = shard_of(job, index);
    (void)thread;
    forward_all(job, shard);
    output_shard(job, shard);
    carry_shard(job, shard);
}

void lstmc_job_predict(struct job *job)
{
    run_tasks(job, predict_task);
}
