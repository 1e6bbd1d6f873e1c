/* recurrent_onednn.c: recurrent layers by oneDNN's RNN primitives. Keras's layouts are oneDNN's own: ldigo, gates
 * i f g o, and z r h of both GRUs: its plain one has the reset before the product, as Keras's of reset_after = false;
 * its lbr_gru is Keras's reset_after, with the biases of both sides of z and r in one. Of a bidirectional LSTM oneDNN
 * wants the kernels of both directions, then both recurrent kernels, then both biases, which Keras has one direction
 * behind the other. */
#include "onednn.h"

#include <stdlib.h>
#include <string.h>

enum { KERNEL, RECURRENT_KERNEL, BIAS, PARTS };

typedef struct Own {
    Engine *engine;
    Primitive forward, backward;
    Primitive other_turn;           /* streaming: `forward` with the states exchanged */
    int turn;
    Primitive to_forward[2], to_backward[2], from_gradient[2];
    dnnl_memory_t gradient[PARTS];  /* as the library wants them; zeroed before backward adds to them */
    size_t gradient_bytes[PARTS];
    float *bias, *d_bias;           /* of an lbr_gru: four rows */
    float *joined[PARTS], *d_joined[PARTS];   /* bidirectional: both directions of each part */
} Own;

/* Shapes of one layer; `any` is for the weights, in the order kernel, recurrent kernel, bias. */
typedef struct Shapes {
    dnnl_memory_desc_t x, h, state, kernel, recurrent_kernel, bias, keras_kernel, keras_recurrent_kernel;
} Shapes;

static int directions(const Recurrent *layer)
{
    return layer->bidirectional ? 2 : 1;
}

static Shapes shapes_of(const Recurrent *layer)
{
    dnnl_dim_t t = layer->steps, b = layer->rows, i = layer->inputs, n = layer->units, gates = gate_count(layer->kind), d = directions(layer);
    dnnl_dim_t biases = layer->kind == LAYER_GRU ? 4 : gates;   /* of an lbr_gru z r h, and the recurrent side's h */
    return (Shapes){
        .x = onednn_describe(3, (dnnl_dim_t[]){ t, b, i }, dnnl_tnc),
        .h = onednn_describe(3, (dnnl_dim_t[]){ t, b, d * n }, dnnl_tnc),
        .state = onednn_describe(4, (dnnl_dim_t[]){ 1, d, b, n }, dnnl_ldnc),
        .kernel = onednn_describe(5, (dnnl_dim_t[]){ 1, d, i, gates, n }, dnnl_format_tag_any),
        .recurrent_kernel = onednn_describe(5, (dnnl_dim_t[]){ 1, d, n, gates, n }, dnnl_format_tag_any),
        .bias = onednn_describe(4, (dnnl_dim_t[]){ 1, d, biases, n }, dnnl_ldgo),
        .keras_kernel = onednn_describe(5, (dnnl_dim_t[]){ 1, d, i, gates, n }, dnnl_ldigo),
        .keras_recurrent_kernel = onednn_describe(5, (dnnl_dim_t[]){ 1, d, n, gates, n }, dnnl_ldigo),
    };
}

static dnnl_rnn_direction_t direction_of(const Recurrent *layer)
{
    return layer->bidirectional ? dnnl_bidirectional_concat : dnnl_unidirectional_left2right;
}

/* Each kind has a function of its own, with the same arguments; state is NULL: from zeros, and nobody wants the end. */
static void create_forward(Recurrent *layer, const Shapes *s)
{
    Own *own = layer->own;
    dnnl_rnn_desc_t desc;
    dnnl_prop_kind_t kind = layer->training ? dnnl_forward_training : dnnl_forward_inference;
    dnnl_rnn_direction_t way = direction_of(layer);
    const dnnl_memory_desc_t *state = layer->streaming || layer->training ? &s->state : NULL;
    const dnnl_memory_desc_t *x = &s->x, *h = &s->h, *w = &s->kernel, *r = &s->recurrent_kernel, *b = &s->bias;
    switch (layer->kind) {
    case LAYER_GRU:
        CHECK(dnnl_lbr_gru_forward_desc_init(&desc, kind, way, x, state, w, r, b, h, state, dnnl_rnn_flags_undef));
        break;
    case LAYER_GRU_BEFORE:
        CHECK(dnnl_gru_forward_desc_init(&desc, kind, way, x, state, w, r, b, h, state, dnnl_rnn_flags_undef));
        break;
    case LAYER_SIMPLE_RNN:
        CHECK(dnnl_vanilla_rnn_forward_desc_init(&desc, kind, dnnl_eltwise_tanh, way, x, state, w, r, b, h, state,
                                                 dnnl_rnn_flags_undef, 0, 0));
        break;
    default:
        CHECK(dnnl_lstm_forward_desc_init(&desc, kind, way, x, state, state, w, r, b, h, state, state,
                                          dnnl_rnn_flags_undef));
    }
    own->forward = onednn_primitive(own->engine, &desc, NULL, NULL);
}

