/* published_run.c: in: a case and what the product made of its description.  out: the numbers of one road. */
#include "published_product.h"

#include "compiler/oracle/evaluate.h"
#include "runtime/interpreter/interpreter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const published_road_names[PUBLISHED_ROADS] = { "interpreter double", "interpreter float", "evaluator",
                                                              "predict", "predict_batch", "forward", "step" };

/* Some rows of a case on their way through one road. */
typedef struct Rows {
    const struct published_case *one;
    int first, count;
    float scale;                    /* of the loss */
    double *values;                 /* outputs [count][output_count], or the loss */
    size_t output_count;
} Rows;

typedef int (*Road)(const struct published_product *product, void *context, const Rows *rows);

static const void *input_of(const Rows *rows)
{
    size_t offset = (size_t)rows->first * rows->one->input_count;
    return rows->one->ids ? (const void *)(rows->one->ids + offset) : (const void *)(rows->one->x + offset);
}

static const int32_t *classes_of(const Rows *rows)
{
    return rows->one->classes + (size_t)rows->first * rows->one->class_count;
}

static const float *sample_weight_of(const Rows *rows)
{
    return rows->one->sample_weight ? rows->one->sample_weight + rows->first : NULL;
}

/* ---- the interpreter ---- */

/* All inputs of the rows, to be freed. */
static void **inputs_of(const struct published_product *product, const Rows *rows, int as_double)
{
    int count = published_inputs(product);
    struct lstmc_array array;
    void **x = published_allocate((size_t)count, sizeof *x);
    for (int k = 0; k < count; k++)
        x[k] = published_input(rows->one, product, k, rows->first, rows->count, as_double, &array);
    return x;
}

static void free_inputs(const struct published_product *product, void **x)
{
    for (int k = 0; k < published_inputs(product); k++)
        free(x[k]);
    free(x);
}

static int run_double(const struct published_product *product, void *context, const Rows *rows)
{
    const struct published_case *one = rows->one;
    void **x = inputs_of(product, rows, 1);
    double *weights = published_as_double(one->weights, one->weight_count);
    double *sample_weight = published_as_double(sample_weight_of(rows), (size_t)rows->count);
    interpreter_forward_all_double(context, weights, (const void *const *)x, rows->count, rows->first, (uint64_t)one->trains);
    if (one->classes)
        *rows->values = interpreter_loss_double(context, classes_of(rows), one->sample_weight ? sample_weight : NULL, rows->scale);
    else
        memcpy(rows->values, interpreter_output_double(context), (size_t)rows->count * rows->output_count * sizeof(double));
    free_inputs(product, x);
    free(weights);
    free(sample_weight);
    return 0;
}

static int run_float(const struct published_product *product, void *context, const Rows *rows)
{
    const struct published_case *one = rows->one;
    void **x = inputs_of(product, rows, 0);
    interpreter_forward_all_float(context, one->weights, (const void *const *)x, rows->count, rows->first, (uint64_t)one->trains);
    if (one->classes)
        *rows->values = interpreter_loss_float(context, classes_of(rows), sample_weight_of(rows), rows->scale);
    else
        for (size_t i = 0; i < (size_t)rows->count * rows->output_count; i++)
            rows->values[i] = interpreter_output_float(context)[i];
    free_inputs(product, x);
    return 0;
}

/* ---- the evaluator ---- */

static void fill(Memory *memory, const Tensor *tensor, const void *values, bool integer, size_t count)
{
    double *to = memory_of(memory, tensor);
    for (size_t i = 0; i < count; i++)
        to[i] = integer ? ((const int32_t *)values)[i] : (double)((const float *)values)[i];
}

