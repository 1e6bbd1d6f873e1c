/* golden.c: written by lstmc 0.1 from golden.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   tokens[5] -> Embedding[5, 2] -> LSTM[3] -> Dense[1]
 *   90 weights   step: 63 mul-adds, 16 activations   tape 728 B a row   state 48 B   scratch 200 B   1 lane
 */
#include "golden.h"

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

/* log(1 + exp(v)) without overflow */
static inline float softplus(float v)
{
    return (v > 0.0f ? v : 0.0f) + log1pf(expf(-fabsf(v)));
}

/* Static functions have the weights as a parameter of their own: of a parameter compilers know that no write changes it. */

void golden_prepare(struct golden_packed *restrict packed, const struct golden_weights *restrict weights)
{
    packed->weights = weights;
}

static void predict(const struct golden_weights *restrict weights, struct golden_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    /* lstm.h[0,n] = 0 */
    scratch->lstm.h[0][0] = 0.0f;
    scratch->lstm.h[0][1] = 0.0f;
    scratch->lstm.h[0][2] = 0.0f;
    /* lstm.c[0,n] = 0 */
    scratch->lstm.c[0][0] = 0.0f;
    scratch->lstm.c[0][1] = 0.0f;
    scratch->lstm.c[0][2] = 0.0f;
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    for (int t = 0; t < 5; t++) {
        for (int n = 0; n < 2; n++) {
            scratch->embedding.y[t][n] = weights->embedding.embeddings[clamped(x[t], 7)][n];
        }
    }
    for (int t = 0; t < 5; t++) {
        /* lstm.z[t,g,n] = lstm.bias[3*g+n] */
        for (int g = 0; g < 4; g++) {
            for (int n = 0; n < 3; n++) {
                scratch->local.lstm.z[g][n] = weights->lstm.bias[3 * g + n];
            }
        }
        /* lstm.z[t,g,n] += lstm.kernel[k,3*g+n] * embedding.y[t,k] */
        for (int k = 0; k < 2; k++) {
            for (int g = 0; g < 4; g++) {
                const float embedding_y = scratch->embedding.y[t][k];
                for (int n = 0; n < 3; n++) {
                    scratch->local.lstm.z[g][n] += weights->lstm.kernel[k][3 * g + n] * embedding_y;
                }
            }
        }
        /* lstm.z[t,g,n] += lstm.recurrent_kernel[k,3*g+n] * lstm.h[t,k] */
        for (int k = 0; k < 3; k++) {
            for (int g = 0; g < 4; g++) {
                const float lstm_h = scratch->lstm.h[t % 2][k];
                for (int n = 0; n < 3; n++) {
                    scratch->local.lstm.z[g][n] += weights->lstm.recurrent_kernel[k][3 * g + n] * lstm_h;
                }
            }
        }
        /* lstm.i[t,n] = sigmoid(lstm.z[t,0,n]) */
        scratch->local.lstm.i[0] = sigmoid(scratch->local.lstm.z[0][0]);
        scratch->local.lstm.i[1] = sigmoid(scratch->local.lstm.z[0][1]);
        scratch->local.lstm.i[2] = sigmoid(scratch->local.lstm.z[0][2]);
        /* lstm.f[t,n] = sigmoid(lstm.z[t,1,n]) */
        scratch->local.lstm.f[0] = sigmoid(scratch->local.lstm.z[1][0]);
        scratch->local.lstm.f[1] = sigmoid(scratch->local.lstm.z[1][1]);
        scratch->local.lstm.f[2] = sigmoid(scratch->local.lstm.z[1][2]);
        /* lstm.g[t,n] = tanh(lstm.z[t,2,n]) */
        scratch->local.lstm.g[0] = tanhf(scratch->local.lstm.z[2][0]);
        scratch->local.lstm.g[1] = tanhf(scratch->local.lstm.z[2][1]);
        scratch->local.lstm.g[2] = tanhf(scratch->local.lstm.z[2][2]);
        /* lstm.o[t,n] = sigmoid(lstm.z[t,3,n]) */
        scratch->local.lstm.o[0] = sigmoid(scratch->local.lstm.z[3][0]);
        scratch->local.lstm.o[1] = sigmoid(scratch->local.lstm.z[3][1]);
        scratch->local.lstm.o[2] = sigmoid(scratch->local.lstm.z[3][2]);
        /* lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n] */
        scratch->lstm.c[(t + 1) % 2][0] = scratch->local.lstm.f[0] * scratch->lstm.c[t % 2][0] +
            scratch->local.lstm.i[0] * scratch->local.lstm.g[0];
        scratch->lstm.c[(t + 1) % 2][1] = scratch->local.lstm.f[1] * scratch->lstm.c[t % 2][1] +
            scratch->local.lstm.i[1] * scratch->local.lstm.g[1];
        scratch->lstm.c[(t + 1) % 2][2] = scratch->local.lstm.f[2] * scratch->lstm.c[t % 2][2] +
            scratch->local.lstm.i[2] * scratch->local.lstm.g[2];
        /* lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n]) */
        scratch->local.lstm.tanh_c[0] = tanhf(scratch->lstm.c[(t + 1) % 2][0]);
        scratch->local.lstm.tanh_c[1] = tanhf(scratch->lstm.c[(t + 1) % 2][1]);
        scratch->local.lstm.tanh_c[2] = tanhf(scratch->lstm.c[(t + 1) % 2][2]);
        /* lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
        scratch->lstm.h[(t + 1) % 2][0] = scratch->local.lstm.o[0] * scratch->local.lstm.tanh_c[0];
        scratch->lstm.h[(t + 1) % 2][1] = scratch->local.lstm.o[1] * scratch->local.lstm.tanh_c[1];
        scratch->lstm.h[(t + 1) % 2][2] = scratch->local.lstm.o[2] * scratch->local.lstm.tanh_c[2];
    }
    /* dense.z[n] = dense.bias[n] */
    scratch->local.dense.z[0] = weights->dense.bias[0];
    /* dense.z[n] += dense.kernel[k,n] * lstm.h[5,k] */
    scratch->local.dense.z[0] += weights->dense.kernel[0][0] * scratch->lstm.h[1][0];
    scratch->local.dense.z[0] += weights->dense.kernel[1][0] * scratch->lstm.h[1][1];
    scratch->local.dense.z[0] += weights->dense.kernel[2][0] * scratch->lstm.h[1][2];
    /* dense.y[n] = sigmoid(dense.z[n]) */
    scratch->dense.y[0] = sigmoid(scratch->local.dense.z[0]);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
}

void golden_predict(const struct golden_packed *restrict packed, struct golden_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    predict(packed->weights, scratch, x, y);
}

static void predict_batch(const struct golden_weights *restrict weights, struct golden_batch_scratch *restrict scratch,
    const int32_t *restrict x, int rows, float *restrict y)
{
    /* lstm.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        scratch->lstm.h[0][b][0] = 0.0f;
        scratch->lstm.h[0][b][1] = 0.0f;
        scratch->lstm.h[0][b][2] = 0.0f;
    }
    /* lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        scratch->lstm.c[0][b][0] = 0.0f;
        scratch->lstm.c[0][b][1] = 0.0f;
        scratch->lstm.c[0][b][2] = 0.0f;
    }
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 5; t++) {
            for (int n = 0; n < 2; n++) {
                scratch->embedding.y[t][b][n] = weights->embedding.embeddings[clamped(x[5 * b + t], 7)][n];
            }
        }
    }
    for (int t = 0; t < 5; t++) {
        /* lstm.z[t,b,g,n] = lstm.bias[3*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 3; n++) {
                    scratch->local.lstm.z[b][g][n] = weights->lstm.bias[3 * g + n];
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.kernel[k,3*g+n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 2; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = scratch->embedding.y[t][b][k];
                    for (int n = 0; n < 3; n++) {
                        scratch->local.lstm.z[b][g][n] += weights->lstm.kernel[k][3 * g + n] * embedding_y;
                    }
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.recurrent_kernel[k,3*g+n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 3; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = scratch->lstm.h[t % 2][b][k];
                    for (int n = 0; n < 3; n++) {
                        scratch->local.lstm.z[b][g][n] += weights->lstm.recurrent_kernel[k][3 * g + n] * lstm_h;
                    }
                }
            }
        }
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,0,n]) */
        for (int b = 0; b < rows; b++) {
            scratch->local.lstm.i[b][0] = sigmoid(scratch->local.lstm.z[b][0][0]);
            scratch->local.lstm.i[b][1] = sigmoid(scratch->local.lstm.z[b][0][1]);
            scratch->local.lstm.i[b][2] = sigmoid(scratch->local.lstm.z[b][0][2]);
        }
        /* lstm.f[t,b,n] = sigmoid(lstm.z[t,b,1,n]) */
        for (int b = 0; b < rows; b++) {
            scratch->local.lstm.f[b][0] = sigmoid(scratch->local.lstm.z[b][1][0]);
            scratch->local.lstm.f[b][1] = sigmoid(scratch->local.lstm.z[b][1][1]);
            scratch->local.lstm.f[b][2] = sigmoid(scratch->local.lstm.z[b][1][2]);
        }
        /* lstm.g[t,b,n] = tanh(lstm.z[t,b,2,n]) */
        for (int b = 0; b < rows; b++) {
            scratch->local.lstm.g[b][0] = tanhf(scratch->local.lstm.z[b][2][0]);
            scratch->local.lstm.g[b][1] = tanhf(scratch->local.lstm.z[b][2][1]);
            scratch->local.lstm.g[b][2] = tanhf(scratch->local.lstm.z[b][2][2]);
        }
        /* lstm.o[t,b,n] = sigmoid(lstm.z[t,b,3,n]) */
        for (int b = 0; b < rows; b++) {
            scratch->local.lstm.o[b][0] = sigmoid(scratch->local.lstm.z[b][3][0]);
            scratch->local.lstm.o[b][1] = sigmoid(scratch->local.lstm.z[b][3][1]);
            scratch->local.lstm.o[b][2] = sigmoid(scratch->local.lstm.z[b][3][2]);
        }
        /* lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            scratch->lstm.c[(t + 1) % 2][b][0] = scratch->local.lstm.f[b][0] * scratch->lstm.c[t % 2][b][0] +
                scratch->local.lstm.i[b][0] * scratch->local.lstm.g[b][0];
            scratch->lstm.c[(t + 1) % 2][b][1] = scratch->local.lstm.f[b][1] * scratch->lstm.c[t % 2][b][1] +
                scratch->local.lstm.i[b][1] * scratch->local.lstm.g[b][1];
            scratch->lstm.c[(t + 1) % 2][b][2] = scratch->local.lstm.f[b][2] * scratch->lstm.c[t % 2][b][2] +
                scratch->local.lstm.i[b][2] * scratch->local.lstm.g[b][2];
        }
        /* lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n]) */
        for (int b = 0; b < rows; b++) {
            scratch->local.lstm.tanh_c[b][0] = tanhf(scratch->lstm.c[(t + 1) % 2][b][0]);
            scratch->local.lstm.tanh_c[b][1] = tanhf(scratch->lstm.c[(t + 1) % 2][b][1]);
            scratch->local.lstm.tanh_c[b][2] = tanhf(scratch->lstm.c[(t + 1) % 2][b][2]);
        }
        /* lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            scratch->lstm.h[(t + 1) % 2][b][0] = scratch->local.lstm.o[b][0] * scratch->local.lstm.tanh_c[b][0];
            scratch->lstm.h[(t + 1) % 2][b][1] = scratch->local.lstm.o[b][1] * scratch->local.lstm.tanh_c[b][1];
            scratch->lstm.h[(t + 1) % 2][b][2] = scratch->local.lstm.o[b][2] * scratch->local.lstm.tanh_c[b][2];
        }
    }
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.z[b][0] = weights->dense.bias[0];
    }
    /* dense.z[b,n] += dense.kernel[k,n] * lstm.h[5,b,k] */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.z[b][0] += weights->dense.kernel[0][0] * scratch->lstm.h[1][b][0];
        scratch->local.dense.z[b][0] += weights->dense.kernel[1][0] * scratch->lstm.h[1][b][1];
        scratch->local.dense.z[b][0] += weights->dense.kernel[2][0] * scratch->lstm.h[1][b][2];
    }
    /* dense.y[b,n] = sigmoid(dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        scratch->dense.y[b][0] = sigmoid(scratch->local.dense.z[b][0]);
    }
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        y[b] = scratch->dense.y[b][0];
    }
}

void golden_predict_batch(const struct golden_packed *restrict packed, struct golden_batch_scratch *restrict scratch,
    const int32_t *restrict x, int rows, float *restrict y)
{
    predict_batch(packed->weights, scratch, x, rows, y);
}

/* What a step computes on its way. */
struct golden_step_scratch {
    struct {
        float y[1][2];
    } embedding;
    struct {
        float y[1];
    } dense;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[4][3];
            float i[3];
            float f[3];
            float g[3];
            float o[3];
            float tanh_c[3];
        } lstm;
        struct {
            float z[1];
        } dense;
    } local;
};

