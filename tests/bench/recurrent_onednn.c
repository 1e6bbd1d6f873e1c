/* recurrent_onednn.c: LSTM and GRU by oneDNN's RNN primitives. Weights lie as oneDNN likes them best (format "any") and are reordered when
 * they change: once for inference, after every update in training, as training must. Keras's layouts are oneDNN's own: ldigo, gates i f g o;
 * its lbr_gru is Keras's reset_after, with the biases of both sides of z and r in one. */
#include "network.h"

#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 24

/* Of libgomp, which oneDNN runs on; clang has no omp.h beside gcc's. */
void omp_set_num_threads(int threads);

typedef struct Arguments {
    int count;
    dnnl_exec_arg_t list[ARGUMENTS_MAX];
} Arguments;

typedef struct Reorder {
    dnnl_primitive_t primitive;     /* NULL: the memory is Keras's own */
    dnnl_exec_arg_t list[2];
} Reorder;

typedef struct Own {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t forward_desc, backward_desc;
    dnnl_primitive_t forward, backward;
    Arguments forward_arguments[2], backward_arguments;   /* [1]: streaming, the states exchanged */
    int turn;
    Reorder to_forward[2], to_backward[2], from_gradient[2];
    dnnl_memory_t memory[64];       /* all there are, to be freed */
    int memory_count;
    void *buffer[64];
    int buffer_count;
    dnnl_memory_t gradient[3];      /* of kernel, recurrent kernel, bias, as the library wants them; zeroed before backward adds to them */
    size_t gradient_bytes[3];
    float *bias;                    /* of a GRU: four rows */
} Own;

static void check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "bench: oneDNN: %s: status %d\n", what, (int)status);
    exit(1);
}
#define CHECK(call) check(call, #call)

static dnnl_memory_desc_t describe(int rank, const dnnl_dim_t *sizes, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = { 0 };   /* longer than any tensor here */
    memcpy(dims, sizes, (size_t)rank * sizeof *dims);
    CHECK(dnnl_memory_desc_init_by_tag(&desc, rank, dims, dnnl_f32, tag));
    return desc;
}

/* A memory over `at`, or over a new buffer of zeros. */
static dnnl_memory_t memory_at(Own *own, const dnnl_memory_desc_t *desc, const void *at)
{
    if (!at)
        at = own->buffer[own->buffer_count++] = checked_alloc(dnnl_memory_desc_get_size(desc));
    dnnl_memory_t memory;
    CHECK(dnnl_memory_create(&memory, desc, own->engine, (void *)at));
    return own->memory[own->memory_count++] = memory;
}

static void add(Arguments *arguments, int name, dnnl_memory_t memory)
{
    arguments->list[arguments->count++] = (dnnl_exec_arg_t){ name, memory };
}

/* Shapes of one layer; `any` is for the weights, in the order kernel, recurrent kernel, bias. */
typedef struct Shapes {
    dnnl_memory_desc_t x, h, state, kernel, recurrent_kernel, bias, keras_kernel, keras_recurrent_kernel;
} Shapes;

static Shapes shapes_of(const Recurrent *layer)
{
    dnnl_dim_t t = layer->steps, b = layer->rows, i = layer->inputs, n = layer->units, gates = gate_count(layer->kind);
    dnnl_dim_t bias_rows = 4;   /* of an LSTM its gates; of an lbr_gru z r h, and the recurrent side's h */
    return (Shapes){
        .x = describe(3, (dnnl_dim_t[]){ t, b, i }, dnnl_tnc),
        .h = describe(3, (dnnl_dim_t[]){ t, b, n }, dnnl_tnc),
        .state = describe(4, (dnnl_dim_t[]){ 1, 1, b, n }, dnnl_ldnc),
        .kernel = describe(5, (dnnl_dim_t[]){ 1, 1, i, gates, n }, dnnl_format_tag_any),
        .recurrent_kernel = describe(5, (dnnl_dim_t[]){ 1, 1, n, gates, n }, dnnl_format_tag_any),
        .bias = describe(4, (dnnl_dim_t[]){ 1, 1, bias_rows, n }, dnnl_ldgo),
        .keras_kernel = describe(5, (dnnl_dim_t[]){ 1, 1, i, gates, n }, dnnl_ldigo),
        .keras_recurrent_kernel = describe(5, (dnnl_dim_t[]){ 1, 1, n, gates, n }, dnnl_ldigo),
    };
}

