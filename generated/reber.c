/* reber.c: written by lstmc 0.1 from reber.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   tokens[24] -> Embedding[24, 8] -> LSTM[24] -> Dense[8]
 *   3 432 weights   step: 3 264 mul-adds, 128 activations   tape 19.0 KB a row   state 384 B   scratch 2.0 KB   1 lane
 */
#include "reber.h"

#include <math.h>
#include <string.h>

/* a * b + c is rounded twice everywhere, so that step and predict agree to the bit */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* Ids and classes come from outside. */
static inline int clamped(int32_t id, int count)
{
    return id >= 0 && id < count ? (int)id : 0;
}

static inline float sigmoid(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

/* a NaN stays one */
static inline float maximum(float a, float b)
{
    return a > b || a != a ? a : b;
}

/* Static functions have the weights as a parameter of their own: of a parameter compilers know that no write changes it. */

void reber_prepare(struct reber_packed *restrict packed, const struct reber_weights *restrict weights)
{
    packed->weights = weights;
}

static void predict(const struct reber_weights *restrict weights, struct reber_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    /* lstm.h[0,n] = 0 */
    for (int n = 0; n < 24; n++) {
        scratch->lstm.h[0][n] = 0.0f;
    }
    /* lstm.c[0,n] = 0 */
    for (int n = 0; n < 24; n++) {
        scratch->lstm.c[0][n] = 0.0f;
    }
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    for (int t = 0; t < 24; t++) {
        for (int n = 0; n < 8; n++) {
            scratch->embedding.y[t][n] = weights->embedding.embeddings[clamped(x[t], 8)][n];
        }
    }
    for (int t = 0; t < 24; t++) {
        /* lstm.z[t,g,n] = lstm.bias[24*g+n] */
        for (int g = 0; g < 4; g++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.z[g][n] = weights->lstm.bias[24 * g + n];
            }
        }
        /* lstm.z[t,g,n] += lstm.kernel[k,24*g+n] * embedding.y[t,k] */
        for (int k = 0; k < 8; k++) {
            for (int g = 0; g < 4; g++) {
                const float embedding_y = scratch->embedding.y[t][k];
                for (int n = 0; n < 24; n++) {
                    scratch->local.lstm.z[g][n] += weights->lstm.kernel[k][24 * g + n] * embedding_y;
                }
            }
        }
        /* lstm.z[t,g,n] += lstm.recurrent_kernel[k,24*g+n] * lstm.h[t,k] */
        for (int k = 0; k < 24; k++) {
            for (int g = 0; g < 4; g++) {
                const float lstm_h = scratch->lstm.h[t % 2][k];
                for (int n = 0; n < 24; n++) {
                    scratch->local.lstm.z[g][n] += weights->lstm.recurrent_kernel[k][24 * g + n] * lstm_h;
                }
            }
        }
        /* lstm.i[t,n] = sigmoid(lstm.z[t,0,n]) */
        for (int n = 0; n < 24; n++) {
            scratch->local.lstm.i[n] = sigmoid(scratch->local.lstm.z[0][n]);
        }
        /* lstm.f[t,n] = sigmoid(lstm.z[t,1,n]) */
        for (int n = 0; n < 24; n++) {
            scratch->local.lstm.f[n] = sigmoid(scratch->local.lstm.z[1][n]);
        }
        /* lstm.g[t,n] = tanh(lstm.z[t,2,n]) */
        for (int n = 0; n < 24; n++) {
            scratch->local.lstm.g[n] = tanhf(scratch->local.lstm.z[2][n]);
        }
        /* lstm.o[t,n] = sigmoid(lstm.z[t,3,n]) */
        for (int n = 0; n < 24; n++) {
            scratch->local.lstm.o[n] = sigmoid(scratch->local.lstm.z[3][n]);
        }
        /* lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n] */
        for (int n = 0; n < 24; n++) {
            scratch->lstm.c[(t + 1) % 2][n] = scratch->local.lstm.f[n] * scratch->lstm.c[t % 2][n] +
                scratch->local.lstm.i[n] * scratch->local.lstm.g[n];
        }
        /* lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n]) */
        for (int n = 0; n < 24; n++) {
            scratch->local.lstm.tanh_c[n] = tanhf(scratch->lstm.c[(t + 1) % 2][n]);
        }
        /* lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
        for (int n = 0; n < 24; n++) {
            scratch->lstm.h[(t + 1) % 2][n] = scratch->local.lstm.o[n] * scratch->local.lstm.tanh_c[n];
        }
    }
    /* dense.z[n] = dense.bias[n] */
    for (int n = 0; n < 8; n++) {
        scratch->local.dense.z[n] = weights->dense.bias[n];
    }
    /* dense.z[n] += dense.kernel[k,n] * lstm.h[24,k] */
    for (int k = 0; k < 24; k++) {
        const float lstm_h = scratch->lstm.h[0][k];
        for (int n = 0; n < 8; n++) {
            scratch->local.dense.z[n] += weights->dense.kernel[k][n] * lstm_h;
        }
    }
    /* dense.highest[] = -inf */
    scratch->local.dense.highest = -INFINITY;
    /* dense.highest[] max= dense.z[k] */
    {
        float largest = scratch->local.dense.highest;
        for (int k = 0; k < 8; k++) {
            largest = maximum(largest, scratch->local.dense.z[k]);
        }
        scratch->local.dense.highest = largest;
    }
    /* dense.e[n] = exp(dense.z[n] - stop(dense.highest[])) */
    for (int n = 0; n < 8; n++) {
        scratch->local.dense.e[n] = expf(scratch->local.dense.z[n] - scratch->local.dense.highest);
    }
    /* dense.total[] = 0 */
    scratch->local.dense.total = 0.0f;
    /* dense.total[] += dense.e[k] */
    {
        float sum = scratch->local.dense.total;
        for (int k = 0; k < 8; k++) {
            sum += scratch->local.dense.e[k];
        }
        scratch->local.dense.total = sum;
    }
    /* dense.y[n] = dense.e[n] / dense.total[] */
    for (int n = 0; n < 8; n++) {
        scratch->dense.y[n] = scratch->local.dense.e[n] / scratch->local.dense.total;
    }
    /* output[n] = dense.y[n] */
    for (int n = 0; n < 8; n++) {
        y[n] = scratch->dense.y[n];
    }
}

void reber_predict(const struct reber_packed *restrict packed, struct reber_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    predict(packed->weights, scratch, x, y);
}

static void predict_batch(const struct reber_weights *restrict weights, struct reber_batch_scratch *restrict scratch,
    const int32_t *restrict x, int rows, float *restrict y)
{
    /* lstm.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            scratch->lstm.h[0][b][n] = 0.0f;
        }
    }
    /* lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            scratch->lstm.c[0][b][n] = 0.0f;
        }
    }
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 24; t++) {
            for (int n = 0; n < 8; n++) {
                scratch->embedding.y[t][b][n] = weights->embedding.embeddings[clamped(x[24 * b + t], 8)][n];
            }
        }
    }
    for (int t = 0; t < 24; t++) {
        /* lstm.z[t,b,g,n] = lstm.bias[24*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 24; n++) {
                    scratch->local.lstm.z[b][g][n] = weights->lstm.bias[24 * g + n];
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.kernel[k,24*g+n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 8; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = scratch->embedding.y[t][b][k];
                    for (int n = 0; n < 24; n++) {
                        scratch->local.lstm.z[b][g][n] += weights->lstm.kernel[k][24 * g + n] * embedding_y;
                    }
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.recurrent_kernel[k,24*g+n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = scratch->lstm.h[t % 2][b][k];
                    for (int n = 0; n < 24; n++) {
                        scratch->local.lstm.z[b][g][n] += weights->lstm.recurrent_kernel[k][24 * g + n] * lstm_h;
                    }
                }
            }
        }
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,0,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.i[b][n] = sigmoid(scratch->local.lstm.z[b][0][n]);
            }
        }
        /* lstm.f[t,b,n] = sigmoid(lstm.z[t,b,1,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.f[b][n] = sigmoid(scratch->local.lstm.z[b][1][n]);
            }
        }
        /* lstm.g[t,b,n] = tanh(lstm.z[t,b,2,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.g[b][n] = tanhf(scratch->local.lstm.z[b][2][n]);
            }
        }
        /* lstm.o[t,b,n] = sigmoid(lstm.z[t,b,3,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.o[b][n] = sigmoid(scratch->local.lstm.z[b][3][n]);
            }
        }
        /* lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->lstm.c[(t + 1) % 2][b][n] = scratch->local.lstm.f[b][n] * scratch->lstm.c[t % 2][b][n] +
                    scratch->local.lstm.i[b][n] * scratch->local.lstm.g[b][n];
            }
        }
        /* lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.tanh_c[b][n] = tanhf(scratch->lstm.c[(t + 1) % 2][b][n]);
            }
        }
        /* lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->lstm.h[(t + 1) % 2][b][n] = scratch->local.lstm.o[b][n] * scratch->local.lstm.tanh_c[b][n];
            }
        }
    }
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            scratch->local.dense.z[b][n] = weights->dense.bias[n];
        }
    }
    /* dense.z[b,n] += dense.kernel[k,n] * lstm.h[24,b,k] */
    for (int b = 0; b < rows; b++) {
        for (int k = 0; k < 24; k++) {
            const float lstm_h = scratch->lstm.h[0][b][k];
            for (int n = 0; n < 8; n++) {
                scratch->local.dense.z[b][n] += weights->dense.kernel[k][n] * lstm_h;
            }
        }
    }
    /* dense.highest[b] = -inf */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.highest[b] = -INFINITY;
    }
    /* dense.highest[b] max= dense.z[b,k] */
    for (int b = 0; b < rows; b++) {
        float largest = scratch->local.dense.highest[b];
        for (int k = 0; k < 8; k++) {
            largest = maximum(largest, scratch->local.dense.z[b][k]);
        }
        scratch->local.dense.highest[b] = largest;
    }
    /* dense.e[b,n] = exp(dense.z[b,n] - stop(dense.highest[b])) */
    for (int b = 0; b < rows; b++) {
        const float dense_highest = scratch->local.dense.highest[b];
        for (int n = 0; n < 8; n++) {
            scratch->local.dense.e[b][n] = expf(scratch->local.dense.z[b][n] - dense_highest);
        }
    }
    /* dense.total[b] = 0 */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.total[b] = 0.0f;
    }
    /* dense.total[b] += dense.e[b,k] */
    for (int b = 0; b < rows; b++) {
        float sum = scratch->local.dense.total[b];
        for (int k = 0; k < 8; k++) {
            sum += scratch->local.dense.e[b][k];
        }
        scratch->local.dense.total[b] = sum;
    }
    /* dense.y[b,n] = dense.e[b,n] / dense.total[b] */
    for (int b = 0; b < rows; b++) {
        const float dense_total = scratch->local.dense.total[b];
        for (int n = 0; n < 8; n++) {
            scratch->dense.y[b][n] = scratch->local.dense.e[b][n] / dense_total;
        }
    }
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            y[8 * b + n] = scratch->dense.y[b][n];
        }
    }
}