static int run_evaluator(const struct published_product *product, void *context, const Rows *rows)
{
    const Ir *ir = product->training;
    const struct published_case *one = rows->one;
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->role == ROLE_WEIGHT)
            fill(context, ir->tensors[i], one->weights + ir->tensors[i]->weight->offset, false, ir->tensors[i]->weight->count);
    for (int k = 0; k < ir->input_count; k++) {
        struct lstmc_array array;
        void *x = published_input(one, product, k, rows->first, rows->count, 0, &array);
        fill(context, ir->inputs[k], x, array.is_integer, (size_t)rows->count * array.count);
        free(x);
    }
    evaluate_noise(context, (uint64_t)one->trains, rows->first);
    evaluate_section(context, SECTION_RESET, rows->count);
    evaluate_section(context, SECTION_FORWARD, rows->count);
    if (!one->classes) {
        memcpy(rows->values, memory_of(context, ir->output), (size_t)rows->count * rows->output_count * sizeof(double));
        return 0;
    }
    fill(context, ir->target, classes_of(rows), true, (size_t)rows->count * one->class_count);
    for (int row = 0; row < rows->count; row++)
        memory_of(context, ir->sample_weight)[row] = one->sample_weight ? sample_weight_of(rows)[row] : 1;
    *memory_of(context, ir->scale) = rows->scale;
    evaluate_section(context, SECTION_LOSS, rows->count);
    *rows->values = *memory_of(context, ir->loss);
    return 0;
}

/* ---- the generated C ---- */

typedef struct Generated {
    void *packed, *scratch, *batch_scratch, *state, *training, *tape;
    float *y;
} Generated;

static void free_generated(Generated *it)
{
    lstmc_free(it->packed);
    lstmc_free(it->scratch);
    lstmc_free(it->batch_scratch);
    lstmc_free(it->state);
    lstmc_free(it->training);
    lstmc_free(it->tape);
    lstmc_free(it->y);
}

static void create_generated(const struct lstmc_model *model, Generated *it)
{
    *it = (Generated){ .packed = lstmc_alloc(model->packed_bytes + 64), .scratch = lstmc_alloc(model->scratch_bytes + 64),
                       .batch_scratch = lstmc_alloc(model->batch_scratch_bytes + 64), .state = lstmc_alloc(model->state_bytes + 64),
                       .training = lstmc_alloc(model->training_bytes + 64), .tape = lstmc_alloc(model->tape_bytes + 64),
                       .y = lstmc_alloc((size_t)model->batch * model->output_count * sizeof(float) + 64) };
    if (!it->packed || !it->scratch || !it->batch_scratch || !it->state || !it->training || !it->tape || !it->y)
        abort();
}

static void copy_out(const float *from, size_t count, double *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[i];
}

static int run_predict(const struct published_product *product, void *context, const Rows *rows)
{
    const struct lstmc_model *model = product->generated;
    Generated *it = context;
    model->prepare(it->packed, rows->one->weights);
    for (int row = 0; row < rows->count; row++) {
        const Rows single = { .one = rows->one, .first = rows->first + row };
        model->predict(it->packed, it->scratch, input_of(&single), it->y);
        copy_out(it->y, model->output_count, rows->values + (size_t)row * model->output_count);
    }
    return 0;
}

static int run_batch(const struct published_product *product, void *context, const Rows *rows)
{
    const struct lstmc_model *model = product->generated;
    Generated *it = context;
    model->prepare(it->packed, rows->one->weights);
    model->predict_batch(it->packed, it->batch_scratch, input_of(rows), rows->count, it->y);
    copy_out(it->y, (size_t)rows->count * model->output_count, rows->values);
    return 0;
}

static int run_forward(const struct published_product *product, void *context, const Rows *rows)
{
    const struct lstmc_model *model = product->generated;
    Generated *it = context;
    model->prepare_training(it->training, rows->one->weights);
    model->reset_tape(it->training, it->tape);
    model->forward(it->training, it->tape, input_of(rows), rows->count, (uint64_t)rows->one->trains);
    if (rows->one->classes)
        *rows->values = model->loss_function(it->tape, classes_of(rows), sample_weight_of(rows), rows->scale);
    else
        copy_out((const float *)((const char *)it->tape + model->output_offset), (size_t)rows->count * model->output_count, rows->values);
    return 0;
}

static int run_step(const struct published_product *product, void *context, const Rows *rows)
{
    const struct lstmc_model *model = product->generated;
    const struct published_case *one = rows->one;
    Generated *it = context;
    size_t input = one->input_count / (size_t)one->steps;
    size_t output = model->output_rank > 1 ? model->output_count / (size_t)one->steps : model->output_count;
    if (!model->step)
        return -1;
    model->prepare(it->packed, one->weights);
    for (int row = 0; row < rows->count; row++) {
        double *to = rows->values + (size_t)row * model->output_count;
        const Rows single = { .one = one, .first = rows->first + row };
        model->reset(it->packed, it->state);
        for (int t = 0; t < one->steps; t++) {
            size_t offset = (size_t)t * input;
            const void *x = one->ids ? (const void *)((const int32_t *)input_of(&single) + offset)
                                     : (const void *)((const float *)input_of(&single) + offset);
            if (!model->step(it->packed, it->state, x, it->y))
                return -1;
            copy_out(it->y, output, model->output_rank > 1 ? to + (size_t)t * output : to);
        }
    }
    return 0;
}