void golden_reset(const struct golden_packed *restrict packed, struct golden_state *restrict state)
{
    (void)packed;
    /* lstm.h[0,n] = 0 */
    state->lstm.h[0][0] = 0.0f;
    state->lstm.h[0][1] = 0.0f;
    state->lstm.h[0][2] = 0.0f;
    /* lstm.c[0,n] = 0 */
    state->lstm.c[0][0] = 0.0f;
    state->lstm.c[0][1] = 0.0f;
    state->lstm.c[0][2] = 0.0f;
}

static int step(const struct golden_weights *restrict weights, struct golden_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    struct golden_step_scratch memory, *const scratch = &memory;
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    scratch->embedding.y[0][0] = weights->embedding.embeddings[clamped(x[0], 7)][0];
    scratch->embedding.y[0][1] = weights->embedding.embeddings[clamped(x[0], 7)][1];
    /* lstm.z[t,g,n] = lstm.bias[3*g+n] */
    for (int g = 0; g < 4; g++) {
        for (int n = 0; n < 3; n++) {
            scratch->local.lstm.z[g][n] = weights->lstm.bias[3 * g + n];
        }
    }
    /* lstm.z[t,g,n] += lstm.kernel[k,3*g+n] * embedding.y[t,k] */
    for (int k = 0; k < 2; k++) {
        for (int g = 0; g < 4; g++) {
            const float embedding_y = scratch->embedding.y[0][k];
            for (int n = 0; n < 3; n++) {
                scratch->local.lstm.z[g][n] += weights->lstm.kernel[k][3 * g + n] * embedding_y;
            }
        }
    }
    /* lstm.z[t,g,n] += lstm.recurrent_kernel[k,3*g+n] * lstm.h[t,k] */
    for (int k = 0; k < 3; k++) {
        for (int g = 0; g < 4; g++) {
            const float lstm_h = state->lstm.h[0][k];
            for (int n = 0; n < 3; n++) {
                scratch->local.lstm.z[g][n] += weights->lstm.recurrent_kernel[k][3 * g + n] * lstm_h;
            }
        }
    }
    /* lstm.i[t,n] = sigmoid(lstm.z[t,0,n]) */
    scratch->local.lstm.i[0] = sigmoid(scratch->local.lstm.z[0][0]);
    scratch->local.lstm.i[1] = sigmoid(scratch->local.lstm.z[0][1]);
    scratch->local.lstm.i[2] = sigmoid(scratch->local.lstm.z[0][2]);
    /* lstm.f[t,n] = sigmoid(lstm.z[t,1,n]) */
    scratch->local.lstm.f[0] = sigmoid(scratch->local.lstm.z[1][0]);
    scratch->local.lstm.f[1] = sigmoid(scratch->local.lstm.z[1][1]);
    scratch->local.lstm.f[2] = sigmoid(scratch->local.lstm.z[1][2]);
    /* lstm.g[t,n] = tanh(lstm.z[t,2,n]) */
    scratch->local.lstm.g[0] = tanhf(scratch->local.lstm.z[2][0]);
    scratch->local.lstm.g[1] = tanhf(scratch->local.lstm.z[2][1]);
    scratch->local.lstm.g[2] = tanhf(scratch->local.lstm.z[2][2]);
    /* lstm.o[t,n] = sigmoid(lstm.z[t,3,n]) */
    scratch->local.lstm.o[0] = sigmoid(scratch->local.lstm.z[3][0]);
    scratch->local.lstm.o[1] = sigmoid(scratch->local.lstm.z[3][1]);
    scratch->local.lstm.o[2] = sigmoid(scratch->local.lstm.z[3][2]);
    /* lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n] */
    state->lstm.c[1][0] = scratch->local.lstm.f[0] * state->lstm.c[0][0] + scratch->local.lstm.i[0]
        * scratch->local.lstm.g[0];
    state->lstm.c[1][1] = scratch->local.lstm.f[1] * state->lstm.c[0][1] + scratch->local.lstm.i[1]
        * scratch->local.lstm.g[1];
    state->lstm.c[1][2] = scratch->local.lstm.f[2] * state->lstm.c[0][2] + scratch->local.lstm.i[2]
        * scratch->local.lstm.g[2];
    /* lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n]) */
    scratch->local.lstm.tanh_c[0] = tanhf(state->lstm.c[1][0]);
    scratch->local.lstm.tanh_c[1] = tanhf(state->lstm.c[1][1]);
    scratch->local.lstm.tanh_c[2] = tanhf(state->lstm.c[1][2]);
    /* lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
    state->lstm.h[1][0] = scratch->local.lstm.o[0] * scratch->local.lstm.tanh_c[0];
    state->lstm.h[1][1] = scratch->local.lstm.o[1] * scratch->local.lstm.tanh_c[1];
    state->lstm.h[1][2] = scratch->local.lstm.o[2] * scratch->local.lstm.tanh_c[2];
    /* dense.z[n] = dense.bias[n] */
    scratch->local.dense.z[0] = weights->dense.bias[0];
    /* dense.z[n] += dense.kernel[k,n] * lstm.h[1,k] */
    scratch->local.dense.z[0] += weights->dense.kernel[0][0] * state->lstm.h[1][0];
    scratch->local.dense.z[0] += weights->dense.kernel[1][0] * state->lstm.h[1][1];
    scratch->local.dense.z[0] += weights->dense.kernel[2][0] * state->lstm.h[1][2];
    /* dense.y[n] = sigmoid(dense.z[n]) */
    scratch->dense.y[0] = sigmoid(scratch->local.dense.z[0]);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
    /* lstm.h[0,n] = lstm.h[1,n] */
    state->lstm.h[0][0] = state->lstm.h[1][0];
    state->lstm.h[0][1] = state->lstm.h[1][1];
    state->lstm.h[0][2] = state->lstm.h[1][2];
    /* lstm.c[0,n] = lstm.c[1,n] */
    state->lstm.c[0][0] = state->lstm.c[1][0];
    state->lstm.c[0][1] = state->lstm.c[1][1];
    state->lstm.c[0][2] = state->lstm.c[1][2];
    return 1;
}

