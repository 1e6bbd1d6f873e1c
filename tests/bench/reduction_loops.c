/* reduction_loops.c: pooling and normalisation as loops that the compiler turns into vectors, for a library without
 * them. */
#include "network.h"

#include <math.h>
#include <string.h>

typedef struct Own {
    float *normalized;              /* [steps, rows, units]: of mean 0 and variance 1 */
    float *mean, *inverse;          /* of each feature or position; 1 / sqrt(variance + epsilon) */
    float *sums, *products;         /* [units]: of d_y, and of d_y times what is normalized */
} Own;

static size_t units_of(const Reduction *r)
{
    return (size_t)r->layer->units;
}

static size_t places_of(const Reduction *r)
{
    return (size_t)r->steps * (size_t)r->rows;
}

/* ---- pooling ---- */

static void pool_forward(const Reduction *r)
{
    size_t size = (size_t)r->layer->kernel_size, count = (size_t)r->rows * units_of(r);
    bool largest = r->layer->kind == LAYER_MAX_POOLING;
    for (size_t t = 0; t < (size_t)r->steps / size; t++) {
        const float *restrict x = r->x + t * size * count;
        float *restrict y = r->y + t * count;
        memcpy(y, x, count * sizeof(float));
        for (size_t k = 1; k < size; k++)
            for (size_t i = 0; i < count; i++)
                y[i] = largest ? fmaxf(y[i], x[k * count + i]) : y[i] + x[k * count + i];
        for (size_t i = 0; !largest && i < count; i++)
            y[i] *= 1 / (float)size;
    }
}

/* Of several that are the largest the first one has it all; d_y becomes what is left of it. */
static void pool_backward(const Reduction *r)
{
    size_t size = (size_t)r->layer->kernel_size, count = (size_t)r->rows * units_of(r);
    size_t windows = (size_t)r->steps / size;
    bool largest = r->layer->kind == LAYER_MAX_POOLING;
    for (size_t t = 0; t < windows * size; t++) {
        const float *restrict x = r->x + t * count, *restrict y = r->y + t / size * count;
        float *restrict d_y = r->d_y + t / size * count, *restrict d_x = r->d_x + t * count;
        for (size_t i = 0; largest && i < count; i++) {
            bool here = x[i] >= y[i];
            d_x[i] = here ? d_y[i] : 0;
            d_y[i] = here ? 0 : d_y[i];
        }
        for (size_t i = 0; !largest && i < count; i++)
            d_x[i] = d_y[i] / (float)size;
    }
    memset(r->d_x + windows * size * count, 0, ((size_t)r->steps - windows * size) * count * sizeof(float));
}

/* ---- normalisation ---- */

/* Of each feature over all places: in training. */
static void find_moments(const Reduction *r)
{
    Own *own = r->own;
    size_t units = units_of(r), places = places_of(r);
    float *restrict variance = own->inverse;
    column_sums(r->x, places, units, own->mean);
    for (size_t j = 0; j < units; j++)
        own->mean[j] /= (float)places;
    memset(variance, 0, units * sizeof(float));
    for (size_t p = 0; p < places; p++)
        for (size_t j = 0; j < units; j++) {
            float centred = r->x[p * units + j] - own->mean[j];
            variance[j] += centred * centred;
        }
    for (size_t j = 0; j < units; j++)
        variance[j] /= (float)places;
    update_statistics(r, own->mean, variance);
}

static void batch_forward(const Reduction *r)
{
    Own *own = r->own;
    size_t units = units_of(r), places = places_of(r);
    const float *gamma = r->weights, *beta = gamma + units;
    if (r->training) {
        find_moments(r);
    } else {
        memcpy(own->mean, r->statistics, units * sizeof(float));
        memcpy(own->inverse, r->statistics + units, units * sizeof(float));
    }
    for (size_t j = 0; j < units; j++)
        own->inverse[j] = 1 / sqrtf(own->inverse[j] + NORM_EPSILON);
    for (size_t p = 0; p < places; p++) {
        const float *restrict x = r->x + p * units;
        float *restrict normalized = own->normalized + p * units, *restrict y = r->y + p * units;
        for (size_t j = 0; j < units; j++) {
            normalized[j] = (x[j] - own->mean[j]) * own->inverse[j];
            y[j] = normalized[j] * gamma[j] + beta[j];
        }
    }
}

