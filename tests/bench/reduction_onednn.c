/* reduction_onednn.c: pooling and normalisation by oneDNN. [step, row, feature] is an image in its nhwc, steps high and
 * rows wide, of which windows of steps are pooled; a LayerNormalization has the three axes as they are. */
#include "onednn.h"

typedef struct Own {
    Engine *engine;
    Primitive forward, backward;
    float *mean, *variance;         /* of a normalisation in training: what forward finds; else the statistics */
} Own;

#define SCALE_SHIFT dnnl_use_scaleshift   /* gamma and beta in one, as Keras has them */

static dnnl_memory_desc_t image_of(const Reduction *r, int steps)
{
    return onednn_describe(4, (dnnl_dim_t[]){ 1, r->layer->units, steps, r->rows }, dnnl_nhwc);
}

static dnnl_memory_desc_t sequence_of(const Reduction *r)
{
    return onednn_describe(3, (dnnl_dim_t[]){ r->steps, r->rows, r->layer->units }, dnnl_tnc);
}

/* ---- pooling ---- */

static void open_pooling(Reduction *r)
{
    Own *own = r->own;
    const dnnl_dims_t size = { r->layer->kernel_size, 1 }, none = { 0, 0 };
    dnnl_alg_kind_t kind = r->layer->kind == LAYER_MAX_POOLING ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding;
    dnnl_memory_desc_t x = image_of(r, r->steps), y = image_of(r, layer_steps(r->layer, r->steps));
    dnnl_pooling_desc_t desc;
    CHECK(dnnl_pooling_forward_desc_init(&desc, r->training ? dnnl_forward_training : dnnl_forward_inference, kind,
                                         &x, &y, size, size, none, none));
    own->forward = onednn_primitive(own->engine, &desc, NULL, NULL);
    onednn_add(&own->forward.arguments, DNNL_ARG_SRC, onednn_memory(own->engine, &x, r->x));
    onednn_add(&own->forward.arguments, DNNL_ARG_DST, onednn_memory(own->engine, &y, r->y));
    if (!r->training)
        return;
    CHECK(dnnl_pooling_backward_desc_init(&desc, kind, &x, &y, size, size, none, none));
    own->backward = onednn_primitive(own->engine, &desc, NULL, own->forward.desc);
    onednn_add(&own->backward.arguments, DNNL_ARG_DIFF_DST, onednn_memory(own->engine, &y, r->d_y));
    onednn_add(&own->backward.arguments, DNNL_ARG_DIFF_SRC, onednn_memory(own->engine, &x, r->d_x));
    if (kind != dnnl_pooling_max)
        return;
    dnnl_memory_t places = onednn_memory(own->engine, onednn_wanted(&own->forward, DNNL_ARG_WORKSPACE), NULL);
    onednn_add(&own->forward.arguments, DNNL_ARG_WORKSPACE, places);
    onednn_add(&own->backward.arguments, DNNL_ARG_WORKSPACE, places);
}

/* ---- normalisation ---- */

static Primitive make_batch_normalization(Reduction *r, const dnnl_memory_desc_t *x, bool back)
{
    Own *own = r->own;
    dnnl_batch_normalization_desc_t desc;
    if (back)
        CHECK(dnnl_batch_normalization_backward_desc_init(&desc, dnnl_backward, x, x, NORM_EPSILON, SCALE_SHIFT));
    else
        CHECK(dnnl_batch_normalization_forward_desc_init(
            &desc, r->training ? dnnl_forward_training : dnnl_forward_inference, x, NORM_EPSILON,
            r->training ? SCALE_SHIFT : SCALE_SHIFT | dnnl_use_global_stats));
    return onednn_primitive(own->engine, &desc, NULL, back ? own->forward.desc : NULL);
}

static Primitive make_layer_normalization(Reduction *r, const dnnl_memory_desc_t *x, bool back)
{
    Own *own = r->own;
    dnnl_memory_desc_t places = onednn_describe(2, (dnnl_dim_t[]){ r->steps, r->rows }, dnnl_ab);
    dnnl_layer_normalization_desc_t desc;
    if (back)
        CHECK(dnnl_layer_normalization_backward_desc_init(&desc, dnnl_backward, x, x, &places, NORM_EPSILON,
                                                          SCALE_SHIFT));
    else
        CHECK(dnnl_layer_normalization_forward_desc_init(
            &desc, r->training ? dnnl_forward_training : dnnl_forward_inference, x, &places, NORM_EPSILON,
            SCALE_SHIFT));
    return onednn_primitive(own->engine, &desc, NULL, back ? own->forward.desc : NULL);
}

