/* engine.c: an engine over a generated model: owns its structs and deals a batch out to its tapes.
 * Shard s takes rows s * batch and on. Each shard has its own gradients (the first one those of the caller), added up
 * in the order of the shards, so that the sums are a function of the number of shards and of nothing else: not of the
 * number of threads that compute them. Where a model needs sums over the whole batch, all shards do one phase of a
 * pass, meet, and take the sums over. */
#include "runtime/lstmc.h"
#include "ranges.h"
#include "threads.h"

#include <stdlib.h>
#include <string.h>

#define SUM_BLOCK ((size_t)4096)    /* floats */
#define SUM_TASKS 16                /* more than threads, so that one that is held up is not waited for */

struct generated {
    const struct lstmc_model *model;
    const float *weights;
    int packed_is_current;      /* inference operands are made when a prediction asks for them: training never does */
    void *packed, *training;
    void **tapes;
    float **gradients;          /* one for each shard but the first, which adds to the caller's */
    float *losses;              /* one for each shard */
    float **parts;              /* one for each shard: what is being added up */
    lstmc_sum_parts *sum;       /* NULL: what is below */
    void *sum_context;
    struct lstmc_threads *threads;
    void **batch_scratch;       /* one for each thread */
    int batch_scratch_count;
    enum lstmc_carry carry;
    const int32_t *lengths;     /* of the rows of a call; NULL: all steps of all of them count */
};

/* One call of train, evaluate or predict: what its shards have in common. */
struct job {
    struct generated *generated;
    const void *x, *target;
    const float *sample_weight;
    int rows, first_row;
    float scale;
    uint64_t seed;
    float *gradients, *output;
    int phase;                  /* of the pass that is being done */
};

static int can_train(const struct lstmc_model *model)
{
    return model->prepare_training && model->forward && model->loss_function && model->backward;
}

static void generated_prepare(void *context, const float *weights)
{
    struct generated *generated = context;
    generated->weights = weights;
    generated->packed_is_current = 0;
    if (can_train(generated->model))
        generated->model->prepare_training(generated->training, weights);
}

static void generated_prepare_range(void *context, const float *weights, size_t first, size_t count)
{
    const struct generated *generated = context;
    generated->model->prepare_range(generated->training, weights, first, count);
}

static int shard_count(const struct job *job)
{
    int batch = job->generated->model->batch;
    return job->rows / batch + (job->rows % batch != 0);
}

/* How many of the rows from `first` on go through one tape. */
static int shard_rows(const struct job *job, int first)
{
    int batch = job->generated->model->batch;
    return job->rows - first < batch ? job->rows - first : batch;
}

static const void *row_of(const void *rows, int row, size_t count)
{
    return (const char *)rows + (size_t)row * count * sizeof(float);
}

static int phases_of(int cut)
{
    return cut > 1 ? cut : 1;
}

static void forward_shard(const struct job *job, int shard, int phase)
{
    struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    char *tape = generated->tapes[shard];
    int first = shard * model->batch, count = shard_rows(job, first), row = job->first_row + first;
    const void *x = row_of(job->x, first, model->input_count);
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
    int first = shard * model->batch;
    memcpy(job->output + (size_t)first * model->output_count,
           (const char *)job->generated->tapes[shard] + model->output_offset,
           (size_t)shard_rows(job, first) * model->output_count * sizeof(float));
}

/* Outputs and loss of a shard's rows. */
static void loss_shard(const struct job *job, int shard)
{
    struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    int first = shard * model->batch;
    output_shard(job, shard);
    generated->losses[shard] =
        model->loss_function(generated->tapes[shard], row_of(job->target, first, model->target_count),
                             job->sample_weight ? job->sample_weight + (size_t)first * lstmc_weights_per_sample(model)
                                                : NULL,
                             job->scale);
}

static void backward_shard(const struct job *job, int shard, int phase)
{
    struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    float *into = shard ? generated->gradients[shard] : job->gradients;
    if (shard && phase == 0)
        memset(into, 0, model->gradient_count * sizeof *into);
    if (model->backward_phase)
        model->backward_phase(generated->training, generated->tapes[shard], into, phase);
    else
        model->backward(generated->training, generated->tapes[shard], into);
}

/* The states that the next call begins with. */
static void carry_shard(const struct job *job, int shard)
{
    const struct generated *generated = job->generated;
    if (generated->carry != LSTMC_CARRY_NOTHING)
        generated->model->carry(generated->tapes[shard]);
}

/* ---- a batch whose shards need nothing of each other ---- */

