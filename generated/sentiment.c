/* sentiment.c: written by lstmc 0.1 from sentiment.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   tokens[200] -> Embedding[200, 32] -> LSTM[100] -> Dense[1]
 *   213 301 weights   step: 52 900 mul-adds, 501 activations   tape 604 KB a row   state 1.6 KB   scratch 30.1 KB   1 lane
 */
#include "sentiment.h"

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

void sentiment_prepare(struct sentiment_packed *restrict packed, const struct sentiment_weights *restrict weights)
{
    packed->weights = weights;
}

static void predict(const struct sentiment_weights *restrict weights, struct sentiment_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    /* lstm.h[0,n] = 0 */
    for (int n = 0; n < 100; n++) {
        scratch->lstm.h[0][n] = 0.0f;
    }
    /* lstm.c[0,n] = 0 */
    for (int n = 0; n < 100; n++) {
        scratch->lstm.c[0][n] = 0.0f;
    }
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    for (int t = 0; t < 200; t++) {
        for (int n = 0; n < 32; n++) {
            scratch->embedding.y[t][n] = weights->embedding.embeddings[clamped(x[t], 5000)][n];
        }
    }
    for (int t = 0; t < 200; t++) {
        /* lstm.z[t,g,n] = lstm.bias[100*g+n] */
        for (int g = 0; g < 4; g++) {
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.z[g][n] = weights->lstm.bias[100 * g + n];
            }
        }
        /* lstm.z[t,g,n] += lstm.kernel[k,100*g+n] * embedding.y[t,k] */
        for (int k = 0; k < 32; k++) {
            for (int g = 0; g < 4; g++) {
                const float embedding_y = scratch->embedding.y[t][k];
                for (int n = 0; n < 100; n++) {
                    scratch->local.lstm.z[g][n] += weights->lstm.kernel[k][100 * g + n] * embedding_y;
                }
            }
        }
        /* lstm.z[t,g,n] += lstm.recurrent_kernel[k,100*g+n] * lstm.h[t,k] */
        for (int k = 0; k < 100; k++) {
            for (int g = 0; g < 4; g++) {
                const float lstm_h = scratch->lstm.h[t % 2][k];
                for (int n = 0; n < 100; n++) {
                    scratch->local.lstm.z[g][n] += weights->lstm.recurrent_kernel[k][100 * g + n] * lstm_h;
                }
            }
        }
        /* lstm.i[t,n] = sigmoid(lstm.z[t,0,n]) */
        for (int n = 0; n < 100; n++) {
            scratch->local.lstm.i[n] = sigmoid(scratch->local.lstm.z[0][n]);
        }
        /* lstm.f[t,n] = sigmoid(lstm.z[t,1,n]) */
        for (int n = 0; n < 100; n++) {
            scratch->local.lstm.f[n] = sigmoid(scratch->local.lstm.z[1][n]);
        }
        /* lstm.g[t,n] = tanh(lstm.z[t,2,n]) */
        for (int n = 0; n < 100; n++) {
            scratch->local.lstm.g[n] = tanhf(scratch->local.lstm.z[2][n]);
        }
        /* lstm.o[t,n] = sigmoid(lstm.z[t,3,n]) */
        for (int n = 0; n < 100; n++) {
            scratch->local.lstm.o[n] = sigmoid(scratch->local.lstm.z[3][n]);
        }
        /* lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n] */
        for (int n = 0; n < 100; n++) {
            scratch->lstm.c[(t + 1) % 2][n] = scratch->local.lstm.f[n] * scratch->lstm.c[t % 2][n] +
                scratch->local.lstm.i[n] * scratch->local.lstm.g[n];
        }
        /* lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n]) */
        for (int n = 0; n < 100; n++) {
            scratch->local.lstm.tanh_c[n] = tanhf(scratch->lstm.c[(t + 1) % 2][n]);
        }
        /* lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
        for (int n = 0; n < 100; n++) {
            scratch->lstm.h[(t + 1) % 2][n] = scratch->local.lstm.o[n] * scratch->local.lstm.tanh_c[n];
        }
    }
    /* dense.z[n] = dense.bias[n] */
    scratch->local.dense.z[0] = weights->dense.bias[0];
    /* dense.z[n] += dense.kernel[k,n] * lstm.h[200,k] */
    {
        float sum = scratch->local.dense.z[0];
        for (int k = 0; k < 100; k++) {
            sum += weights->dense.kernel[k][0] * scratch->lstm.h[0][k];
        }
        scratch->local.dense.z[0] = sum;
    }
    /* dense.y[n] = sigmoid(dense.z[n]) */
    scratch->dense.y[0] = sigmoid(scratch->local.dense.z[0]);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
}

