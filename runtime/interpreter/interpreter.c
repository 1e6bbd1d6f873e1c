/* interpreter.c: the walk over the layers, forward and back, and the memory of one instance. */
#include "internal.h"

#include "runtime/base/number.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static const LayerKind *kind_find(const Interpreter *it, const Layer *layer)
{
    static const LayerKind *const composed[] = { &composed_dense, &composed_simple_rnn, &composed_lstm, &composed_gru };
    static const LayerKind *const kinds[] = { &kind_input, &kind_ignore_mask, &kind_with_mask, &kind_embedding,
                                              &kind_simple_rnn, &kind_lstm,
                                              &kind_rnn, &kind_layer_norm_lstm, &kind_layer_norm_gru,
                                              &kind_gru,     &kind_dense,        &kind_activation, &kind_dropout,
                                              &kind_flatten, &kind_repeat_vector, &kind_concatenate, &kind_add,
                                              &kind_subtract, &kind_multiply, &kind_average, &kind_maximum,
                                              &kind_minimum, &kind_bidirectional, &kind_masking,
                                              &kind_batch_normalization,
                                              &kind_layer_normalization, &kind_rms_normalization,
                                              &kind_unit_normalization, &kind_depthwise_conv1d,
                                              &kind_separable_conv1d, &kind_conv1d_transpose, &kind_time_distributed,
                                              &kind_sequential,
                                              &kind_conv1d, &kind_max_pooling1d, &kind_average_pooling1d,
                                              &kind_global_max_pooling1d, &kind_global_average_pooling1d,
                                              &kind_softmax, &kind_relu, &kind_leaky_relu, &kind_thresholded_relu,
                                              &kind_prelu, &kind_elu, &kind_rescaling, &kind_activity_regularization,
                                              &kind_normalization,
                                              &kind_spatial_dropout1d,
                                              &kind_gaussian_noise, &kind_gaussian_dropout, &kind_alpha_dropout,
                                              &kind_reshape, &kind_permute, &kind_zero_padding1d, &kind_cropping1d,
                                              &kind_up_sampling1d, &kind_conv2d, &kind_conv_lstm2d, &kind_max_pooling2d,
                                              &kind_average_pooling2d, &kind_global_max_pooling2d,
                                              &kind_global_average_pooling2d, &kind_zero_padding2d, &kind_cropping2d,
                                              &kind_up_sampling2d, &kind_attention, &kind_additive_attention,
                                              &kind_multi_head_attention, &kind_dot, &kind_final_state };
    if (layer->custom)
        return &kind_custom;
    const char *begins = layer_text(layer, "initial_state");
    bool in_words = it->composed || layer_number(layer, "dropout", 0) > 0 ||
                    layer_number(layer, "recurrent_dropout", 0) > 0 || layer_flag(layer, "zero_output_for_mask") ||
                    layer_flag(layer, "use_peepholes") || layer_flag(layer, "cell_clip") ||
                    layer_flag(layer, "projection") ||
                    layer_flag(layer, "truncate") || layer_flag(layer, "return_state") ||
                    layer->from_count > 1 || (begins && strcmp(begins, "zeros"));
    for (size_t i = 0; in_words && i < sizeof composed / sizeof *composed; i++)
        if (!strcmp(composed[i]->name, layer->kind))
            return composed[i];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i]->name, layer->kind))
            return kinds[i];
    return NULL;
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
    for (int w = 0; w < layer->weight_count; w++) {
        const struct lstmc_tensor *tensor = layer->weights[w];
        size_t end = tensor->offset + tensor->count;
        if (end > model->descriptor.weight_count ||
            (layer->trainable && tensor->trainable && end > model->descriptor.gradient_count))
            return "a weight outside the weights, or a trainable one outside the gradients";
    }
    return NULL;
}

