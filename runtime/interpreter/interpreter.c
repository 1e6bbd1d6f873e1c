/* interpreter.c: the walk over the layers, forward and back, and the memory of one instance. */
#include "internal.h"

#include "runtime/base/number.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* Arguments of Keras that this interpreter does not know: refused when they are set, rather than overlooked. */
static const char *const unsupported_arguments[] = { "dropout", "recurrent_dropout", "mask_zero", "return_state",
                                                     "zero_output_for_mask" };

static const LayerKind *kind_find(const Layer *layer)
{
    static const LayerKind *const kinds[] = { &kind_input,   &kind_embedding,    &kind_simple_rnn, &kind_lstm,
                                              &kind_gru,     &kind_dense,        &kind_activation, &kind_dropout,
                                              &kind_flatten, &kind_repeat_vector };
    if (layer->custom)
        return &kind_custom;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i]->name, layer->kind))
            return kinds[i];
    return NULL;
}

void *interpreter_room(Interpreter *it, size_t count, size_t size)
{
    if (it->block_count == it->block_capacity) {
        int capacity = it->block_capacity * 2 + 16;
        void **blocks = realloc(it->blocks, (size_t)capacity * sizeof *blocks);
        if (!blocks) {
            it->no_memory = true;
            return NULL;
        }
        it->blocks = blocks;
        it->block_capacity = capacity;
    }
    void *block = calloc(count ? count : 1, size);
    if (!block)
        it->no_memory = true;
    else
        it->blocks[it->block_count++] = block;
    return block;
}

const REAL *weights_of(const Interpreter *it, const struct lstmc_tensor *tensor)
{
    return tensor ? it->weights + tensor->offset : NULL;
}

REAL *gradients_of(const Interpreter *it, const Run *run, const struct lstmc_tensor *tensor)
{
    return tensor && tensor->trainable && run->layer->trainable ? it->gradients + tensor->offset : NULL;
}

static bool learns(const Layer *layer)
{
    for (int w = 0; w < layer->weight_count; w++)
        if (layer->trainable && layer->weights[w]->trainable)
            return true;
    return false;
}

/* ---- creation ---- */