void sentiment_predict(const struct sentiment_packed *restrict packed, struct sentiment_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    predict(packed->weights, scratch, x, y);
}

static void predict_batch(const struct sentiment_weights *restrict weights,
    struct sentiment_batch_scratch *restrict scratch, const int32_t *restrict x, int rows, float *restrict y)
{
    /* lstm.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            scratch->lstm.h[0][b][n] = 0.0f;
        }
    }
    /* lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            scratch->lstm.c[0][b][n] = 0.0f;
        }
    }
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 200; t++) {
            for (int n = 0; n < 32; n++) {
                scratch->embedding.y[t][b][n] = weights->embedding.embeddings[clamped(x[200 * b + t], 5000)][n];
            }
        }
    }
    for (int t = 0; t < 200; t++) {
        /* lstm.z[t,b,g,n] = lstm.bias[100*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 100; n++) {
                    scratch->local.lstm.z[b][g][n] = weights->lstm.bias[100 * g + n];
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.kernel[k,100*g+n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 32; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = scratch->embedding.y[t][b][k];
                    for (int n = 0; n < 100; n++) {
                        scratch->local.lstm.z[b][g][n] += weights->lstm.kernel[k][100 * g + n] * embedding_y;
                    }
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.recurrent_kernel[k,100*g+n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 100; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = scratch->lstm.h[t % 2][b][k];
                    for (int n = 0; n < 100; n++) {
                        scratch->local.lstm.z[b][g][n] += weights->lstm.recurrent_kernel[k][100 * g + n] * lstm_h;
                    }
                }
            }
        }
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,0,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.i[b][n] = sigmoid(scratch->local.lstm.z[b][0][n]);
            }
        }
        /* lstm.f[t,b,n] = sigmoid(lstm.z[t,b,1,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.f[b][n] = sigmoid(scratch->local.lstm.z[b][1][n]);
            }
        }
        /* lstm.g[t,b,n] = tanh(lstm.z[t,b,2,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.g[b][n] = tanhf(scratch->local.lstm.z[b][2][n]);
            }
        }
        /* lstm.o[t,b,n] = sigmoid(lstm.z[t,b,3,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.o[b][n] = sigmoid(scratch->local.lstm.z[b][3][n]);
            }
        }
        /* lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                scratch->lstm.c[(t + 1) % 2][b][n] = scratch->local.lstm.f[b][n] * scratch->lstm.c[t % 2][b][n] +
                    scratch->local.lstm.i[b][n] * scratch->local.lstm.g[b][n];
            }
        }
        /* lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.tanh_c[b][n] = tanhf(scratch->lstm.c[(t + 1) % 2][b][n]);
            }
        }
        /* lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                scratch->lstm.h[(t + 1) % 2][b][n] = scratch->local.lstm.o[b][n] * scratch->local.lstm.tanh_c[b][n];
            }
        }
    }
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.z[b][0] = weights->dense.bias[0];
    }
    /* dense.z[b,n] += dense.kernel[k,n] * lstm.h[200,b,k] */
    for (int b = 0; b < rows; b++) {
        float sum = scratch->local.dense.z[b][0];
        for (int k = 0; k < 100; k++) {
            sum += weights->dense.kernel[k][0] * scratch->lstm.h[0][b][k];
        }
        scratch->local.dense.z[b][0] = sum;
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

void sentiment_predict_batch(const struct sentiment_packed *restrict packed,
    struct sentiment_batch_scratch *restrict scratch, const int32_t *restrict x, int rows, float *restrict y)
{
    predict_batch(packed->weights, scratch, x, rows, y);
}

/* What a step computes on its way. */
struct sentiment_step_scratch {
    struct {
        float y[1][32];
    } embedding;
    struct {
        float y[1];
    } dense;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[4][100];
            float i[100];
            float f[100];
            float g[100];
            float o[100];
            float tanh_c[100];
        } lstm;
        struct {
            float z[1];
        } dense;
    } local;
};

void sentiment_reset(const struct sentiment_packed *restrict packed, struct sentiment_state *restrict state)
{
    (void)packed;
    /* lstm.h[0,n] = 0 */
    for (int n = 0; n < 100; n++) {
        state->lstm.h[0][n] = 0.0f;
    }
    /* lstm.c[0,n] = 0 */
    for (int n = 0; n < 100; n++) {
        state->lstm.c[0][n] = 0.0f;
    }
}