static void create_backward(Recurrent *layer, const Shapes *s)
{
    Own *own = layer->own;
    dnnl_rnn_desc_t desc;
    dnnl_rnn_direction_t way = direction_of(layer);
    const dnnl_memory_desc_t *state = &s->state;
    const dnnl_memory_desc_t *x = &s->x, *h = &s->h, *w = &s->kernel, *r = &s->recurrent_kernel, *b = &s->bias;
    switch (layer->kind) {
    case LAYER_GRU:
        CHECK(dnnl_lbr_gru_backward_desc_init(&desc, dnnl_backward, way, x, state, w, r, b, h, state, x, state, w, r, b,
                                              h, state, dnnl_rnn_flags_undef));
        break;
    case LAYER_GRU_BEFORE:
        CHECK(dnnl_gru_backward_desc_init(&desc, dnnl_backward, way, x, state, w, r, b, h, state, x, state, w, r, b, h,
                                          state, dnnl_rnn_flags_undef));
        break;
    case LAYER_SIMPLE_RNN:
        CHECK(dnnl_vanilla_rnn_backward_desc_init(&desc, dnnl_backward, dnnl_eltwise_tanh, way, x, state, w, r, b, h,
                                                  state, x, state, w, r, b, h, state, dnnl_rnn_flags_undef, 0, 0));
        break;
    default:
        CHECK(dnnl_lstm_backward_desc_init(&desc, dnnl_backward, way, x, state, state, w, r, b, h, state, state, x,
                                           state, state, w, r, b, h, state, state, dnnl_rnn_flags_undef));
    }
    own->backward = onednn_primitive(own->engine, &desc, NULL, own->forward.desc);
}

/* Where the weights, or their gradients, stand as the shapes say: Keras's own place, or that of the joined ones. */
static const float *weights_at(const Recurrent *layer, int part)
{
    const Own *own = layer->own;
    const float *keras[] = { layer->kernel, layer->recurrent_kernel, own->bias ? own->bias : layer->bias };
    return layer->bidirectional ? own->joined[part] : keras[part];
}

static float *gradients_at(const Recurrent *layer, int part)
{
    const Own *own = layer->own;
    float *keras[] = { layer->d_kernel, layer->d_recurrent_kernel, own->d_bias ? own->d_bias : layer->d_bias };
    return layer->bidirectional ? own->d_joined[part] : keras[part];
}

/* Of one direction. */
static size_t part_floats(const Recurrent *layer, int part)
{
    size_t rows = part == KERNEL ? (size_t)layer->inputs : part == RECURRENT_KERNEL ? (size_t)layer->units : 1;
    return rows * (size_t)gate_count(layer->kind) * (size_t)layer->units;
}

static size_t direction_floats(const Recurrent *layer)
{
    return part_floats(layer, KERNEL) + part_floats(layer, RECURRENT_KERNEL) + part_floats(layer, BIAS);
}

static void add_weights(Recurrent *layer, const Shapes *s, Primitive *primitive, Primitive *reorders)
{
    Own *own = layer->own;
    Arguments *a = &primitive->arguments;
    onednn_add(a, DNNL_ARG_WEIGHTS_LAYER, onednn_weights(own->engine, primitive, DNNL_ARG_WEIGHTS_LAYER, &s->keras_kernel,
                                                         weights_at(layer, KERNEL), &reorders[0]));
    onednn_add(a, DNNL_ARG_WEIGHTS_ITER, onednn_weights(own->engine, primitive, DNNL_ARG_WEIGHTS_ITER, &s->keras_recurrent_kernel,
                                                        weights_at(layer, RECURRENT_KERNEL), &reorders[1]));
    onednn_add(a, DNNL_ARG_BIAS, onednn_memory(own->engine, &s->bias, weights_at(layer, BIAS)));
}