static void whole_shard(void *context, int shard, int thread)
{
    const struct job *job = context;
    const struct lstmc_model *model = job->generated->model;
    (void)thread;
    forward_all(job, shard);
    loss_shard(job, shard);
    for (int phase = 0; job->gradients && phase < phases_of(model->backward_phases); phase++)
        backward_shard(job, shard, phase);
    carry_shard(job, shard);
}

/* ---- a batch whose shards meet after each phase ---- */

static void forward_task(void *context, int shard, int thread)
{
    (void)thread;
    forward_shard(context, shard, ((const struct job *)context)->phase);
}

static void loss_task(void *context, int shard, int thread)
{
    (void)thread;
    loss_shard(context, shard);
}

static void backward_task(void *context, int shard, int thread)
{
    (void)thread;
    backward_shard(context, shard, ((const struct job *)context)->phase);
}

static void carry_task(void *context, int shard, int thread)
{
    (void)thread;
    carry_shard(context, shard);
}

static void sum_parts(struct generated *generated, int count, size_t length)
{
    if (generated->sum)
        generated->sum(generated->sum_context, generated->parts, count, length);
    for (int part = 1; part < count && !generated->sum; part++)
        lstmc_range_add(generated->parts[0], generated->parts[part], length);
}

/* What the tapes have of the whole batch's sums of this phase; each gets the sum. */
static void sum_tapes(const struct job *job, int backward)
{
    struct generated *generated = job->generated;
    int shards = shard_count(job);
    for (int i = 0; i < generated->model->sum_count; i++) {
        const struct lstmc_sum *sum = &generated->model->sums[i];
        if (sum->backward != backward || sum->phase != job->phase)
            continue;
        for (int shard = 0; shard < shards; shard++)
            generated->parts[shard] = (float *)generated->tapes[shard] + sum->offset;
        sum_parts(generated, shards, sum->count);
        for (int shard = 1; shard < shards; shard++)
            memcpy(generated->parts[shard], generated->parts[0], sum->count * sizeof(float));
    }
}

static void run_in_phases(struct job *job)
{
    const struct lstmc_model *model = job->generated->model;
    struct lstmc_threads *threads = job->generated->threads;
    int shards = shard_count(job);
    for (job->phase = 0; job->phase < phases_of(model->forward_phases); job->phase++) {
        lstmc_threads_run(threads, shards, forward_task, job);
        sum_tapes(job, 0);
    }
    lstmc_threads_run(threads, shards, loss_task, job);
    for (job->phase = 0; job->gradients && job->phase < phases_of(model->backward_phases); job->phase++) {
        lstmc_threads_run(threads, shards, backward_task, job);
        sum_tapes(job, 1);
    }
    lstmc_threads_run(threads, shards, carry_task, job);
}

/* ---- gradients ---- */

/* How many threads may share the sum of gradients: for few of them it costs less than a meeting. */
static int sum_count(const struct lstmc_model *model)
{
    size_t blocks = model->gradient_count / SUM_BLOCK + (model->gradient_count % SUM_BLOCK != 0);
    return blocks < SUM_TASKS ? (int)blocks : SUM_TASKS;
}

/* Block by block, so that the sum stays in the cache until the last shard has been added. */
static void add_gradients(void *context, int task, int thread)
{
    const struct job *job = context;
    const struct lstmc_model *model = job->generated->model;
    size_t blocks = model->gradient_count / SUM_BLOCK + (model->gradient_count % SUM_BLOCK != 0),
           tasks = (size_t)sum_count(model);
    (void)thread;
    for (size_t block = (size_t)task * blocks / tasks; block < ((size_t)task + 1) * blocks / tasks; block++) {
        size_t first = block * SUM_BLOCK, rest = model->gradient_count - first;
        for (int shard = 1; shard < shard_count(job); shard++)
            lstmc_range_add(job->gradients + first, job->generated->gradients[shard] + first,
                            rest < SUM_BLOCK ? rest : SUM_BLOCK);
    }
}

static void sum_gradients(struct job *job)
{
    struct generated *generated = job->generated;
    if (!generated->sum) {
        lstmc_threads_run(generated->threads, sum_count(generated->model), add_gradients, job);
        return;
    }
    for (int shard = 0; shard < shard_count(job); shard++)
        generated->parts[shard] = shard ? generated->gradients[shard] : job->gradients;
    sum_parts(generated, shard_count(job), generated->model->gradient_count);
}

/* ---- the calls ---- */