static int step(const struct sentiment_weights *restrict weights, struct sentiment_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    struct sentiment_step_scratch memory, *const scratch = &memory;
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    for (int n = 0; n < 32; n++) {
        scratch->embedding.y[0][n] = weights->embedding.embeddings[clamped(x[0], 5000)][n];
    }
    /* lstm.z[t,g,n] = lstm.bias[100*g+n] */
    for (int g = 0; g < 4; g++) {
        for (int n = 0; n < 100; n++) {
            scratch->local.lstm.z[g][n] = weights->lstm.bias[100 * g + n];
        }
    }
    /* lstm.z[t,g,n] += lstm.kernel[k,100*g+n] * embedding.y[t,k] */
    for (int k = 0; k < 32; k++) {
        for (int g = 0; g < 4; g++) {
            const float embedding_y = scratch->embedding.y[0][k];
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.z[g][n] += weights->lstm.kernel[k][100 * g + n] * embedding_y;
            }
        }
    }
    /* lstm.z[t,g,n] += lstm.recurrent_kernel[k,100*g+n] * lstm.h[t,k] */
    for (int k = 0; k < 100; k++) {
        for (int g = 0; g < 4; g++) {
            const float lstm_h = state->lstm.h[0][k];
            for (int n = 0; n < 100; n++) {
                scratch->local.lstm.z[g][n] += weights->lstm.recurrent_kernel[k][100 * g + n] * lstm_h;
            }
        }
    }
    /* lstm.i[t,n] = sigmoid(lstm.z[t,0,n]) */
    for (int n = 0; n < 100; n++) {
        scratch->local.lstm.i[n] = sigmoid(scratch->local.lstm.z[0][n]);
    }
    /* lstm.f[t,n] = sigmoid(lstm.z[t,1,n]) */
    for (int n = 0; n < 100; n++) {
        scratch->local.lstm.f[n] = sigmoid(scratch->local.lstm.z[1][n]);
    }
    /* lstm.g[t,n] = tanh(lstm.z[t,2,n]) */
    for (int n = 0; n < 100; n++) {
        scratch->local.lstm.g[n] = tanhf(scratch->local.lstm.z[2][n]);
    }
    /* lstm.o[t,n] = sigmoid(lstm.z[t,3,n]) */
    for (int n = 0; n < 100; n++) {
        scratch->local.lstm.o[n] = sigmoid(scratch->local.lstm.z[3][n]);
    }
    /* lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n] */
    for (int n = 0; n < 100; n++) {
        state->lstm.c[1][n] = scratch->local.lstm.f[n] * state->lstm.c[0][n] + scratch->local.lstm.i[n]
            * scratch->local.lstm.g[n];
    }
    /* lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n]) */
    for (int n = 0; n < 100; n++) {
        scratch->local.lstm.tanh_c[n] = tanhf(state->lstm.c[1][n]);
    }
    /* lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
    for (int n = 0; n < 100; n++) {
        state->lstm.h[1][n] = scratch->local.lstm.o[n] * scratch->local.lstm.tanh_c[n];
    }
    /* dense.z[n] = dense.bias[n] */
    scratch->local.dense.z[0] = weights->dense.bias[0];
    /* dense.z[n] += dense.kernel[k,n] * lstm.h[1,k] */
    {
        float sum = scratch->local.dense.z[0];
        for (int k = 0; k < 100; k++) {
            sum += weights->dense.kernel[k][0] * state->lstm.h[1][k];
        }
        scratch->local.dense.z[0] = sum;
    }
    /* dense.y[n] = sigmoid(dense.z[n]) */
    scratch->dense.y[0] = sigmoid(scratch->local.dense.z[0]);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
    /* lstm.h[0,n] = lstm.h[1,n] */
    for (int n = 0; n < 100; n++) {
        state->lstm.h[0][n] = state->lstm.h[1][n];
    }
    /* lstm.c[0,n] = lstm.c[1,n] */
    for (int n = 0; n < 100; n++) {
        state->lstm.c[0][n] = state->lstm.c[1][n];
    }
    return 1;
}

int sentiment_step(const struct sentiment_packed *restrict packed, struct sentiment_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    return step(packed->weights, state, x, y);
}

void sentiment_prepare_training(struct sentiment_training *restrict training,
    const struct sentiment_weights *restrict weights)
{
    training->weights = weights;
}