static void set_forward_arguments(Recurrent *layer, const Shapes *s, dnnl_memory_t workspace)
{
    Own *own = layer->own;
    Arguments *a = &own->forward.arguments;
    onednn_add(a, DNNL_ARG_SRC_LAYER, onednn_memory(own->engine, &s->x, layer->x));
    add_weights(layer, s, &own->forward, own->to_forward);
    onednn_add(a, DNNL_ARG_DST_LAYER, onednn_memory(own->engine, &s->h, layer->h));
    if (workspace)
        onednn_add(a, DNNL_ARG_WORKSPACE, workspace);
    if (!layer->streaming && !layer->training)
        return;
    dnnl_memory_t h[2] = { onednn_memory(own->engine, &s->state, NULL), onednn_memory(own->engine, &s->state, NULL) };
    dnnl_memory_t c[2] = { onednn_memory(own->engine, &s->state, NULL), onednn_memory(own->engine, &s->state, NULL) };
    own->other_turn = own->forward;
    for (int turn = 0; turn < 2; turn++) {
        Arguments *of_turn = turn ? &own->other_turn.arguments : a;
        onednn_add(of_turn, DNNL_ARG_SRC_ITER, h[turn]);
        onednn_add(of_turn, DNNL_ARG_DST_ITER, h[!turn]);
        if (layer->kind != LAYER_LSTM)
            continue;
        onednn_add(of_turn, DNNL_ARG_SRC_ITER_C, c[turn]);
        onednn_add(of_turn, DNNL_ARG_DST_ITER_C, c[!turn]);
    }
}

/* The states before and after, which are zeros and ignored, and their gradients, likewise. Without them oneDNN 2.6 computes a wrong gradient
 * of the recurrent kernel. */
static void add_states(Own *own, LayerKind kind, Arguments *a, const Shapes *s)
{
    static const int names[] = { DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_DST_ITER,
                                 DNNL_ARG_DIFF_SRC_ITER_C, DNNL_ARG_DIFF_DST_ITER_C };
    const Arguments *forward = &own->forward.arguments;
    for (int i = 0; i < forward->count; i++) {
        int name = forward->list[i].arg;
        if (name == DNNL_ARG_SRC_ITER || name == DNNL_ARG_SRC_ITER_C || name == DNNL_ARG_DST_ITER || name == DNNL_ARG_DST_ITER_C)
            onednn_add(a, name, forward->list[i].memory);
    }
    for (int i = 0; i < (kind == LAYER_LSTM ? 4 : 2); i++)
        onednn_add(a, names[i], onednn_memory(own->engine, &s->state, NULL));
}

static void add_gradients(Recurrent *layer, const Shapes *s)
{
    static const int names[PARTS] = { DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS };
    Own *own = layer->own;
    const dnnl_memory_desc_t *keras[] = { &s->keras_kernel, &s->keras_recurrent_kernel };
    for (int part = KERNEL; part < BIAS; part++)
        own->gradient[part] = onednn_gradient(own->engine, &own->backward, names[part], keras[part], gradients_at(layer, part),
                                              &own->from_gradient[part]);
    own->gradient[BIAS] = onednn_memory(own->engine, &s->bias, gradients_at(layer, BIAS));
    for (int part = 0; part < PARTS; part++) {
        own->gradient_bytes[part] = dnnl_memory_desc_get_size(onednn_wanted(&own->backward, names[part]));
        onednn_add(&own->backward.arguments, names[part], own->gradient[part]);
    }
}

static void set_backward_arguments(Recurrent *layer, const Shapes *s, dnnl_memory_t workspace)
{
    Own *own = layer->own;
    Arguments *a = &own->backward.arguments;
    onednn_add(a, DNNL_ARG_SRC_LAYER, onednn_memory(own->engine, &s->x, layer->x));
    add_weights(layer, s, &own->backward, own->to_backward);
    onednn_add(a, DNNL_ARG_DST_LAYER, onednn_memory(own->engine, &s->h, layer->h));
    onednn_add(a, DNNL_ARG_WORKSPACE, workspace);
    add_states(own, layer->kind, a, s);
    onednn_add(a, DNNL_ARG_DIFF_DST_LAYER, onednn_memory(own->engine, &s->h, layer->d_h));
    onednn_add(a, DNNL_ARG_DIFF_SRC_LAYER, onednn_memory(own->engine, &s->x, layer->d_x));   /* it computes this one whether wanted or not */
    add_gradients(layer, s);
}

static float *floats_of(int count)
{
    return checked_alloc((size_t)count * sizeof(float));
}

