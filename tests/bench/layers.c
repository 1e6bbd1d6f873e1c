/* layers.c: embedding, dense layer, losses and Adam for the peers, as a good engineer writes them around a BLAS: products by sgemm, the
 * rest in loops that the compiler turns into vectors. */
#include "fast_math.h"
#include "network.h"

#include <float.h>
#include <math.h>
#include <string.h>

void fill_rows(float *rows_, size_t rows, size_t columns, const float *row)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(rows_ + i * columns, row, columns * sizeof(float));
}

void column_sums(const float *rows_, size_t rows, size_t columns, float *sums)
{
    memset(sums, 0, columns * sizeof(float));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            sums[j] += rows_[i * columns + j];
}

void update_statistics(const Reduction *r, const float *mean, const float *variance)
{
    float *moving_mean = r->statistics, *moving_variance = moving_mean + r->layer->units;
    for (int j = 0; j < r->layer->units; j++) {
        moving_mean[j] += NORM_RATE * (mean[j] - moving_mean[j]);
        moving_variance[j] += NORM_RATE * (variance[j] - moving_variance[j]);
    }
}

void embedding_forward(const Layer *layer, const float *table, const int32_t *ids, size_t rows, float *y)
{
    size_t width = (size_t)layer->units;
    for (size_t i = 0; i < rows; i++)
        memcpy(y + i * width, table + (size_t)ids[i] * width, width * sizeof(float));
}

void embedding_backward(const Layer *layer, const int32_t *ids, size_t rows, const float *d_y, float *d_table)
{
    size_t width = (size_t)layer->units;
    memset(d_table, 0, layer_weights(layer) * sizeof(float));
    for (size_t i = 0; i < rows; i++) {
        float *at = d_table + (size_t)ids[i] * width;
        for (size_t j = 0; j < width; j++)
            at[j] += d_y[i * width + j];
    }
}

static void softmax(float *row, size_t count)
{
    float largest = row[0], sum = 0;
    for (size_t i = 1; i < count; i++)
        largest = row[i] > largest ? row[i] : largest;
    for (size_t i = 0; i < count; i++)
        sum += row[i] = expf(row[i] - largest);
    for (size_t i = 0; i < count; i++)
        row[i] *= 1 / sum;
}

void softmax_forward(float *y, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++)
        softmax(y + i * columns, columns);
}

/* d_y becomes the gradient before the softmax. */
void softmax_backward(const float *y, size_t rows, size_t columns, float *d_y)
{
    for (size_t i = 0; i < rows; i++) {
        const float *restrict y_row = y + i * columns;
        float *restrict d_row = d_y + i * columns, sum = 0;
        for (size_t j = 0; j < columns; j++)
            sum += y_row[j] * d_row[j];
        for (size_t j = 0; j < columns; j++)
            d_row[j] = y_row[j] * (d_row[j] - sum);
    }
}

void relu_forward(float *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = y[i] > 0 ? y[i] : 0;
}

void relu_backward(const float *restrict y, size_t count, float *restrict d_y)
{
    for (size_t i = 0; i < count; i++)
        d_y[i] = y[i] > 0 ? d_y[i] : 0;
}

void average_forward(const float *x, size_t steps, size_t count, float *y)
{
    column_sums(x, steps, count, y);
    for (size_t i = 0; i < count; i++)
        y[i] /= (float)steps;
}

void average_backward(const float *d_y, size_t steps, size_t count, float *d_x)
{
    for (size_t i = 0; i < count; i++)
        d_x[i] = d_y[i] / (float)steps;
    fill_rows(d_x + count, steps - 1, count, d_x);
}

static void activate(Activation activation, float *y, size_t rows, size_t columns)
{
    if (activation == ACTIVATION_TANH)
        for (size_t i = 0; i < rows * columns; i++)
            y[i] = fast_tanh(y[i]);
    else if (activation == ACTIVATION_SIGMOID)
        for (size_t i = 0; i < rows * columns; i++)
            y[i] = fast_sigmoid(y[i]);
    else if (activation == ACTIVATION_SOFTMAX)
        softmax_forward(y, rows, columns);
}