/* ---- all of them ---- */

/* A loss for each sample is asked for one by one; everything else goes in whole batches, and losses are summed. */
static int run_rows(const struct published_product *product, const struct published_case *one, Road road, void *context, int samples, double *values)
{
    const struct lstmc_model *descriptor = &product->model->descriptor;
    int one_by_one = one->classes && one->expected_count == (size_t)one->samples;
    int batch = one_by_one ? 1 : descriptor->batch;
    double loss = 0;
    for (int first = 0; first < samples; first += batch) {
        Rows rows = { .one = one, .first = first, .count = samples - first < batch ? samples - first : batch, .scale = one->scale,
                      .output_count = descriptor->output_count };
        rows.values = one->classes ? &loss : values + (size_t)first * descriptor->output_count;
        double before = one->classes ? *values : 0;
        if (road(product, context, &rows))
            return -1;
        if (one_by_one)
            values[first] = loss;
        else if (one->classes)
            *values = (first ? before : 0) + loss;
    }
    return 0;
}

/* A loss and a training need a tape: predict, predict_batch and step have none. */
static int has_road(const struct published_case *one, enum published_road road)
{
    if (road == PUBLISHED_STEP)
        return one->steps > 0;
    return (!one->classes && !one->trains) || (road != PUBLISHED_PREDICT && road != PUBLISHED_BATCH);
}

static int check_counts(const struct published_case *one, const struct lstmc_model *descriptor, char *why)
{
    if (descriptor->weight_count == one->weight_count && descriptor->input_count == one->input_count &&
        (one->classes || descriptor->output_count * (size_t)one->samples == one->expected_count))
        return 0;
    snprintf(why, PUBLISHED_WHY, "%s: the model has %zu weights, %zu inputs, %zu outputs a sample; published are %zu, %zu, %zu", one->name,
             descriptor->weight_count, descriptor->input_count, descriptor->output_count, one->weight_count, one->input_count,
             one->expected_count / (size_t)one->samples);
    return -1;
}

int published_run(const struct published_case *one, const struct published_product *product, enum published_road road, int samples,
                  double *values, char why[PUBLISHED_WHY])
{
    static const Road generated_roads[PUBLISHED_ROADS] = { [PUBLISHED_PREDICT] = run_predict, [PUBLISHED_BATCH] = run_batch,
                                                           [PUBLISHED_FORWARD] = run_forward, [PUBLISHED_STEP] = run_step };
    struct lstmc_message message = { .text = "" };
    int status = -1, batch = product->model->descriptor.batch;
    if (!has_road(one, road))
        return 1;
    if (check_counts(one, &product->model->descriptor, why))
        return -1;
    if (samples == 0)
        samples = one->samples;
    if (road == PUBLISHED_DOUBLE) {
        Interpreter_double *it = interpreter_create_double(product->model, batch, NULL, &message);
        status = it ? run_rows(product, one, run_double, it, samples, values) : -1;
        interpreter_free_double(it);
    } else if (road == PUBLISHED_FLOAT) {
        Interpreter_float *it = interpreter_create_float(product->model, batch, NULL, &message);
        status = it ? run_rows(product, one, run_float, it, samples, values) : -1;
        interpreter_free_float(it);
    } else if (road == PUBLISHED_EVALUATOR) {
        Memory *memory = memory_create(product->training, false);
        status = run_rows(product, one, run_evaluator, memory, samples, values);
        memory_free(memory);
    } else {
        Generated it;
        create_generated(product->generated, &it);
        status = run_rows(product, one, generated_roads[road], &it, samples, values);
        free_generated(&it);
    }
    if (status)
        snprintf(why, PUBLISHED_WHY, "%s: %s failed: %.300s", one->name, published_road_names[road], message.text);
    return status;
}