int golden_step(const struct golden_packed *restrict packed, struct golden_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    return step(packed->weights, state, x, y);
}

void golden_prepare_training(struct golden_training *restrict training, const struct golden_weights *restrict weights)
{
    training->weights = weights;
}

void golden_reset_tape(const struct golden_training *restrict training, struct golden_tape *restrict tape)
{
    (void)training;
    const int rows = GOLDEN_BATCH;
    tape->rows = 0;
    tape->first_row = 0;
    /* lstm.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->lstm.h[0][b][0] = 0.0f;
        tape->lstm.h[0][b][1] = 0.0f;
        tape->lstm.h[0][b][2] = 0.0f;
    }
    /* lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->lstm.c[0][b][0] = 0.0f;
        tape->lstm.c[0][b][1] = 0.0f;
        tape->lstm.c[0][b][2] = 0.0f;
    }
}

static void forward(const struct golden_weights *restrict weights, struct golden_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    tape->rows = rows;
    memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);
    memset(tape->d_output, 0, sizeof tape->d_output);
    (void)seed;
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 5; t++) {
            for (int n = 0; n < 2; n++) {
                tape->embedding.y[t][b][n] = weights->embedding.embeddings[clamped(tape->input[b][t], 7)][n];
            }
        }
    }
    for (int t = 0; t < 5; t++) {
        /* lstm.z[t,b,g,n] = lstm.bias[3*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 3; n++) {
                    tape->local.lstm.z[b][g][n] = weights->lstm.bias[3 * g + n];
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.kernel[k,3*g+n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 2; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = tape->embedding.y[t][b][k];
                    for (int n = 0; n < 3; n++) {
                        tape->local.lstm.z[b][g][n] += weights->lstm.kernel[k][3 * g + n] * embedding_y;
                    }
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.recurrent_kernel[k,3*g+n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 3; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = tape->lstm.h[t][b][k];
                    for (int n = 0; n < 3; n++) {
                        tape->local.lstm.z[b][g][n] += weights->lstm.recurrent_kernel[k][3 * g + n] * lstm_h;
                    }
                }
            }
        }
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,0,n]) */
        for (int b = 0; b < rows; b++) {
            tape->lstm.i[t][b][0] = sigmoid(tape->local.lstm.z[b][0][0]);
            tape->lstm.i[t][b][1] = sigmoid(tape->local.lstm.z[b][0][1]);
            tape->lstm.i[t][b][2] = sigmoid(tape->local.lstm.z[b][0][2]);
        }
        /* lstm.f[t,b,n] = sigmoid(lstm.z[t,b,1,n]) */
        for (int b = 0; b < rows; b++) {
            tape->lstm.f[t][b][0] = sigmoid(tape->local.lstm.z[b][1][0]);
            tape->lstm.f[t][b][1] = sigmoid(tape->local.lstm.z[b][1][1]);
            tape->lstm.f[t][b][2] = sigmoid(tape->local.lstm.z[b][1][2]);
        }
        /* lstm.g[t,b,n] = tanh(lstm.z[t,b,2,n]) */
        for (int b = 0; b < rows; b++) {
            tape->lstm.g[t][b][0] = tanhf(tape->local.lstm.z[b][2][0]);
            tape->lstm.g[t][b][1] = tanhf(tape->local.lstm.z[b][2][1]);
            tape->lstm.g[t][b][2] = tanhf(tape->local.lstm.z[b][2][2]);
        }
        /* lstm.o[t,b,n] = sigmoid(lstm.z[t,b,3,n]) */
        for (int b = 0; b < rows; b++) {
            tape->lstm.o[t][b][0] = sigmoid(tape->local.lstm.z[b][3][0]);
            tape->lstm.o[t][b][1] = sigmoid(tape->local.lstm.z[b][3][1]);
            tape->lstm.o[t][b][2] = sigmoid(tape->local.lstm.z[b][3][2]);
        }
        /* lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->lstm.c[t + 1][b][0] = tape->lstm.f[t][b][0] * tape->lstm.c[t][b][0] + tape->lstm.i[t][b][0]
                * tape->lstm.g[t][b][0];
            tape->lstm.c[t + 1][b][1] = tape->lstm.f[t][b][1] * tape->lstm.c[t][b][1] + tape->lstm.i[t][b][1]
                * tape->lstm.g[t][b][1];
            tape->lstm.c[t + 1][b][2] = tape->lstm.f[t][b][2] * tape->lstm.c[t][b][2] + tape->lstm.i[t][b][2]
                * tape->lstm.g[t][b][2];
        }
        /* lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n]) */
        for (int b = 0; b < rows; b++) {
            tape->lstm.tanh_c[t][b][0] = tanhf(tape->lstm.c[t + 1][b][0]);
            tape->lstm.tanh_c[t][b][1] = tanhf(tape->lstm.c[t + 1][b][1]);
            tape->lstm.tanh_c[t][b][2] = tanhf(tape->lstm.c[t + 1][b][2]);
        }
        /* lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->lstm.h[t + 1][b][0] = tape->lstm.o[t][b][0] * tape->lstm.tanh_c[t][b][0];
            tape->lstm.h[t + 1][b][1] = tape->lstm.o[t][b][1] * tape->lstm.tanh_c[t][b][1];
            tape->lstm.h[t + 1][b][2] = tape->lstm.o[t][b][2] * tape->lstm.tanh_c[t][b][2];
        }
    }
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.z[b][0] = weights->dense.bias[0];
    }
    /* dense.z[b,n] += dense.kernel[k,n] * lstm.h[5,b,k] */
    for (int b = 0; b < rows; b++) {
        tape->dense.z[b][0] += weights->dense.kernel[0][0] * tape->lstm.h[5][b][0];
        tape->dense.z[b][0] += weights->dense.kernel[1][0] * tape->lstm.h[5][b][1];
        tape->dense.z[b][0] += weights->dense.kernel[2][0] * tape->lstm.h[5][b][2];
    }
    /* dense.y[b,n] = sigmoid(dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        tape->dense.y[b][0] = sigmoid(tape->dense.z[b][0]);
    }
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->output[b][0] = tape->dense.y[b][0];
    }
    /* dense.d_z[b,0] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] = 0.0f;
    }
}

void golden_forward(const struct golden_training *restrict training, struct golden_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    forward(training->weights, tape, x, rows, seed);
}

float golden_loss(struct golden_tape *restrict tape, const float *restrict target, const float *restrict sample_weight,
    float scale)
{
    const int rows = tape->rows;
    float loss = 0.0f;
    /* softplus_z[b,n] = softplus(dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.softplus_z[b][0] = softplus(tape->dense.z[b][0]);
    }
    /* l[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.l[b] = 0.0f;
    }
    /* l[b] += softplus_z[b,k] - dense.z[b,k] * target[b,k] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.l[b] += tape->local.model_loss.softplus_z[b][0] - tape->dense.z[b][0] * target[b];
    }
    /* loss[] = 0 */
    loss = 0.0f;
    /* loss[] += scale[] * sample_weight[b] * l[b] */
    for (int b = 0; b < rows; b++) {
        loss += scale * (sample_weight ? sample_weight[b] : 1.0f) * tape->local.model_loss.l[b];
    }
    /* d_l[b] = scale[] * sample_weight[b] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.d_l[b] = scale * (sample_weight ? sample_weight[b] : 1.0f);
    }
    /* d_softplus_z[b,k] = d_l[b] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.d_softplus_z[b][0] = tape->local.model_loss.d_l[b];
    }
    /* dense.d_z[b,k] = -(d_l[b] * target[b,k]) */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] = -(tape->local.model_loss.d_l[b] * target[b]);
    }
    /* dense.d_z[b,n] += d_softplus_z[b,n] * sigmoid(dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] += tape->local.model_loss.d_softplus_z[b][0] * sigmoid(tape->dense.z[b][0]);
    }
    /* d_output[b,0] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->d_output[b][0] = 0.0f;
    }
    return loss;
}

static void backward(const struct golden_weights *restrict weights, struct golden_tape *restrict tape,
    struct golden_gradients *restrict gradients)
{
    const int rows = tape->rows;
    /* dense.d_y[b,n] = d_output[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_y[b][0] = tape->d_output[b][0];
    }
    /* dense.d_z[b,n] += dense.d_y[b,n] * (dense.y[b,n] * (1 - dense.y[b,n])) */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] += tape->dense.d_y[b][0] * (tape->dense.y[b][0] * (1.0f - tape->dense.y[b][0]));
    }
    /* dense.d_kernel[k,n] += dense.d_z[b,n] * lstm.h[5,b,k] */
    for (int b = 0; b < rows; b++) {
        gradients->dense.kernel[0][0] += tape->dense.d_z[b][0] * tape->lstm.h[5][b][0];
        gradients->dense.kernel[1][0] += tape->dense.d_z[b][0] * tape->lstm.h[5][b][1];
        gradients->dense.kernel[2][0] += tape->dense.d_z[b][0] * tape->lstm.h[5][b][2];
    }
    /* lstm.d_h[5,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->lstm.d_h[1][b][0] = 0.0f;
        tape->lstm.d_h[1][b][1] = 0.0f;
        tape->lstm.d_h[1][b][2] = 0.0f;
    }
    /* lstm.d_h[5,b,k] += dense.d_z[b,n] * dense.kernel[k,n] */
    for (int b = 0; b < rows; b++) {
        tape->lstm.d_h[1][b][0] += tape->dense.d_z[b][0] * weights->dense.kernel[0][0];
        tape->lstm.d_h[1][b][1] += tape->dense.d_z[b][0] * weights->dense.kernel[1][0];
        tape->lstm.d_h[1][b][2] += tape->dense.d_z[b][0] * weights->dense.kernel[2][0];
    }
    /* dense.d_bias[n] += dense.d_z[b,n] */
    {
        float sum = gradients->dense.bias[0];
        for (int b = 0; b < rows; b++) {
            sum += tape->dense.d_z[b][0];
        }
        gradients->dense.bias[0] = sum;
    }
    /* lstm.d_c[5,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->local.lstm_backward.d_c[1][b][0] = 0.0f;
        tape->local.lstm_backward.d_c[1][b][1] = 0.0f;
        tape->local.lstm_backward.d_c[1][b][2] = 0.0f;
    }
    for (int t = 4; t >= 0; t--) {
        /* lstm.d_o[t,b,n] = lstm.d_h[t+1,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_o[b][0] = tape->lstm.d_h[(t + 1) % 2][b][0] * tape->lstm.tanh_c[t][b][0];
            tape->local.lstm_backward.d_o[b][1] = tape->lstm.d_h[(t + 1) % 2][b][1] * tape->lstm.tanh_c[t][b][1];
            tape->local.lstm_backward.d_o[b][2] = tape->lstm.d_h[(t + 1) % 2][b][2] * tape->lstm.tanh_c[t][b][2];
        }
        /* lstm.d_tanh_c[t,b,n] = lstm.d_h[t+1,b,n] * lstm.o[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_tanh_c[b][0] = tape->lstm.d_h[(t + 1) % 2][b][0] * tape->lstm.o[t][b][0];
            tape->local.lstm_backward.d_tanh_c[b][1] = tape->lstm.d_h[(t + 1) % 2][b][1] * tape->lstm.o[t][b][1];
            tape->local.lstm_backward.d_tanh_c[b][2] = tape->lstm.d_h[(t + 1) % 2][b][2] * tape->lstm.o[t][b][2];
        }
        /* lstm.d_c[t+1,b,n] += lstm.d_tanh_c[t,b,n] * (1 - lstm.tanh_c[t,b,n] * lstm.tanh_c[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_c[(t + 1) % 2][b][0] += tape->local.lstm_backward.d_tanh_c[b][0]
                * (1.0f - tape->lstm.tanh_c[t][b][0] * tape->lstm.tanh_c[t][b][0]);
            tape->local.lstm_backward.d_c[(t + 1) % 2][b][1] += tape->local.lstm_backward.d_tanh_c[b][1]
                * (1.0f - tape->lstm.tanh_c[t][b][1] * tape->lstm.tanh_c[t][b][1]);
            tape->local.lstm_backward.d_c[(t + 1) % 2][b][2] += tape->local.lstm_backward.d_tanh_c[b][2]
                * (1.0f - tape->lstm.tanh_c[t][b][2] * tape->lstm.tanh_c[t][b][2]);
        }
        /* lstm.d_f[t,b,n] = lstm.d_c[t+1,b,n] * lstm.c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_f[b][0] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][0]
                * tape->lstm.c[t][b][0];
            tape->local.lstm_backward.d_f[b][1] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][1]
                * tape->lstm.c[t][b][1];
            tape->local.lstm_backward.d_f[b][2] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][2]
                * tape->lstm.c[t][b][2];
        }
        /* lstm.d_c[t,b,n] = lstm.d_c[t+1,b,n] * lstm.f[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_c[t % 2][b][0] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][0]
                * tape->lstm.f[t][b][0];
            tape->local.lstm_backward.d_c[t % 2][b][1] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][1]
                * tape->lstm.f[t][b][1];
            tape->local.lstm_backward.d_c[t % 2][b][2] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][2]
                * tape->lstm.f[t][b][2];
        }
        /* lstm.d_i[t,b,n] = lstm.d_c[t+1,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_i[b][0] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][0]
                * tape->lstm.g[t][b][0];
            tape->local.lstm_backward.d_i[b][1] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][1]
                * tape->lstm.g[t][b][1];
            tape->local.lstm_backward.d_i[b][2] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][2]
                * tape->lstm.g[t][b][2];
        }
        /* lstm.d_g[t,b,n] = lstm.d_c[t+1,b,n] * lstm.i[t,b,n] */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_g[b][0] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][0]
                * tape->lstm.i[t][b][0];
            tape->local.lstm_backward.d_g[b][1] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][1]
                * tape->lstm.i[t][b][1];
            tape->local.lstm_backward.d_g[b][2] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][2]
                * tape->lstm.i[t][b][2];
        }
        /* lstm.d_z[t,b,3,n] = lstm.d_o[t,b,n] * (lstm.o[t,b,n] * (1 - lstm.o[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_z[b][3][0] = tape->local.lstm_backward.d_o[b][0]
                * (tape->lstm.o[t][b][0] * (1.0f - tape->lstm.o[t][b][0]));
            tape->local.lstm_backward.d_z[b][3][1] = tape->local.lstm_backward.d_o[b][1]
                * (tape->lstm.o[t][b][1] * (1.0f - tape->lstm.o[t][b][1]));
            tape->local.lstm_backward.d_z[b][3][2] = tape->local.lstm_backward.d_o[b][2]
                * (tape->lstm.o[t][b][2] * (1.0f - tape->lstm.o[t][b][2]));
        }
        /* lstm.d_z[t,b,2,n] = lstm.d_g[t,b,n] * (1 - lstm.g[t,b,n] * lstm.g[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_z[b][2][0] = tape->local.lstm_backward.d_g[b][0]
                * (1.0f - tape->lstm.g[t][b][0] * tape->lstm.g[t][b][0]);
            tape->local.lstm_backward.d_z[b][2][1] = tape->local.lstm_backward.d_g[b][1]
                * (1.0f - tape->lstm.g[t][b][1] * tape->lstm.g[t][b][1]);
            tape->local.lstm_backward.d_z[b][2][2] = tape->local.lstm_backward.d_g[b][2]
                * (1.0f - tape->lstm.g[t][b][2] * tape->lstm.g[t][b][2]);
        }
        /* lstm.d_z[t,b,1,n] = lstm.d_f[t,b,n] * (lstm.f[t,b,n] * (1 - lstm.f[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_z[b][1][0] = tape->local.lstm_backward.d_f[b][0]
                * (tape->lstm.f[t][b][0] * (1.0f - tape->lstm.f[t][b][0]));
            tape->local.lstm_backward.d_z[b][1][1] = tape->local.lstm_backward.d_f[b][1]
                * (tape->lstm.f[t][b][1] * (1.0f - tape->lstm.f[t][b][1]));
            tape->local.lstm_backward.d_z[b][1][2] = tape->local.lstm_backward.d_f[b][2]
                * (tape->lstm.f[t][b][2] * (1.0f - tape->lstm.f[t][b][2]));
        }
        /* lstm.d_z[t,b,0,n] = lstm.d_i[t,b,n] * (lstm.i[t,b,n] * (1 - lstm.i[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            tape->local.lstm_backward.d_z[b][0][0] = tape->local.lstm_backward.d_i[b][0]
                * (tape->lstm.i[t][b][0] * (1.0f - tape->lstm.i[t][b][0]));
            tape->local.lstm_backward.d_z[b][0][1] = tape->local.lstm_backward.d_i[b][1]
                * (tape->lstm.i[t][b][1] * (1.0f - tape->lstm.i[t][b][1]));
            tape->local.lstm_backward.d_z[b][0][2] = tape->local.lstm_backward.d_i[b][2]
                * (tape->lstm.i[t][b][2] * (1.0f - tape->lstm.i[t][b][2]));
        }
        /* lstm.d_recurrent_kernel[k,3*g+n] += lstm.d_z[t,b,g,n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 3; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = tape->lstm.h[t][b][k];
                    for (int n = 0; n < 3; n++) {
                        gradients->lstm.recurrent_kernel[k][3 * g + n] += tape->local.lstm_backward.d_z[b][g][n]
                            * lstm_h;
                    }
                }
            }
        }
        /* lstm.d_h[t,b,n] = 0 */
        for (int b = 0; b < rows; b++) {
            tape->lstm.d_h[t % 2][b][0] = 0.0f;
            tape->lstm.d_h[t % 2][b][1] = 0.0f;
            tape->lstm.d_h[t % 2][b][2] = 0.0f;
        }
        /* lstm.d_h[t,b,k] += lstm.d_z[t,b,g,n] * lstm.recurrent_kernel[k,3*g+n] */
        for (int b = 0; b < rows; b++) {
            float sum_0 = tape->lstm.d_h[t % 2][b][0];
            float sum_1 = tape->lstm.d_h[t % 2][b][1];
            float sum_2 = tape->lstm.d_h[t % 2][b][2];
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 3; n++) {
                    sum_0 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[0][3 * g + n];
                    sum_1 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[1][3 * g + n];
                    sum_2 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.recurrent_kernel[2][3 * g + n];
                }
            }
            tape->lstm.d_h[t % 2][b][0] = sum_0;
            tape->lstm.d_h[t % 2][b][1] = sum_1;
            tape->lstm.d_h[t % 2][b][2] = sum_2;
        }
        /* lstm.d_kernel[k,3*g+n] += lstm.d_z[t,b,g,n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 2; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = tape->embedding.y[t][b][k];
                    for (int n = 0; n < 3; n++) {
                        gradients->lstm.kernel[k][3 * g + n] += tape->local.lstm_backward.d_z[b][g][n] * embedding_y;
                    }
                }
            }
        }
        /* embedding.d_y[t,b,n] = 0 */
        for (int b = 0; b < rows; b++) {
            tape->embedding.d_y[t][b][0] = 0.0f;
            tape->embedding.d_y[t][b][1] = 0.0f;
        }
        /* embedding.d_y[t,b,k] += lstm.d_z[t,b,g,n] * lstm.kernel[k,3*g+n] */
        for (int b = 0; b < rows; b++) {
            float sum_0 = tape->embedding.d_y[t][b][0];
            float sum_1 = tape->embedding.d_y[t][b][1];
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 3; n++) {
                    sum_0 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[0][3 * g + n];
                    sum_1 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[1][3 * g + n];
                }
            }
            tape->embedding.d_y[t][b][0] = sum_0;
            tape->embedding.d_y[t][b][1] = sum_1;
        }
        /* lstm.d_bias[3*g+n] += lstm.d_z[t,b,g,n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 3; n++) {
                    gradients->lstm.bias[3 * g + n] += tape->local.lstm_backward.d_z[b][g][n];
                }
            }
        }
    }
    /* embedding.d_embeddings[x[b,t],n] += embedding.d_y[t,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 5; t++) {
            for (int n = 0; n < 2; n++) {
                gradients->embedding.embeddings[clamped(tape->input[b][t], 7)][n] += tape->embedding.d_y[t][b][n];
            }
        }
    }
}

void golden_backward(const struct golden_training *restrict training, struct golden_tape *restrict tape,
    struct golden_gradients *restrict gradients)
{
    backward(training->weights, tape, gradients);
}

void golden_carry(struct golden_tape *restrict tape)
{
    const int rows = tape->rows;
    /* lstm.h[0,b,n] = lstm.h[5,b,n] */
    for (int b = 0; b < rows; b++) {
        tape->lstm.h[0][b][0] = tape->lstm.h[5][b][0];
        tape->lstm.h[0][b][1] = tape->lstm.h[5][b][1];
        tape->lstm.h[0][b][2] = tape->lstm.h[5][b][2];
    }
    /* lstm.c[0,b,n] = lstm.c[5,b,n] */
    for (int b = 0; b < rows; b++) {
        tape->lstm.c[0][b][0] = tape->lstm.c[5][b][0];
        tape->lstm.c[0][b][1] = tape->lstm.c[5][b][1];
        tape->lstm.c[0][b][2] = tape->lstm.c[5][b][2];
    }
}