void reber_predict_batch(const struct reber_packed *restrict packed, struct reber_batch_scratch *restrict scratch,
    const int32_t *restrict x, int rows, float *restrict y)
{
    predict_batch(packed->weights, scratch, x, rows, y);
}

/* What a step computes on its way. */
struct reber_step_scratch {
    struct {
        float y[1][8];
    } embedding;
    struct {
        float y[8];
    } dense;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[4][24];
            float i[24];
            float f[24];
            float g[24];
            float o[24];
            float tanh_c[24];
        } lstm;
        struct {
            float z[8];
            float highest;
            float e[8];
            float total;
        } dense;
    } local;
};

void reber_reset(const struct reber_packed *restrict packed, struct reber_state *restrict state)
{
    (void)packed;
    /* lstm.h[0,n] = 0 */
    for (int n = 0; n < 24; n++) {
        state->lstm.h[0][n] = 0.0f;
    }
    /* lstm.c[0,n] = 0 */
    for (int n = 0; n < 24; n++) {
        state->lstm.c[0][n] = 0.0f;
    }
}

static int step(const struct reber_weights *restrict weights, struct reber_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    struct reber_step_scratch memory, *const scratch = &memory;
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    for (int n = 0; n < 8; n++) {
        scratch->embedding.y[0][n] = weights->embedding.embeddings[clamped(x[0], 8)][n];
    }
    /* lstm.z[t,g,n] = lstm.bias[24*g+n] */
    for (int g = 0; g < 4; g++) {
        for (int n = 0; n < 24; n++) {
            scratch->local.lstm.z[g][n] = weights->lstm.bias[24 * g + n];
        }
    }
    /* lstm.z[t,g,n] += lstm.kernel[k,24*g+n] * embedding.y[t,k] */
    for (int k = 0; k < 8; k++) {
        for (int g = 0; g < 4; g++) {
            const float embedding_y = scratch->embedding.y[0][k];
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.z[g][n] += weights->lstm.kernel[k][24 * g + n] * embedding_y;
            }
        }
    }
    /* lstm.z[t,g,n] += lstm.recurrent_kernel[k,24*g+n] * lstm.h[t,k] */
    for (int k = 0; k < 24; k++) {
        for (int g = 0; g < 4; g++) {
            const float lstm_h = state->lstm.h[0][k];
            for (int n = 0; n < 24; n++) {
                scratch->local.lstm.z[g][n] += weights->lstm.recurrent_kernel[k][24 * g + n] * lstm_h;
            }
        }
    }
    /* lstm.i[t,n] = sigmoid(lstm.z[t,0,n]) */
    for (int n = 0; n < 24; n++) {
        scratch->local.lstm.i[n] = sigmoid(scratch->local.lstm.z[0][n]);
    }
    /* lstm.f[t,n] = sigmoid(lstm.z[t,1,n]) */
    for (int n = 0; n < 24; n++) {
        scratch->local.lstm.f[n] = sigmoid(scratch->local.lstm.z[1][n]);
    }
    /* lstm.g[t,n] = tanh(lstm.z[t,2,n]) */
    for (int n = 0; n < 24; n++) {
        scratch->local.lstm.g[n] = tanhf(scratch->local.lstm.z[2][n]);
    }
    /* lstm.o[t,n] = sigmoid(lstm.z[t,3,n]) */
    for (int n = 0; n < 24; n++) {
        scratch->local.lstm.o[n] = sigmoid(scratch->local.lstm.z[3][n]);
    }
    /* lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n] */
    for (int n = 0; n < 24; n++) {
        state->lstm.c[1][n] = scratch->local.lstm.f[n] * state->lstm.c[0][n] + scratch->local.lstm.i[n]
            * scratch->local.lstm.g[n];
    }
    /* lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n]) */
    for (int n = 0; n < 24; n++) {
        scratch->local.lstm.tanh_c[n] = tanhf(state->lstm.c[1][n]);
    }
    /* lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
    for (int n = 0; n < 24; n++) {
        state->lstm.h[1][n] = scratch->local.lstm.o[n] * scratch->local.lstm.tanh_c[n];
    }
    /* dense.z[n] = dense.bias[n] */
    for (int n = 0; n < 8; n++) {
        scratch->local.dense.z[n] = weights->dense.bias[n];
    }
    /* dense.z[n] += dense.kernel[k,n] * lstm.h[1,k] */
    for (int k = 0; k < 24; k++) {
        const float lstm_h = state->lstm.h[1][k];
        for (int n = 0; n < 8; n++) {
            scratch->local.dense.z[n] += weights->dense.kernel[k][n] * lstm_h;
        }
    }
    /* dense.highest[] = -inf */
    scratch->local.dense.highest = -INFINITY;
    /* dense.highest[] max= dense.z[k] */
    {
        float largest = scratch->local.dense.highest;
        for (int k = 0; k < 8; k++) {
            largest = maximum(largest, scratch->local.dense.z[k]);
        }
        scratch->local.dense.highest = largest;
    }
    /* dense.e[n] = exp(dense.z[n] - stop(dense.highest[])) */
    for (int n = 0; n < 8; n++) {
        scratch->local.dense.e[n] = expf(scratch->local.dense.z[n] - scratch->local.dense.highest);
    }
    /* dense.total[] = 0 */
    scratch->local.dense.total = 0.0f;
    /* dense.total[] += dense.e[k] */
    {
        float sum = scratch->local.dense.total;
        for (int k = 0; k < 8; k++) {
            sum += scratch->local.dense.e[k];
        }
        scratch->local.dense.total = sum;
    }
    /* dense.y[n] = dense.e[n] / dense.total[] */
    for (int n = 0; n < 8; n++) {
        scratch->dense.y[n] = scratch->local.dense.e[n] / scratch->local.dense.total;
    }
    /* output[n] = dense.y[n] */
    for (int n = 0; n < 8; n++) {
        y[n] = scratch->dense.y[n];
    }
    /* lstm.h[0,n] = lstm.h[1,n] */
    for (int n = 0; n < 24; n++) {
        state->lstm.h[0][n] = state->lstm.h[1][n];
    }
    /* lstm.c[0,n] = lstm.c[1,n] */
    for (int n = 0; n < 24; n++) {
        state->lstm.c[0][n] = state->lstm.c[1][n];
    }
    return 1;
}