/* Input number k of the model. One that is not an Input layer's (none is there) is the descriptor's. */
static void set_up_input(Interpreter *it, int k)
{
    const Model *model = it->model;
    const struct lstmc_model *descriptor = &model->descriptor;
    Value *input = &it->inputs[k];
    if (k < model->input_count)
        input->shape = model->layers[model->inputs[k]].output;
    else
        input->shape.rank = descriptor->input_rank;
    if (k >= model->input_count)
        memcpy(input->shape.extent, descriptor->input_shape, sizeof descriptor->input_shape);
    input->count = shape_count(&input->shape);
    input->vocabulary = it->input_count > 1           ? model->layers[model->inputs[k]].vocabulary
                        : descriptor->input_is_tokens ? descriptor->vocabulary
                                                      : 0;
    size_t count = (size_t)it->rows_max * input->count;
    if (input->vocabulary > 0)
        input->ids = interpreter_room(it, count, sizeof(int32_t));
    else
        input->y = interpreter_room(it, count, sizeof(REAL));
}

/* The values that layer `index` reads: NULL, or what is wrong. */
static const char *connect(Interpreter *it, Run *run, int index)
{
    const Layer *layer = run->layer;
    run->in_count = layer->from_count > 0 ? layer->from_count : 1;
    run->in = interpreter_room(it, 2 * (size_t)run->in_count, sizeof *run->in);
    if (it->no_memory)
        return NULL;
    run->in[0] = &it->inputs[0];
    for (int k = 0; k < it->model->input_count; k++)
        if (it->model->inputs[k] == index)
            run->in[0] = &it->inputs[k];
    for (int i = 0; i < layer->from_count; i++) {
        if (layer->from[i] < 0 || layer->from[i] >= index)
            return "it reads a layer that does not come before it";
        Run *from = &it->runs[layer->from[i]];
        from->is_read = true;
        run->in[i] = &from->out;
    }
    for (int i = 0, count = run->in_count; layer->custom && i < count; i++)
        if (run->in[i]->mask)                       /* to its mathematics masks are further inputs */
            run->in[run->in_count++] = run->in[i]->mask;
    bool is_input = run->kind == &kind_input;
    if (run->in[0]->count != shape_count(is_input ? &layer->output : &layer->input))
        return "its input is not the output of the layer before";
    if (run->in_count > 1 && !run->kind->many)
        return "it reads one layer, and was given several";
    for (int i = 0; i < run->in_count; i++)
        if (run->in[i]->ids && !run->kind->reads_ids)
            return "token ids are no numbers: an Embedding makes numbers of them";
    return NULL;
}

static const char *new_mask(Interpreter *it, Run *run)
{
    Value *mask = interpreter_room(it, 1, sizeof *mask);
    if (mask) {
        int steps = run->layer->output.extent[0];
        *mask = (Value){ .shape = { 1, { steps } }, .count = (size_t)steps };
        mask->y = interpreter_room(it, (size_t)it->rows_max * mask->count, sizeof(REAL));
    }
    run->out.mask = mask;
    return NULL;
}

/* Lets a run's kind take what it needs, and a place for what it puts out. */
static const char *set_up_kind(Interpreter *it, Run *run)
{
    const char *wrong = run->kind->set_up(it, run);
    if (run->in[0]->ids && run->kind == &kind_input) {
        run->out.ids = run->in[0]->ids;
        run->out.vocabulary = run->in[0]->vocabulary;
    } else if (!wrong && !run->result) {
        run->out.y = interpreter_room(it, (size_t)it->rows_max * run->out.count, sizeof(REAL));
        run->out.d_y = interpreter_room(it, (size_t)it->rows_max * run->out.count, sizeof(REAL));
    }
    return wrong;
}

static const char *set_up_inner(Interpreter *it, Run *run, const Layer *layer, Value *x)
{
    Value **in = interpreter_room(it, 1, sizeof *in);
    *run = (Run){ .layer = layer, .kind = kind_find(it, layer), .index = layer->place, .in = in, .in_count = 1,
                  .out = { .shape = layer->output, .count = shape_count(&layer->output) } };
    if (!run->kind)
        return "the interpreter has no such layer";
    if (!in)
        return NULL;
    in[0] = x;
    return set_up_kind(it, run);
}

/* Connects layer `index` to those that it reads and lets its kind take what it needs. */
static const char *set_up_run(Interpreter *it, int index)
{
    const Layer *layer = &it->model->layers[index];
    Run *run = &it->runs[index];
    *run = (Run){ .layer = layer, .kind = kind_find(it, layer), .index = index,
                  .out = { .shape = layer->output, .count = shape_count(&layer->output) } };
    if (!run->kind)
        return "the interpreter has no such layer";
    const char *wrong = connect(it, run, index);
    if (!wrong && !it->no_memory)
        wrong = check_layer(it->model, layer);
    if (wrong || it->no_memory)
        return wrong;
    if (layer->makes_mask)
        wrong = new_mask(it, run);
    else if (layer->masked)
        run->out.mask = run->in[0]->mask;
    if (wrong || it->no_memory)
        return wrong;
    return set_up_kind(it, run);
}