/* d_x = gamma / deviation (d_y - mean(d_y) - n mean(d_y n)), n normalized, means over all places. */
static void batch_backward(const Reduction *r)
{
    const Own *own = r->own;
    size_t units = units_of(r), places = places_of(r);
    float part = 1 / (float)places;
    for (size_t p = 0; p < places; p++) {
        const float *restrict d_y = r->d_y + p * units, *restrict normalized = own->normalized + p * units;
        float *restrict d_x = r->d_x + p * units;
        for (size_t j = 0; j < units; j++)
            d_x[j] = r->weights[j] * own->inverse[j] *
                     (d_y[j] - part * (own->sums[j] + normalized[j] * own->products[j]));
    }
}

static void layer_forward(const Reduction *r)
{
    Own *own = r->own;
    size_t units = units_of(r);
    const float *gamma = r->weights, *beta = gamma + units;
    for (size_t p = 0; p < places_of(r); p++) {
        const float *restrict x = r->x + p * units;
        float *restrict normalized = own->normalized + p * units, *restrict y = r->y + p * units;
        float sum = 0, squares = 0;
        for (size_t j = 0; j < units; j++)
            sum += x[j];
        float mean = sum / (float)units;
        for (size_t j = 0; j < units; j++)
            squares += (x[j] - mean) * (x[j] - mean);
        float inverse = own->inverse[p] = 1 / sqrtf(squares / (float)units + NORM_EPSILON);
        for (size_t j = 0; j < units; j++) {
            normalized[j] = (x[j] - mean) * inverse;
            y[j] = normalized[j] * gamma[j] + beta[j];
        }
    }
}

/* The same with g = d_y gamma in place of d_y, and means over the features of a place. */
static void layer_backward(const Reduction *r)
{
    const Own *own = r->own;
    size_t units = units_of(r);
    for (size_t p = 0; p < places_of(r); p++) {
        const float *restrict d_y = r->d_y + p * units, *restrict normalized = own->normalized + p * units;
        float *restrict d_x = r->d_x + p * units, sum = 0, product = 0;
        for (size_t j = 0; j < units; j++) {
            float g = d_y[j] * r->weights[j];
            sum += g;
            product += g * normalized[j];
        }
        for (size_t j = 0; j < units; j++)
            d_x[j] = own->inverse[p] *
                     (d_y[j] * r->weights[j] - (sum + normalized[j] * product) / (float)units);
    }
}

/* Those of gamma and beta are both kinds' own. */
static void find_gradients(const Reduction *r)
{
    Own *own = r->own;
    size_t units = units_of(r);
    column_sums(r->d_y, places_of(r), units, own->sums);
    memset(own->products, 0, units * sizeof(float));
    for (size_t p = 0; p < places_of(r); p++)
        for (size_t j = 0; j < units; j++)
            own->products[j] += r->d_y[p * units + j] * own->normalized[p * units + j];
    memcpy(r->d_weights, own->products, units * sizeof(float));
    memcpy(r->d_weights + units, own->sums, units * sizeof(float));
}

/* ---- both ---- */

static void open_layer(Reduction *r)
{
    size_t units = units_of(r), places = places_of(r);
    Own *own = r->own = checked_alloc(sizeof *own);
    *own = (Own){
        .normalized = checked_alloc(places * units * sizeof(float)), .mean = checked_alloc(units * sizeof(float)),
        .inverse = checked_alloc((places > units ? places : units) * sizeof(float)),
        .sums = checked_alloc(units * sizeof(float)), .products = checked_alloc(units * sizeof(float)),
    };
}

static void forward_layer(Reduction *r)
{
    if (r->layer->kind == LAYER_BATCH_NORMALIZATION)
        batch_forward(r);
    else if (r->layer->kind == LAYER_LAYER_NORMALIZATION)
        layer_forward(r);
    else
        pool_forward(r);
}

static void backward_layer(Reduction *r)
{
    if (is_pooling(r->layer)) {
        pool_backward(r);
        return;
    }
    find_gradients(r);
    if (r->layer->kind == LAYER_BATCH_NORMALIZATION)
        batch_backward(r);
    else
        layer_backward(r);
}

static void close_layer(Reduction *r)
{
    Own *own = r->own;
    float *memory[] = { own->normalized, own->mean, own->inverse, own->sums, own->products };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        checked_free(memory[i]);
    checked_free(own);
}

const ReductionFunctions reduction_loops = { open_layer, forward_layer, backward_layer, close_layer };