void dense_forward(const Layer *layer, const Blas *blas, const float *weights, const float *x, size_t rows, float *y)
{
    int inputs = layer->inputs, units = layer->units;
    const float *bias = weights + (size_t)inputs * (size_t)units;
    fill_rows(y, rows, (size_t)units, bias);
    if (rows == 1)
        blas->sgemv(CblasRowMajor, CblasTrans, inputs, units, 1, weights, units, x, 1, 1, y, 1);
    else
        blas->sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, units, inputs, 1, x, inputs, weights, units,
                    1, y, units);
    activate(layer->activation, y, rows, (size_t)units);
}

void dense_backward(const Layer *layer, const Blas *blas, const float *weights, const float *x, const float *y,
                    size_t rows, bool at_logits,
                    float *d_y, float *d_x, float *d_weights)
{
    int inputs = layer->inputs, units = layer->units;
    size_t count = rows * (size_t)units;
    if (!at_logits && layer->activation == ACTIVATION_TANH)
        for (size_t i = 0; i < count; i++)
            d_y[i] *= 1 - y[i] * y[i];
    else if (!at_logits && layer->activation == ACTIVATION_SIGMOID)
        for (size_t i = 0; i < count; i++)
            d_y[i] *= y[i] * (1 - y[i]);
    blas->sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, inputs, units, (int)rows, 1, x, inputs, d_y, units, 0,
                d_weights, units);
    column_sums(d_y, rows, (size_t)units, d_weights + (size_t)inputs * (size_t)units);
    if (d_x)
        blas->sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, inputs, units, 1, d_y, units, weights, units,
                    0, d_x, inputs);
}

bool loss_is_at_logits(Loss loss)
{
    return loss != LOSS_MSE;
}

static float clip(float probability)
{
    return probability < 1e-7f ? 1e-7f : probability;
}

double loss_forward(Loss loss, const float *y, const void *target, size_t rows, size_t columns, float *d_y)
{
    size_t count = rows * columns;
    const float *t = target;
    double sum = 0;
    switch (loss) {
    case LOSS_MSE:
        for (size_t i = 0; i < count; i++) {
            float difference = y[i] - t[i];
            sum += (double)(difference * difference);
            d_y[i] = 2 * difference / (float)count;
        }
        return sum / (double)count;
    case LOSS_BINARY:
        for (size_t i = 0; i < count; i++) {
            sum -= (double)(t[i] > 0.5f ? logf(clip(y[i])) : logf(clip(1 - y[i])));
            d_y[i] = (y[i] - t[i]) / (float)count;
        }
        return sum / (double)count;
    case LOSS_SPARSE:
        for (size_t i = 0; i < rows; i++) {
            int32_t class = ((const int32_t *)target)[i];
            sum -= (double)logf(clip(y[i * columns + (size_t)class]));
            for (size_t j = 0; j < columns; j++)
                d_y[i * columns + j] = y[i * columns + j] / (float)rows;
            d_y[i * columns + (size_t)class] -= 1 / (float)rows;
        }
        return sum / (double)rows;
    }
    return 0;
}

void adam_step(float *weights, const float *gradients, float *moments, size_t count, uint64_t iteration)
{
    const float beta_1 = 0.9f, beta_2 = 0.999f, epsilon = 1e-7f;
    double n = (double)iteration;
    float rate = (float)(1e-3 * sqrt(1 - pow((double)beta_2, n)) / (1 - pow((double)beta_1, n)));
    float *restrict w = weights, *restrict m = moments, *restrict v = moments + count;
    for (size_t i = 0; i < count; i++) {
        float g = gradients[i];
        m[i] += (1 - beta_1) * (g - m[i]);
        v[i] += (1 - beta_2) * (g * g - v[i]);
        w[i] -= rate * m[i] / (sqrtf(v[i] + FLT_MIN) + epsilon);   /* -ffast-math makes NaN of the root of a denormal number */
    }
}