static void set_up_custom(Interpreter *it)
{
    size_t output = 0;
    for (int i = 0; i < it->run_count; i++)
        if (it->runs[i].kind == &kind_custom && it->runs[i].out.count > output)
            output = it->runs[i].out.count;
    if (output == 0)
        return;
    it->custom_weights = interpreter_room(it, it->model->descriptor.weight_count, sizeof(double));
    it->custom_gradients = interpreter_room(it, it->model->descriptor.gradient_count, sizeof(double));
    it->custom_y = interpreter_room(it, (size_t)it->rows_max * output, sizeof(double));
    it->custom_d_y = interpreter_room(it, (size_t)it->rows_max * output, sizeof(double));
}

static const char *set_up_outputs(Interpreter *it)
{
    it->output_count = it->model->output_count;
    it->outputs = interpreter_room(it, (size_t)it->output_count, sizeof *it->outputs);
    it->d_outputs = interpreter_room(it, (size_t)it->output_count, sizeof *it->d_outputs);
    for (int k = 0; k < it->output_count && !it->no_memory; k++) {
        it->outputs[k] = &it->runs[it->model->outputs[k]];
        if (!it->outputs[k]->out.y)
            return "the model only passes token ids on";
        it->d_outputs[k] = interpreter_room(it, (size_t)it->rows_max * it->outputs[k]->out.count, sizeof(REAL));
    }
    if (it->model->descriptor.outputs)
        it->output_rows = interpreter_room(it, (size_t)it->rows_max * it->model->descriptor.output_count, sizeof(REAL));
    return it->no_memory ? NULL : losses_set_up(it);
}

/* Everything that an instance needs: NULL, or what is wrong; `layer` is the name of the one that is to blame. */
static const char *set_up(Interpreter *it, const char **layer)
{
    const Model *model = it->model;
    it->input_count = model->input_count > 0 ? model->input_count : 1;
    it->inputs = interpreter_room(it, (size_t)it->input_count, sizeof *it->inputs);
    it->runs = interpreter_room(it, (size_t)model->layer_count, sizeof *it->runs);
    for (int k = 0; k < it->input_count && !it->no_memory; k++)
        set_up_input(it, k);
    for (int i = 0; i < model->layer_count && !it->no_memory; i++) {
        const char *wrong = set_up_run(it, i);
        it->run_count = i + 1;
        *layer = model->layers[i].name;
        if (wrong)
            return wrong;
    }
    *layer = NULL;
    if (!it->no_memory)
        set_up_custom(it);
    return it->no_memory ? NULL : set_up_outputs(it);
}

static Interpreter *create(const Model *model, int rows_max, const struct custom_layers *custom, bool composed,
                           struct lstmc_message *message)
{
    Interpreter *it = calloc(1, sizeof *it);
    if (!it)
        return refuse(NULL, message, "no memory");
    it->model = model;
    it->custom = custom;
    it->composed = composed;
    it->set_up_inner = set_up_inner;
    it->rows_max = rows_max;
    it->fold = 1;
    const char *wrong = blas_open(it);
    if (wrong)
        return refuse(it, message, "%s", wrong);
    if (model->descriptor.input_is_tokens && model->descriptor.vocabulary < 1)
        return refuse(it, message, "a model of tokens needs a vocabulary");
    if (rows_max < 1 || model->layer_count < 1 || model->output_count < 1)
        return refuse(it, message, "nothing to run: %d rows, %d layers", rows_max, model->layer_count);
    const char *layer = NULL;
    wrong = set_up(it, &layer);
    if (it->no_memory)
        return refuse(it, message, "no memory for %d rows", rows_max);
    if (wrong)
        return refuse(it, message, "%s%s%s", layer ? layer : "", layer ? ": " : "", wrong);
    interpreter_reset(it);
    return it;
}

Interpreter *interpreter_create(const Model *model, int rows_max, const struct custom_layers *custom,
                                struct lstmc_message *message)
{
    return create(model, rows_max, custom, false, message);
}