static void create_forward(Recurrent *layer, const Shapes *s)
{
    Own *own = layer->own;
    dnnl_rnn_desc_t desc;
    dnnl_prop_kind_t kind = layer->training ? dnnl_forward_training : dnnl_forward_inference;
    const dnnl_memory_desc_t *state = layer->streaming || layer->training ? &s->state : NULL;   /* NULL: from zeros, nobody wants the end */
    if (layer->kind == LAYER_GRU)
        CHECK(dnnl_lbr_gru_forward_desc_init(&desc, kind, dnnl_unidirectional_left2right, &s->x, state, &s->kernel, &s->recurrent_kernel, &s->bias,
                                             &s->h, state, dnnl_rnn_flags_undef));
    else
        CHECK(dnnl_lstm_forward_desc_init(&desc, kind, dnnl_unidirectional_left2right, &s->x, state, state, &s->kernel, &s->recurrent_kernel,
                                          &s->bias, &s->h, state, state, dnnl_rnn_flags_undef));
    CHECK(dnnl_primitive_desc_create(&own->forward_desc, &desc, NULL, own->engine, NULL));
    CHECK(dnnl_primitive_create(&own->forward, own->forward_desc));
}

static void create_backward(Recurrent *layer, const Shapes *s)
{
    Own *own = layer->own;
    dnnl_rnn_desc_t desc;
    const dnnl_memory_desc_t *state = &s->state;
    CHECK(dnnl_lstm_backward_desc_init(&desc, dnnl_backward, dnnl_unidirectional_left2right, &s->x, state, state, &s->kernel, &s->recurrent_kernel,
                                       &s->bias, &s->h, state, state, &s->x, state, state, &s->kernel, &s->recurrent_kernel, &s->bias, &s->h,
                                       state, state, dnnl_rnn_flags_undef));
    CHECK(dnnl_primitive_desc_create(&own->backward_desc, &desc, NULL, own->engine, own->forward_desc));
    CHECK(dnnl_primitive_create(&own->backward, own->backward_desc));
}

static Reorder reorder(Own *own, dnnl_memory_t from, const dnnl_memory_desc_t *from_desc, dnnl_memory_t to, const dnnl_memory_desc_t *to_desc)
{
    Reorder made = { .list = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } } };
    dnnl_primitive_desc_t desc;
    CHECK(dnnl_reorder_primitive_desc_create(&desc, from_desc, own->engine, to_desc, own->engine, NULL));
    CHECK(dnnl_primitive_create(&made.primitive, desc));
    CHECK(dnnl_primitive_desc_destroy(desc));
    return made;
}

static const dnnl_memory_desc_t *wanted(dnnl_primitive_desc_t desc, int name)
{
    return dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md, name);
}

/* The memory that a primitive wants for `name`: Keras's own where the layouts agree, else one that the reorder fills. */
static dnnl_memory_t weights_for(Own *own, dnnl_primitive_desc_t desc, int name, const dnnl_memory_desc_t *keras, const float *at, Reorder *made)
{
    const dnnl_memory_desc_t *layout = wanted(desc, name);
    dnnl_memory_t plain = memory_at(own, keras, at);
    if (dnnl_memory_desc_equal(layout, keras))
        return plain;
    dnnl_memory_t memory = memory_at(own, layout, NULL);
    *made = reorder(own, plain, keras, memory, layout);
    return memory;
}

/* The other way: where backward leaves a gradient, and how it comes into Keras's layout. */
static dnnl_memory_t gradient_for(Own *own, int index, int name, const dnnl_memory_desc_t *keras, float *at, Reorder *made)
{
    const dnnl_memory_desc_t *layout = wanted(own->backward_desc, name);
    own->gradient_bytes[index] = dnnl_memory_desc_get_size(layout);
    if (dnnl_memory_desc_equal(layout, keras))
        return own->gradient[index] = memory_at(own, keras, at);
    own->gradient[index] = memory_at(own, layout, NULL);
    *made = reorder(own, own->gradient[index], layout, memory_at(own, keras, at), keras);
    return own->gradient[index];
}