void sentiment_reset_tape(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape)
{
    (void)training;
    const int rows = SENTIMENT_BATCH;
    tape->rows = 0;
    tape->first_row = 0;
    /* lstm.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            tape->lstm.h[0][b][n] = 0.0f;
        }
    }
    /* lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            tape->lstm.c[0][b][n] = 0.0f;
        }
    }
}

static void forward(const struct sentiment_weights *restrict weights, struct sentiment_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    tape->rows = rows;
    memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);
    memset(tape->d_output, 0, sizeof tape->d_output);
    (void)seed;
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 200; t++) {
            for (int n = 0; n < 32; n++) {
                tape->embedding.y[t][b][n] = weights->embedding.embeddings[clamped(tape->input[b][t], 5000)][n];
            }
        }
    }
    for (int t = 0; t < 200; t++) {
        /* lstm.z[t,b,g,n] = lstm.bias[100*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 100; n++) {
                    tape->local.lstm.z[b][g][n] = weights->lstm.bias[100 * g + n];
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.kernel[k,100*g+n] * embedding.y[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 32; k++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = tape->embedding.y[t][b][k];
                    for (int n = 0; n < 100; n++) {
                        tape->local.lstm.z[b][g][n] += weights->lstm.kernel[k][100 * g + n] * embedding_y;
                    }
                }
            }
        }
        /* lstm.z[t,b,g,n] += lstm.recurrent_kernel[k,100*g+n] * lstm.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 100; k++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = tape->lstm.h[t][b][k];
                    for (int n = 0; n < 100; n++) {
                        tape->local.lstm.z[b][g][n] += weights->lstm.recurrent_kernel[k][100 * g + n] * lstm_h;
                    }
                }
            }
        }
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,0,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.i[t][b][n] = sigmoid(tape->local.lstm.z[b][0][n]);
            }
        }
        /* lstm.f[t,b,n] = sigmoid(lstm.z[t,b,1,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.f[t][b][n] = sigmoid(tape->local.lstm.z[b][1][n]);
            }
        }
        /* lstm.g[t,b,n] = tanh(lstm.z[t,b,2,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.g[t][b][n] = tanhf(tape->local.lstm.z[b][2][n]);
            }
        }
        /* lstm.o[t,b,n] = sigmoid(lstm.z[t,b,3,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.o[t][b][n] = sigmoid(tape->local.lstm.z[b][3][n]);
            }
        }
        /* lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.c[t + 1][b][n] = tape->lstm.f[t][b][n] * tape->lstm.c[t][b][n] + tape->lstm.i[t][b][n]
                    * tape->lstm.g[t][b][n];
            }
        }
        /* lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.tanh_c[t][b][n] = tanhf(tape->lstm.c[t + 1][b][n]);
            }
        }
        /* lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.h[t + 1][b][n] = tape->lstm.o[t][b][n] * tape->lstm.tanh_c[t][b][n];
            }
        }
    }
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.z[b][0] = weights->dense.bias[0];
    }
    /* dense.z[b,n] += dense.kernel[k,n] * lstm.h[200,b,k] */
    for (int b = 0; b < rows; b++) {
        float sum = tape->dense.z[b][0];
        for (int k = 0; k < 100; k++) {
            sum += weights->dense.kernel[k][0] * tape->lstm.h[200][b][k];
        }
        tape->dense.z[b][0] = sum;
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

void sentiment_forward(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    forward(training->weights, tape, x, rows, seed);
}

float sentiment_loss(struct sentiment_tape *restrict tape, const float *restrict target,
    const float *restrict sample_weight, float scale)
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

static void backward(const struct sentiment_weights *restrict weights, struct sentiment_tape *restrict tape,
    struct sentiment_gradients *restrict gradients)
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
    /* dense.d_kernel[k,n] += dense.d_z[b,n] * lstm.h[200,b,k] */
    for (int b = 0; b < rows; b++) {
        const float dense_d_z = tape->dense.d_z[b][0];
        for (int k = 0; k < 100; k++) {
            gradients->dense.kernel[k][0] += dense_d_z * tape->lstm.h[200][b][k];
        }
    }
    /* lstm.d_h[200,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            tape->lstm.d_h[0][b][n] = 0.0f;
        }
    }
    /* lstm.d_h[200,b,k] += dense.d_z[b,n] * dense.kernel[k,n] */
    for (int b = 0; b < rows; b++) {
        const float dense_d_z = tape->dense.d_z[b][0];
        for (int k = 0; k < 100; k++) {
            tape->lstm.d_h[0][b][k] += dense_d_z * weights->dense.kernel[k][0];
        }
    }
    /* dense.d_bias[n] += dense.d_z[b,n] */
    {
        float sum = gradients->dense.bias[0];
        for (int b = 0; b < rows; b++) {
            sum += tape->dense.d_z[b][0];
        }
        gradients->dense.bias[0] = sum;
    }
    /* lstm.d_c[200,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            tape->local.lstm_backward.d_c[0][b][n] = 0.0f;
        }
    }
    for (int t = 199; t >= 0; t--) {
        /* lstm.d_o[t,b,n] = lstm.d_h[t+1,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_o[b][n] = tape->lstm.d_h[(t + 1) % 2][b][n] * tape->lstm.tanh_c[t][b][n];
            }
        }
        /* lstm.d_tanh_c[t,b,n] = lstm.d_h[t+1,b,n] * lstm.o[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_tanh_c[b][n] = tape->lstm.d_h[(t + 1) % 2][b][n] * tape->lstm.o[t][b][n];
            }
        }
        /* lstm.d_c[t+1,b,n] += lstm.d_tanh_c[t,b,n] * (1 - lstm.tanh_c[t,b,n] * lstm.tanh_c[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_c[(t + 1) % 2][b][n] += tape->local.lstm_backward.d_tanh_c[b][n]
                    * (1.0f - tape->lstm.tanh_c[t][b][n] * tape->lstm.tanh_c[t][b][n]);
            }
        }
        /* lstm.d_f[t,b,n] = lstm.d_c[t+1,b,n] * lstm.c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_f[b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.c[t][b][n];
            }
        }
        /* lstm.d_c[t,b,n] = lstm.d_c[t+1,b,n] * lstm.f[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_c[t % 2][b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.f[t][b][n];
            }
        }
        /* lstm.d_i[t,b,n] = lstm.d_c[t+1,b,n] * lstm.g[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_i[b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.g[t][b][n];
            }
        }
        /* lstm.d_g[t,b,n] = lstm.d_c[t+1,b,n] * lstm.i[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_g[b][n] = tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]
                    * tape->lstm.i[t][b][n];
            }
        }
        /* lstm.d_z[t,b,3,n] = lstm.d_o[t,b,n] * (lstm.o[t,b,n] * (1 - lstm.o[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_z[b][3][n] = tape->local.lstm_backward.d_o[b][n]
                    * (tape->lstm.o[t][b][n] * (1.0f - tape->lstm.o[t][b][n]));
            }
        }
        /* lstm.d_z[t,b,2,n] = lstm.d_g[t,b,n] * (1 - lstm.g[t,b,n] * lstm.g[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_z[b][2][n] = tape->local.lstm_backward.d_g[b][n]
                    * (1.0f - tape->lstm.g[t][b][n] * tape->lstm.g[t][b][n]);
            }
        }
        /* lstm.d_z[t,b,1,n] = lstm.d_f[t,b,n] * (lstm.f[t,b,n] * (1 - lstm.f[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_z[b][1][n] = tape->local.lstm_backward.d_f[b][n]
                    * (tape->lstm.f[t][b][n] * (1.0f - tape->lstm.f[t][b][n]));
            }
        }
        /* lstm.d_z[t,b,0,n] = lstm.d_i[t,b,n] * (lstm.i[t,b,n] * (1 - lstm.i[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->local.lstm_backward.d_z[b][0][n] = tape->local.lstm_backward.d_i[b][n]
                    * (tape->lstm.i[t][b][n] * (1.0f - tape->lstm.i[t][b][n]));
            }
        }
        /* lstm.d_recurrent_kernel[k,100*g+n] += lstm.d_z[t,b,g,n] * lstm.h[t,b,k] */
        for (int k = 0; k < 100; k++) {
            for (int b = 0; b < rows; b++) {
                for (int g = 0; g < 4; g++) {
                    const float lstm_h = tape->lstm.h[t][b][k];
                    for (int n = 0; n < 100; n++) {
                        gradients->lstm.recurrent_kernel[k][100 * g + n] += tape->local.lstm_backward.d_z[b][g][n]
                            * lstm_h;
                    }
                }
            }
        }
        /* lstm.d_h[t,b,n] = 0 */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 100; n++) {
                tape->lstm.d_h[t % 2][b][n] = 0.0f;
            }
        }
        /* lstm.d_h[t,b,k] += lstm.d_z[t,b,g,n] * lstm.recurrent_kernel[k,100*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 96; k += 8) {
                float sum_0 = tape->lstm.d_h[t % 2][b][k];
                float sum_1 = tape->lstm.d_h[t % 2][b][k + 1];
                float sum_2 = tape->lstm.d_h[t % 2][b][k + 2];
                float sum_3 = tape->lstm.d_h[t % 2][b][k + 3];
                float sum_4 = tape->lstm.d_h[t % 2][b][k + 4];
                float sum_5 = tape->lstm.d_h[t % 2][b][k + 5];
                float sum_6 = tape->lstm.d_h[t % 2][b][k + 6];
                float sum_7 = tape->lstm.d_h[t % 2][b][k + 7];
                for (int g = 0; g < 4; g++) {
                    for (int n = 0; n < 100; n++) {
                        sum_0 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k][100 * g + n];
                        sum_1 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k + 1][100 * g + n];
                        sum_2 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k + 2][100 * g + n];
                        sum_3 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k + 3][100 * g + n];
                        sum_4 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k + 4][100 * g + n];
                        sum_5 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k + 5][100 * g + n];
                        sum_6 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k + 6][100 * g + n];
                        sum_7 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[k + 7][100 * g + n];
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
            {
                float sum_0 = tape->lstm.d_h[t % 2][b][96];
                float sum_1 = tape->lstm.d_h[t % 2][b][97];
                float sum_2 = tape->lstm.d_h[t % 2][b][98];
                float sum_3 = tape->lstm.d_h[t % 2][b][99];
                for (int g = 0; g < 4; g++) {
                    for (int n = 0; n < 100; n++) {
                        sum_0 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[96][100 * g + n];
                        sum_1 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[97][100 * g + n];
                        sum_2 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[98][100 * g + n];
                        sum_3 += tape->local.lstm_backward.d_z[b][g][n]
                            * weights->lstm.recurrent_kernel[99][100 * g + n];
                    }
                }
                tape->lstm.d_h[t % 2][b][96] = sum_0;
                tape->lstm.d_h[t % 2][b][97] = sum_1;
                tape->lstm.d_h[t % 2][b][98] = sum_2;
                tape->lstm.d_h[t % 2][b][99] = sum_3;
            }
        }
        /* lstm.d_kernel[k,100*g+n] += lstm.d_z[t,b,g,n] * embedding.y[t,b,k] */
        for (int k = 0; k < 32; k++) {
            for (int b = 0; b < rows; b++) {
                for (int g = 0; g < 4; g++) {
                    const float embedding_y = tape->embedding.y[t][b][k];
                    for (int n = 0; n < 100; n++) {
                        gradients->lstm.kernel[k][100 * g + n] += tape->local.lstm_backward.d_z[b][g][n] * embedding_y;
                    }
                }
            }
        }
        /* embedding.d_y[t,b,n] = 0 */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 32; n++) {
                tape->embedding.d_y[t][b][n] = 0.0f;
            }
        }
        /* embedding.d_y[t,b,k] += lstm.d_z[t,b,g,n] * lstm.kernel[k,100*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 32; k += 8) {
                float sum_0 = tape->embedding.d_y[t][b][k];
                float sum_1 = tape->embedding.d_y[t][b][k + 1];
                float sum_2 = tape->embedding.d_y[t][b][k + 2];
                float sum_3 = tape->embedding.d_y[t][b][k + 3];
                float sum_4 = tape->embedding.d_y[t][b][k + 4];
                float sum_5 = tape->embedding.d_y[t][b][k + 5];
                float sum_6 = tape->embedding.d_y[t][b][k + 6];
                float sum_7 = tape->embedding.d_y[t][b][k + 7];
                for (int g = 0; g < 4; g++) {
                    for (int n = 0; n < 100; n++) {
                        sum_0 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k][100 * g + n];
                        sum_1 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k + 1][100 * g + n];
                        sum_2 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k + 2][100 * g + n];
                        sum_3 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k + 3][100 * g + n];
                        sum_4 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k + 4][100 * g + n];
                        sum_5 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k + 5][100 * g + n];
                        sum_6 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k + 6][100 * g + n];
                        sum_7 += tape->local.lstm_backward.d_z[b][g][n] * weights->lstm.kernel[k + 7][100 * g + n];
                    }
                }
                tape->embedding.d_y[t][b][k] = sum_0;
                tape->embedding.d_y[t][b][k + 1] = sum_1;
                tape->embedding.d_y[t][b][k + 2] = sum_2;
                tape->embedding.d_y[t][b][k + 3] = sum_3;
                tape->embedding.d_y[t][b][k + 4] = sum_4;
                tape->embedding.d_y[t][b][k + 5] = sum_5;
                tape->embedding.d_y[t][b][k + 6] = sum_6;
                tape->embedding.d_y[t][b][k + 7] = sum_7;
            }
        }
        /* lstm.d_bias[100*g+n] += lstm.d_z[t,b,g,n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 4; g++) {
                for (int n = 0; n < 100; n++) {
                    gradients->lstm.bias[100 * g + n] += tape->local.lstm_backward.d_z[b][g][n];
                }
            }
        }
    }
    /* embedding.d_embeddings[x[b,t],n] += embedding.d_y[t,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 200; t++) {
            for (int n = 0; n < 32; n++) {
                gradients->embedding.embeddings[clamped(tape->input[b][t], 5000)][n] += tape->embedding.d_y[t][b][n];
            }
        }
    }
}

void sentiment_backward(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape,
    struct sentiment_gradients *restrict gradients)
{
    backward(training->weights, tape, gradients);
}

void sentiment_carry(struct sentiment_tape *restrict tape)
{
    const int rows = tape->rows;
    /* lstm.h[0,b,n] = lstm.h[200,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            tape->lstm.h[0][b][n] = tape->lstm.h[200][b][n];
        }
    }
    /* lstm.c[0,b,n] = lstm.c[200,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 100; n++) {
            tape->lstm.c[0][b][n] = tape->lstm.c[200][b][n];
        }
    }
}

static const struct lstmc_tensor weight_tensors[] = {
    {
        .name = "embedding/embeddings", .rank = 2, .shape = { 5000, 32 },
        .offset = offsetof(struct sentiment_weights, embedding.embeddings) / sizeof(float), .count = 160000,
            .trainable = 1,
        .initializer = {
            .kind = LSTMC_UNIFORM, .fan = LSTMC_FAN_IN, .a = -0.05f, .b = 0.05f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/kernel", .rank = 2, .shape = { 32, 400 },
        .offset = offsetof(struct sentiment_weights, lstm.kernel) / sizeof(float), .count = 12800, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/recurrent_kernel", .rank = 2, .shape = { 100, 400 },
        .offset = offsetof(struct sentiment_weights, lstm.recurrent_kernel) / sizeof(float), .count = 40000,
            .trainable = 1,
        .initializer = {
            .kind = LSTMC_ORTHOGONAL, .fan = LSTMC_FAN_IN, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "lstm/bias", .rank = 1, .shape = { 400 },
        .offset = offsetof(struct sentiment_weights, lstm.bias) / sizeof(float), .count = 400, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 0.0f, .b = 0.0f,
            .ones_begin = 100, .ones_end = 200,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/kernel", .rank = 2, .shape = { 100, 1 },
        .offset = offsetof(struct sentiment_weights, dense.kernel) / sizeof(float), .count = 100, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/bias", .rank = 1, .shape = { 1 },
        .offset = offsetof(struct sentiment_weights, dense.bias) / sizeof(float), .count = 1, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 0.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
};

static const struct lstmc_tensor tape_tensors[] = {
    {
        .name = "embedding.y", .rank = 3, .shape = { 200, 32, 32 },
        .offset = offsetof(struct sentiment_tape, embedding.y) / sizeof(float), .count = 204800,
    },
    {
        .name = "lstm.h", .rank = 3, .shape = { 201, 32, 100 },
        .offset = offsetof(struct sentiment_tape, lstm.h) / sizeof(float), .count = 643200,
    },
    {
        .name = "lstm.c", .rank = 3, .shape = { 201, 32, 100 },
        .offset = offsetof(struct sentiment_tape, lstm.c) / sizeof(float), .count = 643200,
    },
    {
        .name = "lstm.i", .rank = 3, .shape = { 200, 32, 100 },
        .offset = offsetof(struct sentiment_tape, lstm.i) / sizeof(float), .count = 640000,
    },
    {
        .name = "lstm.f", .rank = 3, .shape = { 200, 32, 100 },
        .offset = offsetof(struct sentiment_tape, lstm.f) / sizeof(float), .count = 640000,
    },
    {
        .name = "lstm.g", .rank = 3, .shape = { 200, 32, 100 },
        .offset = offsetof(struct sentiment_tape, lstm.g) / sizeof(float), .count = 640000,
    },
    {
        .name = "lstm.o", .rank = 3, .shape = { 200, 32, 100 },
        .offset = offsetof(struct sentiment_tape, lstm.o) / sizeof(float), .count = 640000,
    },
    {
        .name = "lstm.tanh_c", .rank = 3, .shape = { 200, 32, 100 },
        .offset = offsetof(struct sentiment_tape, lstm.tanh_c) / sizeof(float), .count = 640000,
    },
    {
        .name = "dense.z", .rank = 2, .shape = { 32, 1 },
        .offset = offsetof(struct sentiment_tape, dense.z) / sizeof(float), .count = 32,
    },
    {
        .name = "dense.y", .rank = 2, .shape = { 32, 1 },
        .offset = offsetof(struct sentiment_tape, dense.y) / sizeof(float), .count = 32,
    },
    {
        .name = "output", .rank = 2, .shape = { 32, 1 },
        .offset = offsetof(struct sentiment_tape, output) / sizeof(float), .count = 32,
    },
    {
        .name = "embedding.d_y", .rank = 3, .shape = { 200, 32, 32 },
        .offset = offsetof(struct sentiment_tape, embedding.d_y) / sizeof(float), .count = 204800,
    },
    {
        .name = "dense.d_z", .rank = 2, .shape = { 32, 1 },
        .offset = offsetof(struct sentiment_tape, dense.d_z) / sizeof(float), .count = 32,
    },
    {
        .name = "dense.d_y", .rank = 2, .shape = { 32, 1 },
        .offset = offsetof(struct sentiment_tape, dense.d_y) / sizeof(float), .count = 32,
    },
    {
        .name = "d_output", .rank = 2, .shape = { 32, 1 },
        .offset = offsetof(struct sentiment_tape, d_output) / sizeof(float), .count = 32,
    },
};

static void call_prepare(void *packed, const void *weights)
{
    sentiment_prepare(packed, weights);
}

static void call_predict(const void *packed, void *scratch, const void *x, float *y)
{
    sentiment_predict(packed, scratch, x, y);
}

static void call_predict_batch(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    sentiment_predict_batch(packed, scratch, x, rows, y);
}

static void call_reset(const void *packed, void *state)
{
    sentiment_reset(packed, state);
}

static int call_step(const void *packed, void *state, const void *x, float *y)
{
    return sentiment_step(packed, state, x, y);
}

static void call_prepare_training(void *training, const void *weights)
{
    sentiment_prepare_training(training, weights);
}

static void call_reset_tape(const void *training, void *tape)
{
    sentiment_reset_tape(training, tape);
}

static void call_forward(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    sentiment_forward(training, tape, x, rows, seed);
}

static void call_backward(const void *training, void *tape, void *gradients)
{
    sentiment_backward(training, tape, gradients);
}

static void call_carry(void *tape)
{
    sentiment_carry(tape);
}

static float call_loss(void *tape, const void *target, const float *sample_weight, float scale)
{
    return sentiment_loss(tape, target, sample_weight, scale);
}

const struct lstmc_model sentiment_model = {
    .name = "sentiment", .source = "sentiment.lua", .version = "0.1",
    .fingerprint = UINT64_C(0x6066853f09c79356),
    .input_is_tokens = 1, .vocabulary = 5000,
    .input_rank = 1, .input_shape = { 200 }, .input_count = 200,
    .output_rank = 1, .output_shape = { 1 }, .output_count = 1,
    .target_rank = 1, .target_shape = { 1 }, .target_count = 1, .target_is_class = 0,
    .loss = "binary_crossentropy",
    .batch = 32, .shards = 2,
    .optimizer = {
        .kind = LSTMC_ADAM, .learning_rate = 0.001f, .momentum = 0.0f, .rho = 0.0f,
        .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-07f, .weight_decay = 0.0f,
        .nesterov = 0, .centered = 0, .amsgrad = 0,
        .clipnorm = 0.0f, .clipvalue = 0.0f, .global_clipnorm = 0.0f,
    },
    .weights = weight_tensors, .weight_tensors = 6,
    .weight_count = 213301, .gradient_count = 213301,
    .tape_tensors = tape_tensors, .tape_tensor_count = 15,
    .packed_bytes = sizeof(struct sentiment_packed), .scratch_bytes = sizeof(struct sentiment_scratch),
    .batch_scratch_bytes = sizeof(struct sentiment_batch_scratch),
    .prepare = call_prepare, .predict = call_predict, .predict_batch = call_predict_batch,
    .state_bytes = sizeof(struct sentiment_state), .reset = call_reset, .step = call_step,
    .output_offset = offsetof(struct sentiment_tape, output),
        .first_row_offset = offsetof(struct sentiment_tape, first_row),
    .training_bytes = sizeof(struct sentiment_training), .tape_bytes = sizeof(struct sentiment_tape),
    .prepare_training = call_prepare_training, .reset_tape = call_reset_tape, .forward = call_forward,
    .backward = call_backward, .carry = call_carry,
    .d_output_offset = offsetof(struct sentiment_tape, d_output),
    .loss_function = call_loss,
};