int reber_step(const struct reber_packed *restrict packed, struct reber_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    return step(packed->weights, state, x, y);
}

void reber_prepare_training(struct reber_training *restrict training, const struct reber_weights *restrict weights)
{
    training->weights = weights;
}

void reber_reset_tape(const struct reber_training *restrict training, struct reber_tape *restrict tape)
{
    (void)training;
    const int rows = REBER_BATCH;
    tape->rows = 0;
    tape->first_row = 0;
    /* lstm.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->lstm.h[0][b][n] = 0.0f;
        }
    }
    /* lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->lstm.c[0][b][n] = 0.0f;
        }
    }
}

static void forward(const struct reber_weights *restrict weights, struct reber_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    tape->rows = rows;
    memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);
    memset(tape->d_output, 0, sizeof tape->d_output);
    (void)seed;
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 24; t++) {
            for (int n = 0; n < 8; n++) {
                tape->embedding.y[t][b][n] = weights->embedding.embeddings[clamped(tape->input[b][t], 8)][n];
            }
        }
    }
    for (int t = 0; t < 24; t++) {
        /* lstm.z[t,b,g,n] = lstm.bias[24*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 24; n++) {
                    tape->local.lstm.z[b][g][n] = weights->lstm.bias[24 * g + n];
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.kernel[k,24*g+n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 8; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = tape->embedding.y[t][b][k];
                    for (int n = 0; n < 24; n++) {
                        tape->local.lstm.z[b][g][n] += weights->lstm.kernel[k][24 * g + n] * embedding_y;
                    }
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.recurrent_kernel[k,24*g+n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = tape->lstm.h[t][b][k];
                    for (int n = 0; n < 24; n++) {
                        tape->local.lstm.z[b][g][n] += weights->lstm.recurrent_kernel[k][24 * g + n] * lstm_h;
                    }
                }
            }
        }
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,0,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.i[t][b][n] = sigmoid(tape->local.lstm.z[b][0][n]);
            }
        }
        /* lstm.f[t,b,n] = sigmoid(lstm.z[t,b,1,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.f[t][b][n] = sigmoid(tape->local.lstm.z[b][1][n]);
            }
        }
        /* lstm.g[t,b,n] = tanh(lstm.z[t,b,2,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.g[t][b][n] = tanhf(tape->local.lstm.z[b][2][n]);
            }
        }
        /* lstm.o[t,b,n] = sigmoid(lstm.z[t,b,3,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.o[t][b][n] = sigmoid(tape->local.lstm.z[b][3][n]);
            }
        }
        /* lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.c[t + 1][b][n] = tape->lstm.f[t][b][n] * tape->lstm.c[t][b][n] + tape->lstm.i[t][b][n]
                    * tape->lstm.g[t][b][n];
            }
        }
        /* lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.tanh_c[t][b][n] = tanhf(tape->lstm.c[t + 1][b][n]);
            }
        }
        /* lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.h[t + 1][b][n] = tape->lstm.o[t][b][n] * tape->lstm.tanh_c[t][b][n];
            }
        }
    }
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->dense.z[b][n] = weights->dense.bias[n];
        }
    }
    /* dense.z[b,n] += dense.kernel[k,n] * lstm.h[24,b,k] */
    for (int b = 0; b < rows; b++) {
        for (int k = 0; k < 24; k++) {
            const float lstm_h = tape->lstm.h[24][b][k];
            for (int n = 0; n < 8; n++) {
                tape->dense.z[b][n] += weights->dense.kernel[k][n] * lstm_h;
            }
        }
    }
    /* dense.highest[b] = -inf */
    for (int b = 0; b < rows; b++) {
        tape->local.dense.highest[b] = -INFINITY;
    }
    /* dense.highest[b] max= dense.z[b,k] */
    for (int b = 0; b < rows; b++) {
        float largest = tape->local.dense.highest[b];
        for (int k = 0; k < 8; k++) {
            largest = maximum(largest, tape->dense.z[b][k]);
        }
        tape->local.dense.highest[b] = largest;
    }
    /* dense.e[b,n] = exp(dense.z[b,n] - stop(dense.highest[b])) */
    for (int b = 0; b < rows; b++) {
        const float dense_highest = tape->local.dense.highest[b];
        for (int n = 0; n < 8; n++) {
            tape->dense.e[b][n] = expf(tape->dense.z[b][n] - dense_highest);
        }
    }
    /* dense.total[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->dense.total[b] = 0.0f;
    }
    /* dense.total[b] += dense.e[b,k] */
    for (int b = 0; b < rows; b++) {
        float sum = tape->dense.total[b];
        for (int k = 0; k < 8; k++) {
            sum += tape->dense.e[b][k];
        }
        tape->dense.total[b] = sum;
    }
    /* dense.y[b,n] = dense.e[b,n] / dense.total[b] */
    for (int b = 0; b < rows; b++) {
        const float dense_total = tape->dense.total[b];
        for (int n = 0; n < 8; n++) {
            tape->dense.y[b][n] = tape->dense.e[b][n] / dense_total;
        }
    }
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->output[b][n] = tape->dense.y[b][n];
        }
    }
    /* dense.d_z[b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->dense.d_z[b][n] = 0.0f;
        }
    }
}

void reber_forward(const struct reber_training *restrict training, struct reber_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    forward(training->weights, tape, x, rows, seed);
}

float reber_loss(struct reber_tape *restrict tape, const int32_t *restrict target, const float *restrict sample_weight,
    float scale)
{
    const int rows = tape->rows;
    float loss = 0.0f;
    /* highest[b] = -inf */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.highest[b] = -INFINITY;
    }
    /* highest[b] max= dense.z[b,k] */
    for (int b = 0; b < rows; b++) {
        float largest = tape->local.model_loss.highest[b];
        for (int k = 0; k < 8; k++) {
            largest = maximum(largest, tape->dense.z[b][k]);
        }
        tape->local.model_loss.highest[b] = largest;
    }
    /* e[b,n] = exp(dense.z[b,n] - stop(highest[b])) */
    for (int b = 0; b < rows; b++) {
        const float highest = tape->local.model_loss.highest[b];
        for (int n = 0; n < 8; n++) {
            tape->model.e[b][n] = expf(tape->dense.z[b][n] - highest);
        }
    }
    /* sum[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->model.sum[b] = 0.0f;
    }
    /* sum[b] += e[b,k] */
    for (int b = 0; b < rows; b++) {
        float sum = tape->model.sum[b];
        for (int k = 0; k < 8; k++) {
            sum += tape->model.e[b][k];
        }
        tape->model.sum[b] = sum;
    }
    /* log_total[b] = log(sum[b]) */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.log_total[b] = logf(tape->model.sum[b]);
    }
    /* l[b] = log_total[b] - dense.z[b,target[b]] + stop(highest[b]) */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.l[b] = tape->local.model_loss.log_total[b] - tape->dense.z[b][clamped(target[b], 8)] +
            tape->local.model_loss.highest[b];
    }
    /* loss[] = 0 */
    loss = 0.0f;
    /* loss[] += scale[] * sample_weight[b] * l[b] */
    for (int b = 0; b < rows; b++) {
        loss += scale * (sample_weight ? sample_weight[b] : 1.0f) * tape->local.model_loss.l[b];
    }
    /* d_l[b] = scale[] * sample_weight[b] */
    for (int b = 0; b < rows; b++) {
        tape->model.d_l[b] = scale * (sample_weight ? sample_weight[b] : 1.0f);
    }
    /* d_log_total[b] = d_l[b] */
    for (int b = 0; b < rows; b++) {
        tape->model.d_log_total[b] = tape->model.d_l[b];
    }
    /* dense.d_z[b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->dense.d_z[b][n] = 0.0f;
        }
    }
    /* dense.d_z[b,target[b]] += -d_l[b] */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][clamped(target[b], 8)] += -tape->model.d_l[b];
    }
    /* d_sum[b] = d_log_total[b] / sum[b] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss_2.d_sum[b] = tape->model.d_log_total[b] / tape->model.sum[b];
    }
    /* d_e[b,k] = d_sum[b] */
    for (int b = 0; b < rows; b++) {
        const float d_sum = tape->local.model_loss_2.d_sum[b];
        for (int k = 0; k < 8; k++) {
            tape->local.model_loss_2.d_e[b][k] = d_sum;
        }
    }
    /* dense.d_z[b,n] += d_e[b,n] * e[b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->dense.d_z[b][n] += tape->local.model_loss_2.d_e[b][n] * tape->model.e[b][n];
        }
    }
    /* d_output[b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->d_output[b][n] = 0.0f;
        }
    }
    return loss;
}

static void backward(const struct reber_weights *restrict weights, struct reber_tape *restrict tape,
    struct reber_gradients *restrict gradients)
{
    const int rows = tape->rows;
    /* dense.d_y[b,n] = d_output[b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->dense.d_y[b][n] = tape->d_output[b][n];
        }
    }
    /* dense.d_e[b,n] = dense.d_y[b,n] / dense.total[b] */
    for (int b = 0; b < rows; b++) {
        const float dense_total = tape->dense.total[b];
        for (int n = 0; n < 8; n++) {
            tape->local.dense_backward.d_e[b][n] = tape->dense.d_y[b][n] / dense_total;
        }
    }
    /* dense.d_total[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->local.dense_backward.d_total[b] = 0.0f;
    }
    /* dense.d_total[b] += -(dense.d_y[b,n] * (dense.y[b,n] / dense.total[b])) */
    for (int b = 0; b < rows; b++) {
        float sum = tape->local.dense_backward.d_total[b];
        const float dense_total = tape->dense.total[b];
        for (int n = 0; n < 8; n++) {
            sum += -(tape->dense.d_y[b][n] * (tape->dense.y[b][n] / dense_total));
        }
        tape->local.dense_backward.d_total[b] = sum;
    }
    /* dense.d_e[b,k] += dense.d_total[b] */
    for (int b = 0; b < rows; b++) {
        const float dense_d_total = tape->local.dense_backward.d_total[b];
        for (int k = 0; k < 8; k++) {
            tape->local.dense_backward.d_e[b][k] += dense_d_total;
        }
    }
    /* dense.d_z[b,n] += dense.d_e[b,n] * dense.e[b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            tape->dense.d_z[b][n] += tape->local.dense_backward.d_e[b][n] * tape->dense.e[b][n];
        }
    }
    /* dense.d_kernel[k,n] += dense.d_z[b,n] * lstm.h[24,b,k] */
    for (int b = 0; b < rows; b++) {
        for (int k = 0; k < 24; k++) {
            const float lstm_h = tape->lstm.h[24][b][k];
            for (int n = 0; n < 8; n++) {
                gradients->dense.kernel[k][n] += tape->dense.d_z[b][n] * lstm_h;
            }
        }
    }
    /* lstm.d_h[24,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->lstm.d_h[0][b][n] = 0.0f;
        }
    }
    /* lstm.d_h[24,b,k] += dense.d_z[b,n] * dense.kernel[k,n] */
    for (int b = 0; b < rows; b++) {
        for (int k = 0; k < 24; k += 8) {
            float sum_0 = tape->lstm.d_h[0][b][k];
            float sum_1 = tape->lstm.d_h[0][b][k + 1];
            float sum_2 = tape->lstm.d_h[0][b][k + 2];
            float sum_3 = tape->lstm.d_h[0][b][k + 3];
            float sum_4 = tape->lstm.d_h[0][b][k + 4];
            float sum_5 = tape->lstm.d_h[0][b][k + 5];
            float sum_6 = tape->lstm.d_h[0][b][k + 6];
            float sum_7 = tape->lstm.d_h[0][b][k + 7];
            for (int n = 0; n < 8; n++) {
                sum_0 += tape->dense.d_z[b][n] * weights->dense.kernel[k][n];
                sum_1 += tape->dense.d_z[b][n] * weights->dense.kernel[k + 1][n];
                sum_2 += tape->dense.d_z[b][n] * weights->dense.kernel[k + 2][n];
                sum_3 += tape->dense.d_z[b][n] * weights->dense.kernel[k + 3][n];
                sum_4 += tape->dense.d_z[b][n] * weights->dense.kernel[k + 4][n];
                sum_5 += tape->dense.d_z[b][n] * weights->dense.kernel[k + 5][n];
                sum_6 += tape->dense.d_z[b][n] * weights->dense.kernel[k + 6][n];
                sum_7 += tape->dense.d_z[b][n] * weights->dense.kernel[k + 7][n];
            }
            tape->lstm.d_h[0][b][k] = sum_0;
            tape->lstm.d_h[0][b][k + 1] = sum_1;
            tape->lstm.d_h[0][b][k + 2] = sum_2;
            tape->lstm.d_h[0][b][k + 3] = sum_3;
            tape->lstm.d_h[0][b][k + 4] = sum_4;
            tape->lstm.d_h[0][b][k + 5] = sum_5;
            tape->lstm.d_h[0][b][k + 6] = sum_6;
            tape->lstm.d_h[0][b][k + 7] = sum_7;
        }
    }
    /* dense.d_bias[n] += dense.d_z[b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 8; n++) {
            gradients->dense.bias[n] += tape->dense.d_z[b][n];
        }
    }
    /* lstm.d_c[24,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->local.lstm_backward.d_c[0][b][n] = 0.0f;
        }
    }
    for (int t = 23; t >= 0; t--) {
        /* lstm.d_o[t,b,n] = lstm.d_h[t+1,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_o[b][n] = tape->lstm.d_h[(t + 1) % 2][b][n] * tape->lstm.tanh_c[t][b][n];
            }
        }
        /* lstm.d_tanh_c[t,b,n] = lstm.d_h[t+1,b,n] * lstm.o[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_tanh_c[b][n] = tape->lstm.d_h[(t + 1) % 2][b][n] * tape->lstm.o[t][b][n];
            }
        }
        /* lstm.d_c[t+1,b,n] += lstm.d_tanh_c[t,b,n] * (1 - lstm.tanh_c[t,b,n] * lstm.tanh_c[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_c[(t + 1) % 2][b][n] += tape->local.lstm_backward.d_tanh_c[b][n]
                    * (1.0f - tape->lstm.tanh_c[t][b][n] * tape->lstm.tanh_c[t][b][n]);
            }
        }
        /* lstm.d_f[t,b,n] = lstm.d_c[t+1,b,n] * lstm.c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_f[b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.c[t][b][n];
            }
        }
        /* lstm.d_c[t,b,n] = lstm.d_c[t+1,b,n] * lstm.f[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_c[t % 2][b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.f[t][b][n];
            }
        }
        /* lstm.d_i[t,b,n] = lstm.d_c[t+1,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_i[b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.g[t][b][n];
            }
        }
        /* lstm.d_g[t,b,n] = lstm.d_c[t+1,b,n] * lstm.i[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_g[b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.i[t][b][n];
            }
        }
        /* lstm.d_z[t,b,3,n] = lstm.d_o[t,b,n] * (lstm.o[t,b,n] * (1 - lstm.o[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_z[b][3][n] = tape->local.lstm_backward.d_o[b][n]
                    * (tape->lstm.o[t][b][n] * (1.0f - tape->lstm.o[t][b][n]));
            }
        }
        /* lstm.d_z[t,b,2,n] = lstm.d_g[t,b,n] * (1 - lstm.g[t,b,n] * lstm.g[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_z[b][2][n] = tape->local.lstm_backward.d_g[b][n]
                    * (1.0f - tape->lstm.g[t][b][n] * tape->lstm.g[t][b][n]);
            }
        }
        /* lstm.d_z[t,b,1,n] = lstm.d_f[t,b,n] * (lstm.f[t,b,n] * (1 - lstm.f[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_z[b][1][n] = tape->local.lstm_backward.d_f[b][n]
                    * (tape->lstm.f[t][b][n] * (1.0f - tape->lstm.f[t][b][n]));
            }
        }
        /* lstm.d_z[t,b,0,n] = lstm.d_i[t,b,n] * (lstm.i[t,b,n] * (1 - lstm.i[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.lstm_backward.d_z[b][0][n] = tape->local.lstm_backward.d_i[b][n]
                    * (tape->lstm.i[t][b][n] * (1.0f - tape->lstm.i[t][b][n]));
            }
        }
        /* lstm.d_recurrent_kernel[k,24*g+n] += lstm.d_z[t,b,g,n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = tape->lstm.h[t][b][k];
                    for (int n = 0; n < 24; n++) {
                        gradients->lstm.recurrent_kernel[k][24 * g + n] += tape->local.lstm_backward.d_z[b][g][n]
                            * lstm_h;
                    }
                }
            }
        }
        /* lstm.d_h[t,b,n] = 0 */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->lstm.d_h[t % 2][b][n] = 0.0f;
            }
        }
        /* lstm.d_h[t,b,k] += lstm.d_z[t,b,g,n] * lstm.recurrent_kernel[k,24*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k += 8) {
                float sum_0 = tape->lstm.d_h[t % 2][b][k];
                float sum_1 = tape->lstm.d_h[t % 2][b][k + 1];
                float sum_2 = tape->lstm.d_h[t % 2][b][k + 2];
                float sum_3 = tape->lstm.d_h[t % 2][b][k + 3];
                float sum_4 = tape->lstm.d_h[t % 2][b][k + 4];
                float sum_5 = tape->lstm.d_h[t % 2][b][k + 5];
                float sum_6 = tape->lstm.d_h[t % 2][b][k + 6];
                float sum_7 = tape->lstm.d_h[t % 2][b][k + 7];
                for (int g = 0; g < 4; g++) {
                    for (int n = 0; n < 24; n++) {
                        sum_0 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k][24 * g + n];
                        sum_1 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k + 1][24 * g +
                            n];
                        sum_2 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k + 2][24 * g +
                            n];
                        sum_3 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k + 3][24 * g +
                            n];
                        sum_4 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k + 4][24 * g +
                            n];
                        sum_5 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k + 5][24 * g +
                            n];
                        sum_6 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k + 6][24 * g +
                            n];
                        sum_7 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[k + 7][24 * g +
                            n];
                    }
                }
                tape->lstm.d_h[t % 2][b][k] = sum_0;
                tape->lstm.d_h[t % 2][b][k + 1] = sum_1;
                tape->lstm.d_h[t % 2][b][k + 2] = sum_2;
                tape->lstm.d_h[t % 2][b][k + 3] = sum_3;
                tape->lstm.d_h[t % 2][b][k + 4] = sum_4;
                tape->lstm.d_h[t % 2][b][k + 5] = sum_5;
                tape->lstm.d_h[t % 2][b][k + 6] = sum_6;
                tape->lstm.d_h[t % 2][b][k + 7] = sum_7;
            }
        }
        /* lstm.d_kernel[k,24*g+n] += lstm.d_z[t,b,g,n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 8; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = tape->embedding.y[t][b][k];
                    for (int n = 0; n < 24; n++) {
                        gradients->lstm.kernel[k][24 * g + n] += tape->local.lstm_backward.d_z[b][g][n] * embedding_y;
                    }
                }
            }
        }
        /* embedding.d_y[t,b,n] = 0 */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 8; n++) {
                tape->embedding.d_y[t][b][n] = 0.0f;
            }
        }
        /* embedding.d_y[t,b,k] += lstm.d_z[t,b,g,n] * lstm.kernel[k,24*g+n] */
        for (int b = 0; b < rows; b++) {
            float sum_0 = tape->embedding.d_y[t][b][0];
            float sum_1 = tape->embedding.d_y[t][b][1];
            float sum_2 = tape->embedding.d_y[t][b][2];
            float sum_3 = tape->embedding.d_y[t][b][3];
            float sum_4 = tape->embedding.d_y[t][b][4];
            float sum_5 = tape->embedding.d_y[t][b][5];
            float sum_6 = tape->embedding.d_y[t][b][6];
            float sum_7 = tape->embedding.d_y[t][b][7];
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 24; n++) {
                    sum_0 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[0][24 * g + n];
                    sum_1 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[1][24 * g + n];
                    sum_2 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[2][24 * g + n];
                    sum_3 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[3][24 * g + n];
                    sum_4 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[4][24 * g + n];
                    sum_5 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[5][24 * g + n];
                    sum_6 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[6][24 * g + n];
                    sum_7 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[7][24 * g + n];
                }
            }
            tape->embedding.d_y[t][b][0] = sum_0;
            tape->embedding.d_y[t][b][1] = sum_1;
            tape->embedding.d_y[t][b][2] = sum_2;
            tape->embedding.d_y[t][b][3] = sum_3;
            tape->embedding.d_y[t][b][4] = sum_4;
            tape->embedding.d_y[t][b][5] = sum_5;
            tape->embedding.d_y[t][b][6] = sum_6;
            tape->embedding.d_y[t][b][7] = sum_7;
        }
        /* lstm.d_bias[24*g+n] += lstm.d_z[t,b,g,n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 24; n++) {
                    gradients->lstm.bias[24 * g + n] += tape->local.lstm_backward.d_z[b][g][n];
                }
            }
        }
    }
    /* embedding.d_embeddings[x[b,t],n] += embedding.d_y[t,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 24; t++) {
            for (int n = 0; n < 8; n++) {
                gradients->embedding.embeddings[clamped(tape->input[b][t], 8)][n] += tape->embedding.d_y[t][b][n];
            }
        }
    }
}

void reber_backward(const struct reber_training *restrict training, struct reber_tape *restrict tape,
    struct reber_gradients *restrict gradients)
{
    backward(training->weights, tape, gradients);
}

void reber_carry(struct reber_tape *restrict tape)
{
    const int rows = tape->rows;
    /* lstm.h[0,b,n] = lstm.h[24,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->lstm.h[0][b][n] = tape->lstm.h[24][b][n];
        }
    }
    /* lstm.c[0,b,n] = lstm.c[24,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->lstm.c[0][b][n] = tape->lstm.c[24][b][n];
        }
    }
}

static const struct lstmc_tensor weight_tensors[] = {
    {
        .name = "embedding/embeddings", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_weights, embedding.embeddings) / sizeof(float), .count = 64, .trainable = 1,
        .initializer = {
            .kind = LSTMC_UNIFORM, .fan = LSTMC_FAN_IN, .a = -0.05f, .b = 0.05f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/kernel", .rank = 2, .shape = { 8, 96 },
        .offset = offsetof(struct reber_weights, lstm.kernel) / sizeof(float), .count = 768, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/recurrent_kernel", .rank = 2, .shape = { 24, 96 },
        .offset = offsetof(struct reber_weights, lstm.recurrent_kernel) / sizeof(float), .count = 2304, .trainable = 1,
        .initializer = {
            .kind = LSTMC_ORTHOGONAL, .fan = LSTMC_FAN_IN, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/bias", .rank = 1, .shape = { 96 },
        .offset = offsetof(struct reber_weights, lstm.bias) / sizeof(float), .count = 96, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 0.0f, .b = 0.0f,
            .ones_begin = 24, .ones_end = 48,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/kernel", .rank = 2, .shape = { 24, 8 },
        .offset = offsetof(struct reber_weights, dense.kernel) / sizeof(float), .count = 192, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/bias", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_weights, dense.bias) / sizeof(float), .count = 8, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 0.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
};

static const struct lstmc_tensor tape_tensors[] = {
    {
        .name = "embedding.y", .rank = 3, .shape = { 24, 8, 8 },
        .offset = offsetof(struct reber_tape, embedding.y) / sizeof(float), .count = 1536,
    },
    {
        .name = "lstm.h", .rank = 3, .shape = { 25, 8, 24 },
        .offset = offsetof(struct reber_tape, lstm.h) / sizeof(float), .count = 4800,
    },
    {
        .name = "lstm.c", .rank = 3, .shape = { 25, 8, 24 },
        .offset = offsetof(struct reber_tape, lstm.c) / sizeof(float), .count = 4800,
    },
    {
        .name = "lstm.i", .rank = 3, .shape = { 24, 8, 24 },
        .offset = offsetof(struct reber_tape, lstm.i) / sizeof(float), .count = 4608,
    },
    {
        .name = "lstm.f", .rank = 3, .shape = { 24, 8, 24 },
        .offset = offsetof(struct reber_tape, lstm.f) / sizeof(float), .count = 4608,
    },
    {
        .name = "lstm.g", .rank = 3, .shape = { 24, 8, 24 },
        .offset = offsetof(struct reber_tape, lstm.g) / sizeof(float), .count = 4608,
    },
    {
        .name = "lstm.o", .rank = 3, .shape = { 24, 8, 24 },
        .offset = offsetof(struct reber_tape, lstm.o) / sizeof(float), .count = 4608,
    },
    {
        .name = "lstm.tanh_c", .rank = 3, .shape = { 24, 8, 24 },
        .offset = offsetof(struct reber_tape, lstm.tanh_c) / sizeof(float), .count = 4608,
    },
    {
        .name = "dense.z", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, dense.z) / sizeof(float), .count = 64,
    },
    {
        .name = "dense.e", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, dense.e) / sizeof(float), .count = 64,
    },
    {
        .name = "dense.total", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_tape, dense.total) / sizeof(float), .count = 8,
    },
    {
        .name = "dense.y", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, dense.y) / sizeof(float), .count = 64,
    },
    {
        .name = "output", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, output) / sizeof(float), .count = 64,
    },
    {
        .name = "model.e", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, model.e) / sizeof(float), .count = 64,
    },
    {
        .name = "model.sum", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_tape, model.sum) / sizeof(float), .count = 8,
    },
    {
        .name = "embedding.d_y", .rank = 3, .shape = { 24, 8, 8 },
        .offset = offsetof(struct reber_tape, embedding.d_y) / sizeof(float), .count = 1536,
    },
    {
        .name = "dense.d_z", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, dense.d_z) / sizeof(float), .count = 64,
    },
    {
        .name = "dense.d_y", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, dense.d_y) / sizeof(float), .count = 64,
    },
    {
        .name = "d_output", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, d_output) / sizeof(float), .count = 64,
    },
    {
        .name = "model.d_log_total", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_tape, model.d_log_total) / sizeof(float), .count = 8,
    },
    {
        .name = "model.d_l", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_tape, model.d_l) / sizeof(float), .count = 8,
    },
};

static void call_prepare(void *packed, const void *weights)
{
    reber_prepare(packed, weights);
}

static void call_predict(const void *packed, void *scratch, const void *x, float *y)
{
    reber_predict(packed, scratch, x, y);
}

static void call_predict_batch(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    reber_predict_batch(packed, scratch, x, rows, y);
}

static void call_reset(const void *packed, void *state)
{
    reber_reset(packed, state);
}

static int call_step(const void *packed, void *state, const void *x, float *y)
{
    return reber_step(packed, state, x, y);
}

static void call_prepare_training(void *training, const void *weights)
{
    reber_prepare_training(training, weights);
}

static void call_reset_tape(const void *training, void *tape)
{
    reber_reset_tape(training, tape);
}

static void call_forward(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    reber_forward(training, tape, x, rows, seed);
}

static void call_backward(const void *training, void *tape, void *gradients)
{
    reber_backward(training, tape, gradients);
}

static void call_carry(void *tape)
{
    reber_carry(tape);
}

static float call_loss(void *tape, const void *target, const float *sample_weight, float scale)
{
    return reber_loss(tape, target, sample_weight, scale);
}

const struct lstmc_model reber_model = {
    .name = "reber", .source = "reber.lua", .version = "0.1",
    .fingerprint = UINT64_C(0x87dcb8a7716d5998),
    .input_is_tokens = 1, .vocabulary = 8,
    .input_rank = 1, .input_shape = { 24 }, .input_count = 24,
    .output_rank = 1, .output_shape = { 8 }, .output_count = 8,
    .target_rank = 0, .target_shape = { 0 }, .target_count = 1, .target_is_class = 1,
    .loss = "sparse_categorical_crossentropy",
    .batch = 8, .shards = 1,
    .optimizer = {
        .kind = LSTMC_ADAM, .learning_rate = 0.005f, .momentum = 0.0f, .rho = 0.0f,
        .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-07f, .weight_decay = 0.0f,
        .nesterov = 0, .centered = 0, .amsgrad = 0,
        .clipnorm = 0.0f, .clipvalue = 0.0f, .global_clipnorm = 1.0f,
    },
    .weights = weight_tensors, .weight_tensors = 6,
    .weight_count = 3432, .gradient_count = 3432,
    .tape_tensors = tape_tensors, .tape_tensor_count = 21,
    .packed_bytes = sizeof(struct reber_packed), .scratch_bytes = sizeof(struct reber_scratch),
    .batch_scratch_bytes = sizeof(struct reber_batch_scratch),
    .prepare = call_prepare, .predict = call_predict, .predict_batch = call_predict_batch,
    .state_bytes = sizeof(struct reber_state), .reset = call_reset, .step = call_step,
    .output_offset = offsetof(struct reber_tape, output), .first_row_offset = offsetof(struct reber_tape, first_row),
    .training_bytes = sizeof(struct reber_training), .tape_bytes = sizeof(struct reber_tape),
    .prepare_training = call_prepare_training, .reset_tape = call_reset_tape, .forward = call_forward,
    .backward = call_backward, .carry = call_carry,
    .d_output_offset = offsetof(struct reber_tape, d_output),
    .loss_function = call_loss,
};