static void set_forward_arguments(Recurrent *layer, const Shapes *s, dnnl_memory_t workspace)
{
    Own *own = layer->own;
    Arguments *a = &own->forward_arguments[0];
    add(a, DNNL_ARG_SRC_LAYER, memory_at(own, &s->x, layer->x));
    add(a, DNNL_ARG_WEIGHTS_LAYER,
        weights_for(own, own->forward_desc, DNNL_ARG_WEIGHTS_LAYER, &s->keras_kernel, layer->kernel, &own->to_forward[0]));
    add(a, DNNL_ARG_WEIGHTS_ITER,
        weights_for(own, own->forward_desc, DNNL_ARG_WEIGHTS_ITER, &s->keras_recurrent_kernel, layer->recurrent_kernel, &own->to_forward[1]));
    add(a, DNNL_ARG_BIAS, memory_at(own, &s->bias, own->bias ? own->bias : layer->bias));
    add(a, DNNL_ARG_DST_LAYER, memory_at(own, &s->h, layer->h));
    if (workspace)
        add(a, DNNL_ARG_WORKSPACE, workspace);
    if (!layer->streaming && !layer->training)
        return;
    dnnl_memory_t h[2] = { memory_at(own, &s->state, NULL), memory_at(own, &s->state, NULL) };
    dnnl_memory_t c[2] = { memory_at(own, &s->state, NULL), memory_at(own, &s->state, NULL) };
    own->forward_arguments[1] = *a;
    for (int turn = 0; turn < 2; turn++) {
        Arguments *of_turn = &own->forward_arguments[turn];
        add(of_turn, DNNL_ARG_SRC_ITER, h[turn]);
        add(of_turn, DNNL_ARG_DST_ITER, h[!turn]);
        if (layer->kind == LAYER_GRU)
            continue;
        add(of_turn, DNNL_ARG_SRC_ITER_C, c[turn]);
        add(of_turn, DNNL_ARG_DST_ITER_C, c[!turn]);
    }
}

/* The states before and after, which are zeros and ignored, and their gradients, likewise. Without them oneDNN 2.6 computes a wrong gradient
 * of the recurrent kernel. */