/* What both ways have: the input, gamma and beta, means and variances. */
static void add_operands(Reduction *r, Arguments *a, const dnnl_memory_desc_t *x, const dnnl_memory_desc_t *scale_shift)
{
    Own *own = r->own;
    onednn_add(a, DNNL_ARG_SRC, onednn_memory(own->engine, x, r->x));
    onednn_add(a, DNNL_ARG_SCALE_SHIFT, onednn_memory(own->engine, scale_shift, r->weights));
    if (!own->mean)
        return;
    onednn_add(a, DNNL_ARG_MEAN, onednn_memory(own->engine, onednn_wanted(&own->forward, DNNL_ARG_MEAN), own->mean));
    onednn_add(a, DNNL_ARG_VARIANCE,
               onednn_memory(own->engine, onednn_wanted(&own->forward, DNNL_ARG_VARIANCE), own->variance));
}

static void open_normalization(Reduction *r)
{
    Own *own = r->own;
    bool batch = r->layer->kind == LAYER_BATCH_NORMALIZATION;
    size_t units = (size_t)r->layer->units, count = batch ? units : (size_t)r->steps * (size_t)r->rows;
    dnnl_memory_desc_t x = batch ? image_of(r, r->steps) : sequence_of(r);
    dnnl_memory_desc_t scale_shift = onednn_describe(2, (dnnl_dim_t[]){ 2, r->layer->units }, dnnl_ab);
    own->forward = batch ? make_batch_normalization(r, &x, false) : make_layer_normalization(r, &x, false);
    if (r->training) {
        own->mean = checked_alloc(count * sizeof(float));
        own->variance = checked_alloc(count * sizeof(float));
    } else if (batch) {
        own->mean = r->statistics;
        own->variance = r->statistics + units;
    }
    add_operands(r, &own->forward.arguments, &x, &scale_shift);
    onednn_add(&own->forward.arguments, DNNL_ARG_DST, onednn_memory(own->engine, &x, r->y));
    if (!r->training)
        return;
    own->backward = batch ? make_batch_normalization(r, &x, true) : make_layer_normalization(r, &x, true);
    add_operands(r, &own->backward.arguments, &x, &scale_shift);
    onednn_add(&own->backward.arguments, DNNL_ARG_DIFF_DST, onednn_memory(own->engine, &x, r->d_y));
    onednn_add(&own->backward.arguments, DNNL_ARG_DIFF_SRC, onednn_memory(own->engine, &x, r->d_x));
    onednn_add(&own->backward.arguments, DNNL_ARG_DIFF_SCALE_SHIFT,
               onednn_memory(own->engine, &scale_shift, r->d_weights));
}

/* ---- both ---- */

static void open_layer(Reduction *r)
{
    Own *own = r->own = checked_alloc(sizeof *own);
    own->engine = onednn_open(r->threads);
    if (is_pooling(r->layer))
        open_pooling(r);
    else
        open_normalization(r);
}

static void forward_layer(Reduction *r)
{
    Own *own = r->own;
    onednn_execute(own->engine, &own->forward);
    onednn_wait(own->engine);
    if (r->training && r->layer->kind == LAYER_BATCH_NORMALIZATION)
        update_statistics(r, own->mean, own->variance);
}

static void backward_layer(Reduction *r)
{
    Own *own = r->own;
    onednn_execute(own->engine, &own->backward);
    onednn_wait(own->engine);
}

static void close_layer(Reduction *r)
{
    Own *own = r->own;
    onednn_free(&own->forward);
    onednn_free(&own->backward);
    onednn_close(own->engine);
    if (r->training) {
        checked_free(own->mean);
        checked_free(own->variance);
    }
    checked_free(own);
}

const ReductionFunctions reduction_onednn = { open_layer, forward_layer, backward_layer, close_layer };