static bool open_layer(Recurrent *layer, char *why)
{
    (void)why;
    Own *own = layer->own = checked_alloc(sizeof *own);
    own->engine = onednn_open(layer->threads);
    if (layer->kind == LAYER_GRU)
        own->bias = floats_of(4 * layer->units);
    if (layer->kind == LAYER_GRU && layer->training)
        own->d_bias = floats_of(4 * layer->units);
    for (int part = 0; layer->bidirectional && part < PARTS; part++) {
        own->joined[part] = checked_alloc(2 * part_floats(layer, part) * sizeof(float));
        own->d_joined[part] = checked_alloc(2 * part_floats(layer, part) * sizeof(float));
    }
    Shapes shapes = shapes_of(layer);
    create_forward(layer, &shapes);
    dnnl_memory_t workspace = layer->training ? onednn_memory(own->engine, onednn_wanted(&own->forward, DNNL_ARG_WORKSPACE), NULL) : NULL;
    set_forward_arguments(layer, &shapes, workspace);
    if (!layer->training)
        return true;
    create_backward(layer, &shapes);
    set_backward_arguments(layer, &shapes, workspace);
    return true;
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

/* The other way, of their gradients: those of z and r are the same on both sides. */
static void part_biases(const Recurrent *layer, const float *d_bias)
{
    size_t units = (size_t)layer->units;
    memcpy(layer->d_bias, d_bias, 3 * units * sizeof(float));
    memcpy(layer->d_bias + 3 * units, d_bias, 2 * units * sizeof(float));
    memcpy(layer->d_bias + 5 * units, d_bias + 3 * units, units * sizeof(float));
}

static void join_directions(const Recurrent *layer, float *const *joined)
{
    const float *keras[] = { layer->kernel, layer->recurrent_kernel, layer->bias };
    for (int part = 0; part < PARTS; part++) {
        size_t count = part_floats(layer, part);
        memcpy(joined[part], keras[part], count * sizeof(float));
        memcpy(joined[part] + count, keras[part] + direction_floats(layer), count * sizeof(float));
    }
}

static void part_directions(const Recurrent *layer, float *const *d_joined)
{
    float *keras[] = { layer->d_kernel, layer->d_recurrent_kernel, layer->d_bias };
    for (int part = 0; part < PARTS; part++) {
        size_t count = part_floats(layer, part);
        memcpy(keras[part], d_joined[part], count * sizeof(float));
        memcpy(keras[part] + direction_floats(layer), d_joined[part] + count, count * sizeof(float));
    }
}

static void update_layer(Recurrent *layer)
{
    Own *own = layer->own;
    if (own->bias)
        join_biases(layer, own->bias);
    if (layer->bidirectional)
        join_directions(layer, own->joined);
    for (int i = 0; i < 2; i++) {
        onednn_execute(own->engine, &own->to_forward[i]);
        onednn_execute(own->engine, &own->to_backward[i]);
    }
    onednn_wait(own->engine);
}

static void forward_layer(Recurrent *layer)
{
    Own *own = layer->own;
    onednn_execute(own->engine, layer->streaming && own->turn ? &own->other_turn : &own->forward);
    own->turn = !own->turn;
    onednn_wait(own->engine);
}

static void backward_layer(Recurrent *layer)
{
    Own *own = layer->own;
    for (int part = 0; part < PARTS; part++) {
        void *at;
        CHECK(dnnl_memory_get_data_handle(own->gradient[part], &at));
        memset(at, 0, own->gradient_bytes[part]);
    }
    onednn_execute(own->engine, &own->backward);
    for (int i = 0; i < 2; i++)
        onednn_execute(own->engine, &own->from_gradient[i]);
    onednn_wait(own->engine);
    if (own->d_bias)
        part_biases(layer, own->d_bias);
    if (layer->bidirectional)
        part_directions(layer, own->d_joined);
}

static void close_layer(Recurrent *layer)
{
    Own *own = layer->own;
    for (int i = 0; i < 2; i++) {
        onednn_free(&own->to_forward[i]);
        onednn_free(&own->to_backward[i]);
        onednn_free(&own->from_gradient[i]);
    }
    onednn_free(&own->forward);
    onednn_free(&own->backward);
    onednn_close(own->engine);
    for (int part = 0; part < PARTS; part++) {
        checked_free(own->joined[part]);
        checked_free(own->d_joined[part]);
    }
    checked_free(own->bias);
    checked_free(own->d_bias);
    checked_free(own);
}

const RecurrentFunctions recurrent_onednn = { open_layer, update_layer, forward_layer, backward_layer, close_layer };