Interpreter *interpreter_create_composed(const Model *model, int rows_max, const struct custom_layers *custom,
                                         struct lstmc_message *message)
{
    return create(model, rows_max, custom, true, message);
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

static size_t sample_bytes(const Value *input)
{
    return input->count * (input->ids ? sizeof(int32_t) : sizeof(REAL));
}

/* `stride`: bytes from one sample to the next. */
static void read_input(Interpreter *it, const Value *input, const void *x, size_t stride)
{
    size_t bytes = sample_bytes(input);
    char *to = input->ids ? (char *)input->ids : (char *)input->y;
    for (int row = 0; row < it->rows; row++)
        memcpy(to + (size_t)row * bytes, (const char *)x + (size_t)row * stride, bytes);
    for (size_t i = 0; input->ids && i < (size_t)it->rows * input->count; i++)
        if (input->ids[i] < 0 || input->ids[i] >= input->vocabulary)
            input->ids[i] = 0;
}

static void begin_forward(Interpreter *it, const REAL *weights, int rows, int first_row, uint64_t seed)
{
    assert(rows >= 1 && rows <= it->rows_max);
    it->weights = weights;
    it->rows = rows;
    it->first_row = first_row;
    it->seed = seed;
    for (int k = 0; k < it->output_count; k++)
        it->losses[k].gradient_at_logits = false;
    it->kink_distance = INFINITY;
    it->kink_sides = 0;
    it->sample_scale = 0;
}

/* Several outputs one behind the other. */
static void gather_outputs(Interpreter *it)
{
    size_t stride = it->model->descriptor.output_count, offset = 0;
    for (int k = 0; k < it->output_count; k++) {
        const Value *out = &it->outputs[k]->out;
        for (size_t row = 0; row < (size_t)it->rows; row++)
            memcpy(it->output_rows + row * stride + offset, out->y + row * out->count, out->count * sizeof(REAL));
        offset += out->count;
    }
}

void interpreter_update(Interpreter *it, REAL *weights)
{
    for (int i = 0; it->seed && i < it->run_count; i++)
        if (it->runs[i].kind->update)
            it->runs[i].kind->update(it, &it->runs[i], weights);
}

static void run_forward(Interpreter *it)
{
    for (int i = 0; i < it->run_count; i++)
        it->runs[i].kind->forward(it, &it->runs[i]);
    if (it->output_rows)
        gather_outputs(it);
}

void interpreter_forward_all(Interpreter *it, const REAL *weights, const void *const *x, int rows, int first_row,
                             uint64_t seed)
{
    begin_forward(it, weights, rows, first_row, seed);
    for (int k = 0; k < it->input_count; k++)
        read_input(it, &it->inputs[k], x[k], sample_bytes(&it->inputs[k]));
    run_forward(it);
}

void interpreter_forward(Interpreter *it, const REAL *weights, const void *x, int rows, int first_row, uint64_t seed)
{
    size_t stride = 0, offset = 0;
    begin_forward(it, weights, rows, first_row, seed);
    for (int k = 0; k < it->input_count; k++)
        stride += sample_bytes(&it->inputs[k]);
    for (int k = 0; k < it->input_count; k++) {
        read_input(it, &it->inputs[k], (const char *)x + offset, stride);
        offset += sample_bytes(&it->inputs[k]);
    }
    run_forward(it);
}

void interpreter_set_d_outputs(Interpreter *it, const REAL *const *d_outputs)
{
    for (int k = 0; k < it->output_count; k++) {
        it->losses[k].gradient_at_logits = false;
        it->sample_scale = 0;
        memcpy(it->d_outputs[k], d_outputs[k], (size_t)it->rows * it->outputs[k]->out.count * sizeof(REAL));
    }
}

void interpreter_set_d_output(Interpreter *it, const REAL *d_output)
{
    if (!it->output_rows) {
        assert(it->output_count == 1);
        interpreter_set_d_outputs(it, &d_output);
        return;
    }
    size_t stride = it->model->descriptor.output_count, offset = 0;
    for (int k = 0; k < it->output_count; k++) {
        size_t count = it->outputs[k]->out.count;
        it->losses[k].gradient_at_logits = false;
        it->sample_scale = 0;
        for (size_t row = 0; row < (size_t)it->rows; row++)
            memcpy(it->d_outputs[k] + row * count, d_output + row * stride + offset, count * sizeof(REAL));
        offset += count;
    }
}

/* Whose adjoints are wanted this time: what learns, and all that reads it, or an input whose gradient is asked for.
 * Those are cleared, and what comes from outside is added. */
static void begin_backward(Interpreter *it, REAL *const *d_inputs)
{
    for (int k = 0; k < it->input_count; k++) {
        Value *input = &it->inputs[k];
        input->d_y = d_inputs ? d_inputs[k] : NULL;
        input->wanted = input->d_y != NULL;
        assert(!input->wanted || !input->ids);
        if (input->wanted)
            memset(input->d_y, 0, (size_t)it->rows * input->count * sizeof(REAL));
    }
    for (int i = 0; i < it->run_count; i++) {
        Run *run = &it->runs[i];
        run->out.wanted = learns(run->layer);
        for (int n = 0; n < run->in_count; n++)
            run->out.wanted |= run->in[n]->wanted;
        if (run->out.wanted)
            memset(run->out.d_y, 0, (size_t)it->rows * run->out.count * sizeof(REAL));
    }
    for (int k = 0; k < it->output_count; k++) {
        const Value *out = &it->outputs[k]->out;
        bool elsewhere = it->losses[k].gradient_at_logits;
        for (size_t i = 0; out->wanted && !elsewhere && i < (size_t)it->rows * out->count; i++)
            out->d_y[i] += it->d_outputs[k][i];
    }
    for (int i = 0; i < it->run_count; i++)
        activity_backward(it, &it->runs[i]);
}

void interpreter_backward_all(Interpreter *it, REAL *gradients, REAL *const *d_inputs)
{
    it->gradients = gradients;
    begin_backward(it, d_inputs);
    for (int i = it->run_count - 1; i >= 0; i--)
        if (it->runs[i].out.wanted)
            it->runs[i].kind->backward(it, &it->runs[i]);
    it->gradients = NULL;
}

void interpreter_backward(Interpreter *it, REAL *gradients, REAL *d_input)
{
    assert(!d_input || it->input_count == 1);
    interpreter_backward_all(it, gradients, d_input ? &d_input : NULL);
}

/* ---- what can be seen ---- */

const REAL *interpreter_output(const Interpreter *it)
{
    return it->output_rows ? it->output_rows : it->outputs[it->output_count - 1]->out.y;
}

const REAL *interpreter_layer_output(const Interpreter *it, int layer)
{
    return it->runs[layer].out.y;
}

const REAL *interpreter_state(const Interpreter *it, int layer, const char *name, int shape[3])
{
    const Run *run = &it->runs[layer];
    const State *state = NULL;
    for (int s = 0; s < run->state_count && !state; s++)
        if (!strcmp(run->states[s].name, name))
            state = &run->states[s];
    if (state && shape) {
        shape[0] = (int)state->steps + 1;
        shape[1] = it->rows_max;
        shape[2] = (int)state->count;
    }
    return state ? state->values : NULL;
}

const char *interpreter_state_name(const Interpreter *it, int layer, int number)
{
    return number < it->runs[layer].state_count ? it->runs[layer].states[number].name : NULL;
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
        for (int s = 0; s < run->state_count; s++) {
            memset(run->states[s].values, 0, (size_t)it->rows_max * run->states[s].count * sizeof(REAL));
            run->states[s].fresh = true;
        }
        if (run->kind == &kind_custom && it->custom->reset)
            it->custom->reset(it->custom->context, i);
    }
}

void interpreter_carry(Interpreter *it)
{
    for (int i = 0; i < it->run_count; i++) {
        const Run *run = &it->runs[i];
        for (int s = 0; s < run->state_count; s++) {
            State *state = &run->states[s];
            state->fresh = it->model->stateful && !state->stateful;
            if (it->model->stateful && !state->stateful)
                memset(state->values, 0, (size_t)it->rows_max * state->count * sizeof(REAL));
            else if (!state->computed)
                memcpy(state->values, state_row(it, state, state->steps),
                       (size_t)it->rows * state->count * sizeof(REAL));
        }
        if (run->kind == &kind_custom && it->custom->carry)
            it->custom->carry(it->custom->context, i);
    }
}