/* Returns the loss; gradients too, if they are asked for. */
static float run_batch(struct job *job)
{
    struct generated *generated = job->generated;
    int shards = shard_count(job), alone = shards == 1 && !generated->sum;
    double loss = 0;
    if (generated->model->sum_count && !alone)
        run_in_phases(job);
    else
        lstmc_threads_run(generated->threads, shards, whole_shard, job);
    if (job->gradients && !alone)
        sum_gradients(job);
    if (generated->carry == LSTMC_CARRY_FRESH)
        generated->carry = LSTMC_CARRY_ON;
    for (int shard = 0; shard < shards; shard++)
        loss += (double)generated->losses[shard];
    return (float)loss;
}

static void predict_block(void *context, int block, int thread)
{
    const struct job *job = context;
    const struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    int first = block * model->batch, rows = shard_rows(job, first);
    void *scratch = generated->batch_scratch[thread];
    const void *x = row_of(job->x, first, model->input_count);
    float *output = job->output + (size_t)first * model->output_count;
    if (generated->lengths)
        model->predict_batch_lengths(generated->packed, scratch, x, generated->lengths + first, rows, output);
    else
        model->predict_batch(generated->packed, scratch, x, rows, output);
}

/* A block of rows through its tape, for the states that it goes on with. */
static void predict_shard(void *context, int shard, int thread)
{
    (void)thread;
    forward_all(context, shard);
    output_shard(context, shard);
    carry_shard(context, shard);
}

static float generated_train(void *context, const void *x, const void *target, const float *sample_weight, int rows,
                             int first_row, float scale, uint64_t seed, float *gradients, float *output)
{
    struct generated *generated = context;
    struct job job = { .generated = generated,
                       .x = x,
                       .target = target,
                       .sample_weight = sample_weight,
                       .rows = rows,
                       .first_row = first_row,
                       .scale = scale,
                       .seed = seed,
                       .gradients = gradients,
                       .output = output };
    generated->packed_is_current = 0;           /* an update follows */
    return run_batch(&job);
}

static float generated_evaluate(void *context, const void *x, const void *target, const float *sample_weight, int rows,
                                float scale, float *output)
{
    struct generated *generated = context;
    struct job job = { .generated = generated,
                       .x = x,
                       .target = target,
                       .sample_weight = sample_weight,
                       .rows = rows,
                       .scale = scale,
                       .output = output };
    return run_batch(&job);
}

static void generated_predict(void *context, const void *x, int rows, float *output)
{
    struct generated *generated = context;
    struct job job = { .generated = generated, .x = x, .rows = rows, .output = output };
    if (generated->carry != LSTMC_CARRY_NOTHING) {
        lstmc_threads_run(generated->threads, shard_count(&job), predict_shard, &job);
        generated->carry = LSTMC_CARRY_ON;
        return;
    }
    if (!generated->packed_is_current)
        generated->model->prepare(generated->packed, generated->weights);
    generated->packed_is_current = 1;
    lstmc_threads_run(generated->threads, shard_count(&job), predict_block, &job);
}

struct call {
    void (*task)(void *context, int index);
    void *context;
};

static void call_task(void *context, int index, int thread)
{
    const struct call *call = context;
    (void)thread;
    call->task(call->context, index);
}

static void generated_run(void *context, int count, void (*task)(void *task_context, int index), void *task_context)
{
    struct call call = { task, task_context };
    lstmc_threads_run(((struct generated *)context)->threads, count, call_task, &call);
}

static void *generated_tape(void *context, int shard)
{
    return ((struct generated *)context)->tapes[shard];
}

static void generated_sum_by(void *context, lstmc_sum_parts *sum, void *sum_context)
{
    struct generated *generated = context;
    generated->sum = sum;
    generated->sum_context = sum_context;
}

/* Every tape has seen the sums of the whole batch. */
static void generated_update(void *context, float *weights)
{
    const struct generated *generated = context;
    generated->model->update_statistics(generated->tapes[0], weights);
}

static void generated_carry(void *context, enum lstmc_carry carry)
{
    ((struct generated *)context)->carry = carry;
}

static void generated_lengths(void *context, const int32_t *lengths)
{
    ((struct generated *)context)->lengths = lengths;
}

/* A struct of a generated model; one without members still gets an address. */
static void *struct_alloc(size_t bytes)
{
    return lstmc_alloc(bytes ? bytes : 1);
}

static int most_threads(const struct lstmc_model *model)
{
    return model->shards > 1 ? model->shards : 1;
}

