/* engine.c: an engine over a generated model: owns its structs and deals a batch out to its tapes.
 * Shard s takes rows s * batch and on. Each shard has its own gradients, added up in the order of the shards, so that the sums are a function
 * of the number of shards and of nothing else. */
#include "lstmc.h"

#include <stdlib.h>
#include <string.h>

struct generated {
    const struct lstmc_model *model;
    const float *weights;
    int packed_is_current;      /* inference operands are made when a prediction asks for them: training never does */
    void *packed, *batch_scratch, *training;
    void **tapes;
    float **gradients;          /* one for each shard; none if there is one shard alone */
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

/* Rows [first, first + count) of the batch through the tape of their shard. */
static float run_shard(struct generated *generated, int shard, const void *x, const void *target, const float *sample_weight, int first,
                       int count, int first_row, float scale, uint64_t seed, float *output)
{
    const struct lstmc_model *model = generated->model;
    char *tape = generated->tapes[shard];
    int row = first_row + first;
    model->reset_tape(generated->training, tape);
    memcpy(tape + model->first_row_offset, &row, sizeof row);
    model->forward(generated->training, tape, (const char *)x + (size_t)first * model->input_count * sizeof(float), count, seed);
    memcpy(output + (size_t)first * model->output_count, tape + model->output_offset, (size_t)count * model->output_count * sizeof(float));
    return model->loss_function(tape, (const char *)target + (size_t)first * model->target_count * sizeof(float),
                                sample_weight ? sample_weight + first : NULL, scale);
}

static void add_gradients(const struct generated *generated, int shards, float *gradients)
{
    for (int shard = 0; shard < shards; shard++)
        for (size_t i = 0; i < generated->model->gradient_count; i++)
            gradients[i] += generated->gradients[shard][i];
}

static float generated_train(void *context, const void *x, const void *target, const float *sample_weight, int rows, int first_row,
                             float scale, uint64_t seed, float *gradients, float *output)
{
    struct generated *generated = context;
    const struct lstmc_model *model = generated->model;
    double loss = 0;
    int shard = 0;
    for (int first = 0; first < rows; first += model->batch, shard++) {
        int count = rows - first < model->batch ? rows - first : model->batch;
        float *into = gradients;
        if (generated->gradients) {
            into = generated->gradients[shard];
            memset(into, 0, model->gradient_count * sizeof *into);
        }
        loss += (double)run_shard(generated, shard, x, target, sample_weight, first, count, first_row, scale, seed, output);
        model->backward(generated->training, generated->tapes[shard], into);
    }
    if (generated->gradients)
        add_gradients(generated, shard, gradients);
    return (float)loss;
}

static float generated_evaluate(void *context, const void *x, const void *target, int rows, float scale, float *output)
{
    struct generated *generated = context;
    const struct lstmc_model *model = generated->model;
    double loss = 0;
    int shard = 0;
    for (int first = 0; first < rows; first += model->batch, shard++) {
        int count = rows - first < model->batch ? rows - first : model->batch;
        loss += (double)run_shard(generated, shard, x, target, NULL, first, count, 0, scale, 0, output);
    }
    return (float)loss;
}

static void generated_predict(void *context, const void *x, int rows, float *output)
{
    struct generated *generated = context;
    const struct lstmc_model *model = generated->model;
    if (!generated->packed_is_current)
        model->prepare(generated->packed, generated->weights);
    generated->packed_is_current = 1;
    for (int first = 0; first < rows; first += model->batch)
        model->predict_batch(generated->packed, generated->batch_scratch,
                             (const char *)x + (size_t)first * model->input_count * sizeof(float),
                             rows - first < model->batch ? rows - first : model->batch, output + (size_t)first * model->output_count);
}

static const void *generated_tape(void *context, int shard)
{
    return ((struct generated *)context)->tapes[shard];
}

static void generated_free(void *context)
{
    struct generated *generated = context;
    for (int shard = 0; shard < generated->model->shards; shard++) {
        lstmc_free(generated->tapes ? generated->tapes[shard] : NULL);
        lstmc_free(generated->gradients ? generated->gradients[shard] : NULL);
    }
    free(generated->tapes);
    free(generated->gradients);
    lstmc_free(generated->packed);
    lstmc_free(generated->batch_scratch);
    lstmc_free(generated->training);
    free(generated);
}

/* A struct of a generated model; one without members still gets an address. */
static void *struct_alloc(size_t bytes)
{
    return lstmc_alloc(bytes ? bytes : 1);
}

static int alloc_training(struct generated *generated)
{
    const struct lstmc_model *model = generated->model;
    generated->training = struct_alloc(model->training_bytes);
    generated->tapes = calloc((size_t)model->shards, sizeof *generated->tapes);
    if (!generated->training || !generated->tapes)
        return 0;
    if (model->shards > 1 && !(generated->gradients = calloc((size_t)model->shards, sizeof *generated->gradients)))
        return 0;
    for (int shard = 0; shard < model->shards; shard++) {
        if (!(generated->tapes[shard] = struct_alloc(model->tape_bytes)))
            return 0;
        if (generated->gradients && !(generated->gradients[shard] = struct_alloc(model->gradient_count * sizeof(float))))
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
    generated->batch_scratch = struct_alloc(model->batch_scratch_bytes);
    if (!generated->packed || !generated->batch_scratch || (can_train(model) && !alloc_training(generated))) {
        generated_free(generated);
        return LSTMC_NO_MEMORY;
    }
    *engine = (struct lstmc_engine){ .model = model, .context = generated, .prepare = generated_prepare, .predict = generated_predict,
                                     .free = generated_free };
    if (can_train(model)) {
        engine->train = generated_train;
        engine->evaluate = generated_evaluate;
        engine->tape = generated_tape;
    }
    return LSTMC_OK;
}

void lstmc_engine_free(struct lstmc_engine *engine)
{
    if (engine->free)
        engine->free(engine->context);
    memset(engine, 0, sizeof *engine);
}