static const struct lstmc_tensor weight_tensors[] = {
    {
        .name = "embedding/embeddings", .rank = 2, .shape = { 7, 2 },
        .offset = offsetof(struct golden_weights, embedding.embeddings) / sizeof(float), .count = 14, .trainable = 1,
        .initializer = {
            .kind = LSTMC_UNIFORM, .fan = LSTMC_FAN_IN, .a = -0.05f, .b = 0.05f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/kernel", .rank = 2, .shape = { 2, 12 },
        .offset = offsetof(struct golden_weights, lstm.kernel) / sizeof(float), .count = 24, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/recurrent_kernel", .rank = 2, .shape = { 3, 12 },
        .offset = offsetof(struct golden_weights, lstm.recurrent_kernel) / sizeof(float), .count = 36, .trainable = 1,
        .initializer = {
            .kind = LSTMC_ORTHOGONAL, .fan = LSTMC_FAN_IN, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/bias", .rank = 1, .shape = { 12 },
        .offset = offsetof(struct golden_weights, lstm.bias) / sizeof(float), .count = 12, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 0.0f, .b = 0.0f,
            .ones_begin = 3, .ones_end = 6,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/kernel", .rank = 2, .shape = { 3, 1 },
        .offset = offsetof(struct golden_weights, dense.kernel) / sizeof(float), .count = 3, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/bias", .rank = 1, .shape = { 1 },
        .offset = offsetof(struct golden_weights, dense.bias) / sizeof(float), .count = 1, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 0.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
};

static const struct lstmc_tensor tape_tensors[] = {
    {
        .name = "embedding.y", .rank = 3, .shape = { 5, 2, 2 },
        .offset = offsetof(struct golden_tape, embedding.y) / sizeof(float), .count = 20,
    },
    {
        .name = "lstm.h", .rank = 3, .shape = { 6, 2, 3 },
        .offset = offsetof(struct golden_tape, lstm.h) / sizeof(float), .count = 36,
    },
    {
        .name = "lstm.c", .rank = 3, .shape = { 6, 2, 3 },
        .offset = offsetof(struct golden_tape, lstm.c) / sizeof(float), .count = 36,
    },
    {
        .name = "lstm.i", .rank = 3, .shape = { 5, 2, 3 },
        .offset = offsetof(struct golden_tape, lstm.i) / sizeof(float), .count = 30,
    },
    {
        .name = "lstm.f", .rank = 3, .shape = { 5, 2, 3 },
        .offset = offsetof(struct golden_tape, lstm.f) / sizeof(float), .count = 30,
    },
    {
        .name = "lstm.g", .rank = 3, .shape = { 5, 2, 3 },
        .offset = offsetof(struct golden_tape, lstm.g) / sizeof(float), .count = 30,
    },
    {
        .name = "lstm.o", .rank = 3, .shape = { 5, 2, 3 },
        .offset = offsetof(struct golden_tape, lstm.o) / sizeof(float), .count = 30,
    },
    {
        .name = "lstm.tanh_c", .rank = 3, .shape = { 5, 2, 3 },
        .offset = offsetof(struct golden_tape, lstm.tanh_c) / sizeof(float), .count = 30,
    },
    {
        .name = "dense.z", .rank = 2, .shape = { 2, 1 },
        .offset = offsetof(struct golden_tape, dense.z) / sizeof(float), .count = 2,
    },
    {
        .name = "dense.y", .rank = 2, .shape = { 2, 1 },
        .offset = offsetof(struct golden_tape, dense.y) / sizeof(float), .count = 2,
    },
    {
        .name = "output", .rank = 2, .shape = { 2, 1 },
        .offset = offsetof(struct golden_tape, output) / sizeof(float), .count = 2,
    },
    {
        .name = "embedding.d_y", .rank = 3, .shape = { 5, 2, 2 },
        .offset = offsetof(struct golden_tape, embedding.d_y) / sizeof(float), .count = 20,
    },
    {
        .name = "dense.d_z", .rank = 2, .shape = { 2, 1 },
        .offset = offsetof(struct golden_tape, dense.d_z) / sizeof(float), .count = 2,
    },
    {
        .name = "dense.d_y", .rank = 2, .shape = { 2, 1 },
        .offset = offsetof(struct golden_tape, dense.d_y) / sizeof(float), .count = 2,
    },
    {
        .name = "d_output", .rank = 2, .shape = { 2, 1 },
        .offset = offsetof(struct golden_tape, d_output) / sizeof(float), .count = 2,
    },
};

static void call_prepare(void *packed, const void *weights)
{
    golden_prepare(packed, weights);
}

static void call_predict(const void *packed, void *scratch, const void *x, float *y)
{
    golden_predict(packed, scratch, x, y);
}

static void call_predict_batch(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    golden_predict_batch(packed, scratch, x, rows, y);
}

static void call_reset(const void *packed, void *state)
{
    golden_reset(packed, state);
}

static int call_step(const void *packed, void *state, const void *x, float *y)
{
    return golden_step(packed, state, x, y);
}

static void call_prepare_training(void *training, const void *weights)
{
    golden_prepare_training(training, weights);
}

static void call_reset_tape(const void *training, void *tape)
{
    golden_reset_tape(training, tape);
}

static void call_forward(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    golden_forward(training, tape, x, rows, seed);
}

static void call_backward(const void *training, void *tape, void *gradients)
{
    golden_backward(training, tape, gradients);
}

static void call_carry(void *tape)
{
    golden_carry(tape);
}

static float call_loss(void *tape, const void *target, const float *sample_weight, float scale)
{
    return golden_loss(tape, target, sample_weight, scale);
}

const struct lstmc_model golden_model = {
    .name = "golden", .source = "golden.lua", .version = "0.1",
    .fingerprint = UINT64_C(0x048c19cd9eef3b38),
    .input_is_tokens = 1, .vocabulary = 7,
    .input_rank = 1, .input_shape = { 5 }, .input_count = 5,
    .output_rank = 1, .output_shape = { 1 }, .output_count = 1,
    .target_rank = 1, .target_shape = { 1 }, .target_count = 1, .target_is_class = 0,
    .loss = "binary_crossentropy",
    .batch = 2, .shards = 1,
    .optimizer = {
        .kind = LSTMC_ADAM, .learning_rate = 0.001f, .momentum = 0.0f, .rho = 0.0f,
        .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-07f, .weight_decay = 0.0f,
        .nesterov = 0, .centered = 0, .amsgrad = 0,
        .clipnorm = 0.0f, .clipvalue = 0.0f, .global_clipnorm = 0.0f,
    },
    .weights = weight_tensors, .weight_tensors = 6,
    .weight_count = 90, .gradient_count = 90,
    .tape_tensors = tape_tensors, .tape_tensor_count = 15,
    .packed_bytes = sizeof(struct golden_packed), .scratch_bytes = sizeof(struct golden_scratch),
    .batch_scratch_bytes = sizeof(struct golden_batch_scratch),
    .prepare = call_prepare, .predict = call_predict, .predict_batch = call_predict_batch,
    .state_bytes = sizeof(struct golden_state), .reset = call_reset, .step = call_step,
    .output_offset = offsetof(struct golden_tape, output), .first_row_offset = offsetof(struct golden_tape, first_row),
    .training_bytes = sizeof(struct golden_training), .tape_bytes = sizeof(struct golden_tape),
    .prepare_training = call_prepare_training, .reset_tape = call_reset_tape, .forward = call_forward,
    .backward = call_backward, .carry = call_carry,
    .d_output_offset = offsetof(struct golden_tape, d_output),
    .loss_function = call_loss,
};