/* Scratch for so many threads, or for as many as there is memory. */
static void set_scratch(struct generated *generated, int count)
{
    while (generated->batch_scratch_count > count)
        lstmc_free(generated->batch_scratch[--generated->batch_scratch_count]);
    while (generated->batch_scratch_count < count) {
        void *scratch = struct_alloc(generated->model->batch_scratch_bytes);
        if (!scratch)
            return;
        generated->batch_scratch[generated->batch_scratch_count++] = scratch;
    }
}

static int generated_threads(void *context, int threads)
{
    struct generated *generated = context;
    int most = most_threads(generated->model), wanted = threads < 1 ? 1 : threads > most ? most : threads;
    if (wanted == lstmc_threads_count(generated->threads))
        return wanted;
    lstmc_threads_free(generated->threads);
    set_scratch(generated, wanted);
    generated->threads = lstmc_threads_create(generated->batch_scratch_count);
    return lstmc_threads_count(generated->threads);
}

static void generated_free(void *context)
{
    struct generated *generated = context;
    lstmc_threads_free(generated->threads);
    for (int shard = 0; shard < generated->model->shards; shard++) {
        lstmc_free(generated->tapes ? generated->tapes[shard] : NULL);
        lstmc_free(generated->gradients ? generated->gradients[shard] : NULL);
    }
    set_scratch(generated, 0);
    free(generated->tapes);
    free(generated->gradients);
    free(generated->losses);
    free(generated->parts);
    free(generated->batch_scratch);
    lstmc_free(generated->packed);
    lstmc_free(generated->training);
    free(generated);
}

static int alloc_training(struct generated *generated)
{
    const struct lstmc_model *model = generated->model;
    generated->training = struct_alloc(model->training_bytes);
    generated->tapes = calloc((size_t)model->shards, sizeof *generated->tapes);
    generated->losses = calloc((size_t)model->shards, sizeof *generated->losses);
    generated->parts = calloc((size_t)model->shards, sizeof *generated->parts);
    if (!generated->training || !generated->tapes || !generated->losses || !generated->parts)
        return 0;
    if (model->shards > 1 && !(generated->gradients = calloc((size_t)model->shards, sizeof *generated->gradients)))
        return 0;
    for (int shard = 0; shard < model->shards; shard++) {
        if (!(generated->tapes[shard] = struct_alloc(model->tape_bytes)))
            return 0;
        if (shard && !(generated->gradients[shard] = struct_alloc(model->gradient_count * sizeof(float))))
            return 0;
    }
    return 1;
}

int lstmc_engine_create(const struct lstmc_model *model, struct lstmc_engine *engine)
{
    memset(engine, 0, sizeof *engine);
    struct generated *generated = calloc(1, sizeof *generated);
    if (!generated)
        return LSTMC_NO_MEMORY;
    generated->model = model;
    generated->packed = struct_alloc(model->packed_bytes);
    generated->batch_scratch = calloc((size_t)most_threads(model), sizeof *generated->batch_scratch);
    if (generated->batch_scratch)
        set_scratch(generated, 1);
    if (!generated->packed || !generated->batch_scratch_count || (can_train(model) && !alloc_training(generated))) {
        generated_free(generated);
        return LSTMC_NO_MEMORY;
    }
    *engine = (struct lstmc_engine){ .model = model,
                                     .context = generated,
                                     .prepare = generated_prepare,
                                     .predict = generated_predict,
                                     .threads = generated_threads,
                                     .run = generated_run,
                                     .free = generated_free };
    if (can_train(model)) {
        engine->train = generated_train;
        engine->evaluate = generated_evaluate;
        engine->prepare_range = model->prepare_range ? generated_prepare_range : NULL;
        engine->tape = generated_tape;
        engine->sum_by = generated_sum_by;
        engine->carry = model->carry ? generated_carry : NULL;
        engine->lengths = model->has_lengths ? generated_lengths : NULL;
        engine->update = model->update_statistics ? generated_update : NULL;
    }
    return LSTMC_OK;
}

int lstmc_engine_threads(struct lstmc_engine *engine, int threads)
{
    return engine->threads ? engine->threads(engine->context, threads) : 1;
}

void lstmc_engine_sum(struct lstmc_engine *engine, lstmc_sum_parts *sum, void *sum_context)
{
    if (engine->sum_by)
        engine->sum_by(engine->context, sum, sum_context);
}

void lstmc_engine_free(struct lstmc_engine *engine)
{
    if (engine->free)
        engine->free(engine->context);
    memset(engine, 0, sizeof *engine);
}