static void *refuse(Interpreter *it, struct lstmc_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (message)
        lstmc_format_list(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    interpreter_free(it);
    return NULL;
}

static const char *check_layer(const Model *model, const Layer *layer)
{
    for (size_t i = 0; !layer->custom && i < sizeof unsupported_arguments / sizeof *unsupported_arguments; i++)
        if (layer_number(layer, unsupported_arguments[i], 0) != 0)
            return unsupported_arguments[i];
    for (int w = 0; w < layer->weight_count; w++) {
        const struct lstmc_tensor *tensor = layer->weights[w];
        size_t end = tensor->offset + tensor->count;
        if (end > model->descriptor.weight_count ||
            (layer->trainable && tensor->trainable && end > model->descriptor.gradient_count))
            return "a weight outside the weights, or a trainable one outside the gradients";
    }
    return NULL;
}

/* Connects layer `index` to the one before and lets its kind take what it needs. */
static const char *set_up_run(Interpreter *it, int index)
{
    const Layer *layer = &it->model->layers[index];
    Run *run = &it->runs[index];
    *run = (Run){ .layer = layer, .kind = kind_find(layer), .index = index, .input_count = shape_count(&layer->input),
                  .output_count = shape_count(&layer->output) };
    if (!run->kind)
        return "the interpreter has no such layer";
    if (run->kind == &kind_input)
        run->input_count = run->output_count;
    size_t expected = index > 0 ? it->runs[index - 1].output_count : it->model->descriptor.input_count;
    if (run->input_count != expected)
        return "its input is not the output of the layer before";
    const char *wrong = check_layer(it->model, layer);
    if (wrong)
        return wrong;

    run->x = index > 0 ? it->runs[index - 1].y : it->input;
    bool passes_ids = !run->x && run->kind == &kind_input;
    if (!passes_ids) {
        run->y = interpreter_room(it, (size_t)it->rows_max * run->output_count, sizeof(REAL));
        run->d_y = interpreter_room(it, (size_t)it->rows_max * run->output_count, sizeof(REAL));
    }
    return it->no_memory ? NULL : run->kind->set_up(it, run);
}

static void set_up_custom(Interpreter *it)
{
    size_t input = 0, output = 0;
    for (int i = 0; i < it->run_count; i++) {
        const Run *run = &it->runs[i];
        if (run->kind != &kind_custom)
            continue;
        input = run->input_count > input ? run->input_count : input;
        output = run->output_count > output ? run->output_count : output;
    }
    if (output == 0)
        return;
    it->custom_weights = interpreter_room(it, it->model->descriptor.weight_count, sizeof(double));
    it->custom_gradients = interpreter_room(it, it->model->descriptor.gradient_count, sizeof(double));
    it->custom_x = interpreter_room(it, (size_t)it->rows_max * input, sizeof(double));
    it->custom_d_x = interpreter_room(it, (size_t)it->rows_max * input, sizeof(double));
    it->custom_y = interpreter_room(it, (size_t)it->rows_max * output, sizeof(double));
    it->custom_d_y = interpreter_room(it, (size_t)it->rows_max * output, sizeof(double));
}

Interpreter *interpreter_create(const Model *model, int rows_max, const struct custom_layers *custom,
                                struct lstmc_message *message)
{
    Interpreter *it = calloc(1, sizeof *it);
    if (!it)
        return refuse(NULL, message, "no memory");
    it->model = model;
    it->custom = custom;
    it->rows_max = rows_max;
    const char *wrong = blas_open(it);
    if (wrong)
        return refuse(it, message, "%s", wrong);
    if (model->descriptor.input_is_tokens && model->descriptor.vocabulary < 1)
        return refuse(it, message, "a model of tokens needs a vocabulary");
    if (rows_max < 1 || model->layer_count < 1)
        return refuse(it, message, "nothing to run: %d rows, %d layers", rows_max, model->layer_count);

    size_t inputs = (size_t)rows_max * model->descriptor.input_count;
    if (model->descriptor.input_is_tokens)
        it->ids = interpreter_room(it, inputs, sizeof(int32_t));
    else
        it->input = interpreter_room(it, inputs, sizeof(REAL));
    it->runs = interpreter_room(it, (size_t)model->layer_count, sizeof(Run));
    for (int i = 0; i < model->layer_count && !it->no_memory; i++) {
        wrong = set_up_run(it, i);
        it->run_count = i + 1;
        if (wrong && !it->no_memory)
            return refuse(it, message, "%s: %s", model->layers[i].name, wrong);
    }
    if (!it->no_memory)
        set_up_custom(it);
    if (it->no_memory)
        return refuse(it, message, "no memory for %d rows", rows_max);
    if (!it->runs[it->run_count - 1].y)
        return refuse(it, message, "the model only passes token ids on");
    wrong = loss_set_up(it);
    if (wrong || it->no_memory)
        return refuse(it, message, "%s", wrong ? wrong : "no memory");
    interpreter_reset(it);
    return it;
}

void interpreter_free(Interpreter *it)
{
    if (!it)
        return;
    for (int i = 0; i < it->block_count; i++)
        free(it->blocks[i]);
    blas_close(it);
    free(it->blocks);
    free(it);
}

/* ---- the walk ---- */

void interpreter_forward(Interpreter *it, const REAL *weights, const void *x, int rows, int first_row, uint64_t seed)
{
    assert(rows >= 1 && rows <= it->rows_max);
    it->weights = weights;
    it->rows = rows;
    it->first_row = first_row;
    it->seed = seed;
    it->gradient_at_logits = false;
    it->kink_distance = INFINITY;
    it->kink_sides = 0;
    size_t count = (size_t)rows * it->model->descriptor.input_count;
    if (it->ids)
        memcpy(it->ids, x, count * sizeof(int32_t));
    else
        memcpy(it->input, x, count * sizeof(REAL));
    for (int32_t *id = it->ids; id && id < it->ids + count; id++)
        if (*id < 0 || *id >= it->model->descriptor.vocabulary)
            *id = 0;
    for (int i = 0; i < it->run_count; i++)
        it->runs[i].kind->forward(it, &it->runs[i]);
}

void interpreter_set_d_output(Interpreter *it, const REAL *d_output)
{
    const Run *last = &it->runs[it->run_count - 1];
    it->gradient_at_logits = false;
    memcpy(last->d_y, d_output, (size_t)it->rows * last->output_count * sizeof(REAL));
}

void interpreter_backward(Interpreter *it, REAL *gradients, REAL *d_input)
{
    assert(!d_input || it->input);
    it->gradients = gradients;
    int lowest = 0;     /* below it nobody wants a gradient */
    while (!d_input && lowest < it->run_count && !learns(it->runs[lowest].layer))
        lowest++;
    for (int i = it->run_count - 1; i >= lowest; i--) {
        Run *run = &it->runs[i];
        run->d_x = i == 0 ? d_input : i > lowest ? it->runs[i - 1].d_y : NULL;
        run->kind->backward(it, run);
    }
    it->gradients = NULL;
}

/* ---- what can be seen ---- */

const REAL *interpreter_output(const Interpreter *it)
{
    return it->runs[it->run_count - 1].y;
}

const REAL *interpreter_layer_output(const Interpreter *it, int layer)
{
    return it->runs[layer].y;
}

const REAL *interpreter_state(const Interpreter *it, int layer, const char *name, int shape[3])
{
    const Run *run = &it->runs[layer];
    const REAL *state = !strcmp(name, "h") ? run->h : !strcmp(name, "c") ? run->c : NULL;
    if (state && shape) {
        shape[0] = (int)run->steps + 1;
        shape[1] = it->rows_max;
        shape[2] = (int)run->units;
    }
    return state;
}

double interpreter_kink_distance(const Interpreter *it)
{
    return it->kink_distance;
}

uint64_t interpreter_kink_sides(const Interpreter *it)
{
    return it->kink_sides;
}

void interpreter_perturb(Interpreter *it, uint64_t seed)
{
    it->perturbed = seed;
}

/* ---- states ---- */

void interpreter_reset(Interpreter *it)
{
    for (int i = 0; i < it->run_count; i++) {
        const Run *run = &it->runs[i];
        size_t count = (size_t)it->rows_max * run->units;
        if (run->h)
            memset(run->h, 0, count * sizeof(REAL));
        if (run->c)
            memset(run->c, 0, count * sizeof(REAL));
        if (run->kind == &kind_custom && it->custom->reset)
            it->custom->reset(it->custom->context, i);
    }
}

void interpreter_carry(Interpreter *it)
{
    for (int i = 0; i < it->run_count; i++) {
        const Run *run = &it->runs[i];
        size_t count = (size_t)it->rows * run->units;
        if (run->h)
            memcpy(run->h, recurrent_state(it, run, run->h, run->steps), count * sizeof(REAL));
        if (run->c)
            memcpy(run->c, recurrent_state(it, run, run->c, run->steps), count * sizeof(REAL));
        if (run->kind == &kind_custom && it->custom->carry)
            it->custom->carry(it->custom->context, i);
    }
}
