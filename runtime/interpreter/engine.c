/* engine.c: the float interpreter as something that the training loop can drive. */
#include "internal.h"

#if REAL_IS_FLOAT

#include <stdio.h>

typedef struct Engine {
    Interpreter *it;
    enum lstmc_carry carry;
    float *weights;
    size_t weight_count, output_count;
} Engine;

static void engine_free(void *context)
{
    Engine *engine = context;
    interpreter_free(engine->it);
    free(engine->weights);
    free(engine);
}

static void engine_prepare(void *context, const float *weights)
{
    Engine *engine = context;
    memcpy(engine->weights, weights, engine->weight_count * sizeof(float));
}

static void engine_carry(void *context, enum lstmc_carry carry)
{
    ((Engine *)context)->carry = carry;
}

static void engine_lengths(void *context, const int32_t *lengths)
{
    interpreter_lengths(((Engine *)context)->it, lengths);
}

static void run_forward(Engine *engine, const void *x, int rows, int first_row, uint64_t seed, float *output)
{
    (engine->carry == LSTMC_CARRY_ON ? interpreter_carry : interpreter_reset)(engine->it);
    if (engine->carry == LSTMC_CARRY_FRESH)
        engine->carry = LSTMC_CARRY_ON;
    interpreter_forward(engine->it, engine->weights, x, rows, first_row, seed);
    memcpy(output, interpreter_output(engine->it), (size_t)rows * engine->output_count * sizeof(float));
}

static float engine_train(void *context, const void *x, const void *target, const float *sample_weight, int rows,
                          int first_row, float scale, uint64_t seed, float *gradients, float *output)
{
    Engine *engine = context;
    run_forward(engine, x, rows, first_row, seed, output);
    float loss = interpreter_loss(engine->it, target, sample_weight, scale);
    interpreter_backward(engine->it, gradients, NULL);
    return loss;
}

static void engine_predict(void *context, const void *x, int rows, float *output)
{
    run_forward(context, x, rows, 0, 0, output);
}

static float engine_evaluate(void *context, const void *x, const void *target, const float *sample_weight, int rows,
                             float scale, float *output)
{
    Engine *engine = context;
    run_forward(engine, x, rows, 0, 0, output);
    return interpreter_loss(engine->it, target, sample_weight, scale);
}

static void engine_update(void *context, float *weights)
{
    interpreter_update(((Engine *)context)->it, weights);
}

static float engine_output_loss(void *context, int output)
{
    return interpreter_output_loss(((Engine *)context)->it, output);
}

static const float *engine_mask(void *context, int output, int row)
{
    return interpreter_output_mask(((Engine *)context)->it, output, row);
}

int interpreter_engine_create(const Model *model, const struct custom_layers *custom, struct lstmc_engine *engine,
                              struct lstmc_message *message)
{
    const struct lstmc_model *descriptor = &model->descriptor;
    int shards = descriptor->shards > 0 ? descriptor->shards : 1, batch = descriptor->batch > 0 ? descriptor->batch : 1;
    Interpreter *it = interpreter_create(model, batch * shards, custom, message);
    if (!it)
        return LSTMC_MISMATCH;
    Engine *context = malloc(sizeof *context);
    float *weights = calloc(descriptor->weight_count ? descriptor->weight_count : 1, sizeof(float));
    if (!context || !weights) {
        interpreter_free(it);
        free(context);
        free(weights);
        if (message)
            snprintf(message->text, sizeof message->text, "no memory for %d rows", batch * shards);
        return LSTMC_NO_MEMORY;
    }
    *context = (Engine){ .it = it, .weights = weights, .weight_count = descriptor->weight_count,
                         .output_count = descriptor->output_count };
    *engine = (struct lstmc_engine){ .model = descriptor,
                                     .context = context,
                                     .prepare = engine_prepare,
                                     .train = engine_train,
                                     .predict = engine_predict,
                                     .evaluate = engine_evaluate,
                                     .output_loss = engine_output_loss,
                                     .output_mask = engine_mask,
                                     .update = engine_update,
                                     .carry = engine_carry,
                                     .lengths = descriptor->has_lengths ? engine_lengths : NULL,
                                     .free = engine_free };
    return LSTMC_OK;
}

#endif