static void add_states(Own *own, Arguments *a, const Shapes *s)
{
    static const int names[] = { DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER_C, DNNL_ARG_DIFF_DST_ITER, DNNL_ARG_DIFF_DST_ITER_C };
    const Arguments *forward = &own->forward_arguments[0];
    for (int i = 0; i < forward->count; i++) {
        int name = forward->list[i].arg;
        if (name == DNNL_ARG_SRC_ITER || name == DNNL_ARG_SRC_ITER_C || name == DNNL_ARG_DST_ITER || name == DNNL_ARG_DST_ITER_C)
            add(a, name, forward->list[i].memory);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add(a, names[i], memory_at(own, &s->state, NULL));
}

static void set_backward_arguments(Recurrent *layer, const Shapes *s, dnnl_memory_t workspace)
{
    Own *own = layer->own;
    Arguments *a = &own->backward_arguments;
    add(a, DNNL_ARG_SRC_LAYER, memory_at(own, &s->x, layer->x));
    add(a, DNNL_ARG_WEIGHTS_LAYER,
        weights_for(own, own->backward_desc, DNNL_ARG_WEIGHTS_LAYER, &s->keras_kernel, layer->kernel, &own->to_backward[0]));
    add(a, DNNL_ARG_WEIGHTS_ITER,
        weights_for(own, own->backward_desc, DNNL_ARG_WEIGHTS_ITER, &s->keras_recurrent_kernel, layer->recurrent_kernel, &own->to_backward[1]));
    add(a, DNNL_ARG_BIAS, memory_at(own, &s->bias, layer->bias));
    add(a, DNNL_ARG_DST_LAYER, memory_at(own, &s->h, layer->h));
    add(a, DNNL_ARG_WORKSPACE, workspace);
    add_states(own, a, s);
    add(a, DNNL_ARG_DIFF_DST_LAYER, memory_at(own, &s->h, layer->d_h));
    add(a, DNNL_ARG_DIFF_SRC_LAYER, memory_at(own, &s->x, layer->d_x));   /* it computes this one whether wanted or not */
    add(a, DNNL_ARG_DIFF_WEIGHTS_LAYER, gradient_for(own, 0, DNNL_ARG_DIFF_WEIGHTS_LAYER, &s->keras_kernel, layer->d_kernel, &own->from_gradient[0]));
    add(a, DNNL_ARG_DIFF_WEIGHTS_ITER,
        gradient_for(own, 1, DNNL_ARG_DIFF_WEIGHTS_ITER, &s->keras_recurrent_kernel, layer->d_recurrent_kernel, &own->from_gradient[1]));
    add(a, DNNL_ARG_DIFF_BIAS, own->gradient[2] = memory_at(own, &s->bias, layer->d_bias));
    own->gradient_bytes[2] = dnnl_memory_desc_get_size(&s->bias);
}

static bool open_layer(Recurrent *layer, char *why)
{
    if (layer->kind == LAYER_GRU && layer->training) {
        snprintf(why, WHY_MAX, "the bench has no GRU training for it");
        return false;
    }
    omp_set_num_threads(layer->threads);
    Own *own = layer->own = checked_alloc(sizeof *own);
    CHECK(dnnl_engine_create(&own->engine, dnnl_cpu, 0));
    CHECK(dnnl_stream_create(&own->stream, own->engine, dnnl_stream_default_flags));
    if (layer->kind == LAYER_GRU)
        own->bias = checked_alloc(4 * (size_t)layer->units * sizeof(float));
    Shapes shapes = shapes_of(layer);
    create_forward(layer, &shapes);
    dnnl_memory_t workspace = layer->training ? memory_at(own, wanted(own->forward_desc, DNNL_ARG_WORKSPACE), NULL) : NULL;
    set_forward_arguments(layer, &shapes, workspace);
    if (!layer->training)
        return true;
    create_backward(layer, &shapes);
    set_backward_arguments(layer, &shapes, workspace);
    return true;
}

static void execute(Own *own, dnnl_primitive_t primitive, int count, const dnnl_exec_arg_t *list)
{
    if (primitive)
        CHECK(dnnl_primitive_execute(primitive, own->stream, count, list));
}

/* Keras: z r h of the input side, then z r h of the recurrent side. */
static void join_biases(const Recurrent *layer, float *bias)
{
    size_t units = (size_t)layer->units;
    for (size_t i = 0; i < 2 * units; i++)
        bias[i] = layer->bias[i] + layer->bias[3 * units + i];
    memcpy(bias + 2 * units, layer->bias + 2 * units, units * sizeof(float));
    memcpy(bias + 3 * units, layer->bias + 5 * units, units * sizeof(float));
}

static void update_layer(Recurrent *layer)
{
    Own *own = layer->own;
    if (own->bias)
        join_biases(layer, own->bias);
    for (int i = 0; i < 2; i++) {
        execute(own, own->to_forward[i].primitive, 2, own->to_forward[i].list);
        execute(own, own->to_backward[i].primitive, 2, own->to_backward[i].list);
    }
    CHECK(dnnl_stream_wait(own->stream));
}

static void forward_layer(Recurrent *layer)
{
    Own *own = layer->own;
    const Arguments *arguments = &own->forward_arguments[layer->streaming ? own->turn : 0];
    own->turn = !own->turn;
    execute(own, own->forward, arguments->count, arguments->list);
    CHECK(dnnl_stream_wait(own->stream));
}

static void backward_layer(Recurrent *layer)
{
    Own *own = layer->own;
    for (int i = 0; i < 3; i++) {
        void *at;
        CHECK(dnnl_memory_get_data_handle(own->gradient[i], &at));
        memset(at, 0, own->gradient_bytes[i]);
    }
    execute(own, own->backward, own->backward_arguments.count, own->backward_arguments.list);
    for (int i = 0; i < 2; i++)
        execute(own, own->from_gradient[i].primitive, 2, own->from_gradient[i].list);
    CHECK(dnnl_stream_wait(own->stream));
}

static void free_reorders(Reorder *reorders)
{
    for (int i = 0; i < 2; i++)
        if (reorders[i].primitive)
            CHECK(dnnl_primitive_destroy(reorders[i].primitive));
}

static void close_layer(Recurrent *layer)
{
    Own *own = layer->own;
    free_reorders(own->to_forward);
    free_reorders(own->to_backward);
    free_reorders(own->from_gradient);
    CHECK(dnnl_primitive_destroy(own->forward));
    CHECK(dnnl_primitive_desc_destroy(own->forward_desc));
    if (own->backward) {
        CHECK(dnnl_primitive_destroy(own->backward));
        CHECK(dnnl_primitive_desc_destroy(own->backward_desc));
    }
    for (int i = 0; i < own->memory_count; i++)
        CHECK(dnnl_memory_destroy(own->memory[i]));
    for (int i = 0; i < own->buffer_count; i++)
        checked_free(own->buffer[i]);
    CHECK(dnnl_stream_destroy(own->stream));
    CHECK(dnnl_engine_destroy(own->engine));
    checked_free(own->bias);
    checked_free(own);
}

const RecurrentLibrary recurrent_onednn = { "oneDNN", open_layer, update_layer, forward_layer, backward_layer, close_layer };

static void *open_onednn(const Task *task, const Data *data, char *why)
{
    return network_open(task, data, &recurrent_onednn, why);
}

const Peer peer_onednn = { "oneDNN", open_onednn, network_run, network_look, network_close };
