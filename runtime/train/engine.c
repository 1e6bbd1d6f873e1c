/* engine.c: an engine over a generated model: owns its structs, and lends them to the calls of a training. */
#include "engine_batch.h"

#include <stdlib.h>
#include <string.h>

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

static void predict_block(void *context, int block, int thread)
{
    const struct job *job = context;
    const struct generated *generated = job->generated;
    const struct lstmc_model *model = generated->model;
    int first = block * model->batch, rows = lstmc_job_rows(job, block);
    void *scratch = generated->batch_scratch[thread];
    const void *x = lstmc_row_of(job->x, first, model->input_count);
    float *output = job->output + (size_t)first * model->output_count;
    if (generated->lengths)
        model->predict_batch_lengths(generated->packed, scratch, x, generated->lengths + first, rows, output);
    else
        model->predict_batch(generated->packed, scratch, x, rows, output);
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
    return lstmc_job_run(&job);
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
    return lstmc_job_run(&job);
}

static void generated_predict(void *context, const void *x, int rows, float *output)
{
    struct generated *generated = context;
    struct job job = { .generated = generated, .x = x, .rows = rows, .output = output };
    if (generated->carry != LSTMC_CARRY_NOTHING) {
        lstmc_job_predict(&job);
        generated->carry = LSTMC_CARRY_ON;
        return;
    }
    if (!generated->packed_is_current)
        generated->model->prepare(generated->packed, generated->weights);
    generated->packed_is_current = 1;
    lstmc_threads_run(generated->threads, lstmc_job_shards(&job), predict_block, &job);
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
    const struct generated *generated = context;
    int own = shard - generated->share.first;
    return own >= 0 && own < generated->share.count ? generated->tapes[own] : NULL;
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

/* Tapes and gradients of so many shards; 0: there is no memory for them. */
static int set_shards(struct generated *generated, int count)
{
    const struct lstmc_model *model = generated->model;
    int good = 1;
    for (int own = 0; own < model->shards; own++) {
        void **tape = &generated->tapes[own];
        float **gradients = &generated->gradients[own];
        if (own >= count) {
            lstmc_free(*tape);
            lstmc_free(*gradients);
            *tape = *gradients = NULL;
            continue;
        }
        if (!*tape)
            good &= (*tape = struct_alloc(model->tape_bytes)) != NULL;
        if (own && !*gradients)
            good &= (*gradients = struct_alloc(model->gradient_count * sizeof(float))) != NULL;
    }
    return good;
}

static int alloc_training(struct generated *generated)
{
    size_t shards = (size_t)generated->model->shards;
    generated->training = struct_alloc(generated->model->training_bytes);
    generated->tapes = calloc(shards, sizeof *generated->tapes);
    generated->gradients = calloc(shards, sizeof *generated->gradients);
    generated->losses = calloc(shards, sizeof *generated->losses);
    generated->parts = calloc(shards, sizeof *generated->parts);
    generated->share.count = generated->model->shards;
    return generated->training && generated->tapes && generated->gradients && generated->losses && generated->parts &&
           set_shards(generated, generated->share.count);
}

/* Memory first, so that the old share still holds where there is none for the new one. */
static int generated_share(void *context, const struct lstmc_share *share)
{
    struct generated *generated = context;
    const struct lstmc_share all = { .count = generated->model->shards };
    if (!share)
        share = &all;
    if (share->first < 0 || share->count < 1 || share->count > generated->model->shards - share->first)
        return LSTMC_MISMATCH;
    if (!set_shards(generated, share->count)) {
        set_shards(generated, generated->share.count);
        return LSTMC_NO_MEMORY;
    }
    generated->share = *share;
    return LSTMC_OK;
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
        engine->share = generated_share;
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

int lstmc_engine_share(struct lstmc_engine *engine, const struct lstmc_share *share)
{
    return engine->share ? engine->share(engine->context, share) : LSTMC_MISMATCH;
}

void lstmc_engine_free(struct lstmc_engine *engine)
{
    if (engine->free)
        engine->free(engine->context);
    memset(engine, 0, sizeof *engine);
}
