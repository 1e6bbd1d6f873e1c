/* mgu.c: written by lstmc 0.1 from mgu.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   x[30, 2] -> MGU[24] -> Dense[1]
 *   1 321 weights   step: 1 272 mul-adds, 48 activations   tape 12.4 KB a row   state 192 B   scratch 868 B   1 lane
 */
#include "mgu.h"

#include <math.h>
#include <string.h>

/* a * b + c is rounded twice everywhere, so that step and predict agree to the bit */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

static inline float sigmoid(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

/* Static functions have the weights as a parameter of their own: of a parameter compilers know that no write changes it. */

void mgu_prepare(struct mgu_packed *restrict packed, const struct mgu_weights *restrict weights)
{
    packed->weights = weights;
}

static void predict(const struct mgu_weights *restrict weights, struct mgu_scratch *restrict scratch,
    const float *restrict x, float *restrict y)
{
    /* mgu.h[0,n] = 0 */
    for (int n = 0; n < 24; n++) {
        scratch->mgu.h[0][n] = 0.0f;
    }
    for (int t = 0; t < 30; t++) {
        /* mgu.p[t,g,n] = mgu.bias[24*g+n] */
        for (int g = 0; g < 2; g++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.p[g][n] = weights->mgu.bias[24 * g + n];
            }
        }
        /* mgu.p[t,g,n] += mgu.kernel[k,24*g+n] * x[t,k] */
        for (int k = 0; k < 2; k++) {
            for (int g = 0; g < 2; g++) {
                const float x_ = x[2 * t + k];
                for (int n = 0; n < 24; n++) {
                    scratch->local.mgu.p[g][n] += weights->mgu.kernel[k][24 * g + n] * x_;
                }
            }
        }
        /* mgu.sum[t,n] = mgu.p[t,0,n] */
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.sum[n] = scratch->local.mgu.p[0][n];
        }
        /* mgu.sum[t,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,k] */
        for (int k = 0; k < 24; k++) {
            const float mgu_h = scratch->mgu.h[t % 2][k];
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.sum[n] += weights->mgu.recurrent_kernel[k][n] * mgu_h;
            }
        }
        /* mgu.f[t,n] = sigmoid(mgu.sum[t,n]) */
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.f[n] = sigmoid(scratch->local.mgu.sum[n]);
        }
        /* mgu.m[t,n] = mgu.f[t,n] * mgu.h[t,n] */
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.m[n] = scratch->local.mgu.f[n] * scratch->mgu.h[t % 2][n];
        }
        /* mgu.sum_1[t,n] = mgu.p[t,1,n] */
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.sum_1[n] = scratch->local.mgu.p[1][n];
        }
        /* mgu.sum_1[t,n] += mgu.recurrent_kernel[k,n+24] * mgu.m[t,k] */
        for (int k = 0; k < 24; k++) {
            const float mgu_m = scratch->local.mgu.m[k];
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.sum_1[n] += weights->mgu.recurrent_kernel[k][n + 24] * mgu_m;
            }
        }
        /* mgu.candidate[t,n] = tanh(mgu.sum_1[t,n]) */
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.candidate[n] = tanhf(scratch->local.mgu.sum_1[n]);
        }
        /* mgu.h[t+1,n] = (1 - mgu.f[t,n]) * mgu.h[t,n] + mgu.f[t,n] * mgu.candidate[t,n] */
        for (int n = 0; n < 24; n++) {
            scratch->mgu.h[(t + 1) % 2][n] = (1.0f - scratch->local.mgu.f[n]) * scratch->mgu.h[t % 2][n] +
                scratch->local.mgu.f[n] * scratch->local.mgu.candidate[n];
        }
    }
    /* dense.y[n] = dense.bias[n] */
    scratch->dense.y[0] = weights->dense.bias[0];
    /* dense.y[n] += dense.kernel[k,n] * mgu.h[30,k] */
    {
        float sum = scratch->dense.y[0];
        for (int k = 0; k < 24; k++) {
            sum += weights->dense.kernel[k][0] * scratch->mgu.h[0][k];
        }
        scratch->dense.y[0] = sum;
    }
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
}

void mgu_predict(const struct mgu_packed *restrict packed, struct mgu_scratch *restrict scratch,
    const float *restrict x, float *restrict y)
{
    predict(packed->weights, scratch, x, y);
}

static void predict_batch(const struct mgu_weights *restrict weights, struct mgu_batch_scratch *restrict scratch,
    const float *restrict x, int rows, float *restrict y)
{
    /* mgu.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            scratch->mgu.h[0][b][n] = 0.0f;
        }
    }
    for (int t = 0; t < 30; t++) {
        /* mgu.p[t,b,g,n] = mgu.bias[24*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 2; g++) {
                for (int n = 0; n < 24; n++) {
                    scratch->local.mgu.p[b][g][n] = weights->mgu.bias[24 * g + n];
                }
            }
        }
        /* mgu.p[t,b,g,n] += mgu.kernel[k,24*g+n] * x[b,t,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 2; k++) {
                for (int g = 0; g < 2; g++) {
                    const float x_ = x[60 * b + 2 * t + k];
                    for (int n = 0; n < 24; n++) {
                        scratch->local.mgu.p[b][g][n] += weights->mgu.kernel[k][24 * g + n] * x_;
                    }
                }
            }
        }
        /* mgu.sum[t,b,n] = mgu.p[t,b,0,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.sum[b][n] = scratch->local.mgu.p[b][0][n];
            }
        }
        /* mgu.sum[t,b,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k++) {
                const float mgu_h = scratch->mgu.h[t % 2][b][k];
                for (int n = 0; n < 24; n++) {
                    scratch->local.mgu.sum[b][n] += weights->mgu.recurrent_kernel[k][n] * mgu_h;
                }
            }
        }
        /* mgu.f[t,b,n] = sigmoid(mgu.sum[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.f[b][n] = sigmoid(scratch->local.mgu.sum[b][n]);
            }
        }
        /* mgu.m[t,b,n] = mgu.f[t,b,n] * mgu.h[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.m[b][n] = scratch->local.mgu.f[b][n] * scratch->mgu.h[t % 2][b][n];
            }
        }
        /* mgu.sum_1[t,b,n] = mgu.p[t,b,1,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.sum_1[b][n] = scratch->local.mgu.p[b][1][n];
            }
        }
        /* mgu.sum_1[t,b,n] += mgu.recurrent_kernel[k,n+24] * mgu.m[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k++) {
                const float mgu_m = scratch->local.mgu.m[b][k];
                for (int n = 0; n < 24; n++) {
                    scratch->local.mgu.sum_1[b][n] += weights->mgu.recurrent_kernel[k][n + 24] * mgu_m;
                }
            }
        }
        /* mgu.candidate[t,b,n] = tanh(mgu.sum_1[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.candidate[b][n] = tanhf(scratch->local.mgu.sum_1[b][n]);
            }
        }
        /* mgu.h[t+1,b,n] = (1 - mgu.f[t,b,n]) * mgu.h[t,b,n] + mgu.f[t,b,n] * mgu.candidate[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                scratch->mgu.h[(t + 1) % 2][b][n] = (1.0f - scratch->local.mgu.f[b][n]) * scratch->mgu.h[t % 2][b][n] +
                    scratch->local.mgu.f[b][n] * scratch->local.mgu.candidate[b][n];
            }
        }
    }
    /* dense.y[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        scratch->dense.y[b][0] = weights->dense.bias[0];
    }
    /* dense.y[b,n] += dense.kernel[k,n] * mgu.h[30,b,k] */
    for (int b = 0; b < rows; b++) {
        float sum = scratch->dense.y[b][0];
        for (int k = 0; k < 24; k++) {
            sum += weights->dense.kernel[k][0] * scratch->mgu.h[0][b][k];
        }
        scratch->dense.y[b][0] = sum;
    }
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        y[b] = scratch->dense.y[b][0];
    }
}

void mgu_predict_batch(const struct mgu_packed *restrict packed, struct mgu_batch_scratch *restrict scratch,
    const float *restrict x, int rows, float *restrict y)
{
    predict_batch(packed->weights, scratch, x, rows, y);
}

/* What a step computes on its way. */
struct mgu_step_scratch {
    struct {
        float y[1];
    } dense;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float p[2][24];
            float sum[24];
            float f[24];
            float m[24];
            float sum_1[24];
            float candidate[24];
        } mgu;
    } local;
};

void mgu_reset(const struct mgu_packed *restrict packed, struct mgu_state *restrict state)
{
    (void)packed;
    /* mgu.h[0,n] = 0 */
    for (int n = 0; n < 24; n++) {
        state->mgu.h[0][n] = 0.0f;
    }
}

static int step(const struct mgu_weights *restrict weights, struct mgu_state *restrict state, const float *restrict x,
    float *restrict y)
{
    struct mgu_step_scratch memory, *const scratch = &memory;
    /* mgu.p[t,g,n] = mgu.bias[24*g+n] */
    for (int g = 0; g < 2; g++) {
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.p[g][n] = weights->mgu.bias[24 * g + n];
        }
    }
    /* mgu.p[t,g,n] += mgu.kernel[k,24*g+n] * x[t,k] */
    for (int k = 0; k < 2; k++) {
        for (int g = 0; g < 2; g++) {
            const float x_ = x[k];
            for (int n = 0; n < 24; n++) {
                scratch->local.mgu.p[g][n] += weights->mgu.kernel[k][24 * g + n] * x_;
            }
        }
    }
    /* mgu.sum[t,n] = mgu.p[t,0,n] */
    for (int n = 0; n < 24; n++) {
        scratch->local.mgu.sum[n] = scratch->local.mgu.p[0][n];
    }
    /* mgu.sum[t,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,k] */
    for (int k = 0; k < 24; k++) {
        const float mgu_h = state->mgu.h[0][k];
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.sum[n] += weights->mgu.recurrent_kernel[k][n] * mgu_h;
        }
    }
    /* mgu.f[t,n] = sigmoid(mgu.sum[t,n]) */
    for (int n = 0; n < 24; n++) {
        scratch->local.mgu.f[n] = sigmoid(scratch->local.mgu.sum[n]);
    }
    /* mgu.m[t,n] = mgu.f[t,n] * mgu.h[t,n] */
    for (int n = 0; n < 24; n++) {
        scratch->local.mgu.m[n] = scratch->local.mgu.f[n] * state->mgu.h[0][n];
    }
    /* mgu.sum_1[t,n] = mgu.p[t,1,n] */
    for (int n = 0; n < 24; n++) {
        scratch->local.mgu.sum_1[n] = scratch->local.mgu.p[1][n];
    }
    /* mgu.sum_1[t,n] += mgu.recurrent_kernel[k,n+24] * mgu.m[t,k] */
    for (int k = 0; k < 24; k++) {
        const float mgu_m = scratch->local.mgu.m[k];
        for (int n = 0; n < 24; n++) {
            scratch->local.mgu.sum_1[n] += weights->mgu.recurrent_kernel[k][n + 24] * mgu_m;
        }
    }
    /* mgu.candidate[t,n] = tanh(mgu.sum_1[t,n]) */
    for (int n = 0; n < 24; n++) {
        scratch->local.mgu.candidate[n] = tanhf(scratch->local.mgu.sum_1[n]);
    }
    /* mgu.h[t+1,n] = (1 - mgu.f[t,n]) * mgu.h[t,n] + mgu.f[t,n] * mgu.candidate[t,n] */
    for (int n = 0; n < 24; n++) {
        state->mgu.h[1][n] = (1.0f - scratch->local.mgu.f[n]) * state->mgu.h[0][n] + scratch->local.mgu.f[n]
            * scratch->local.mgu.candidate[n];
    }
    /* dense.y[n] = dense.bias[n] */
    scratch->dense.y[0] = weights->dense.bias[0];
    /* dense.y[n] += dense.kernel[k,n] * mgu.h[1,k] */
    {
        float sum = scratch->dense.y[0];
        for (int k = 0; k < 24; k++) {
            sum += weights->dense.kernel[k][0] * state->mgu.h[1][k];
        }
        scratch->dense.y[0] = sum;
    }
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
    /* mgu.h[0,n] = mgu.h[1,n] */
    for (int n = 0; n < 24; n++) {
        state->mgu.h[0][n] = state->mgu.h[1][n];
    }
    return 1;
}

int mgu_step(const struct mgu_packed *restrict packed, struct mgu_state *restrict state, const float *restrict x,
    float *restrict y)
{
    return step(packed->weights, state, x, y);
}

void mgu_prepare_training(struct mgu_training *restrict training, const struct mgu_weights *restrict weights)
{
    training->weights = weights;
}

void mgu_reset_tape(const struct mgu_training *restrict training, struct mgu_tape *restrict tape)
{
    (void)training;
    const int rows = MGU_BATCH;
    tape->rows = 0;
    tape->first_row = 0;
    /* mgu.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->mgu.h[0][b][n] = 0.0f;
        }
    }
}

static void forward(const struct mgu_weights *restrict weights, struct mgu_tape *restrict tape, const float *restrict x,
    int rows, uint64_t seed)
{
    tape->rows = rows;
    memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);
    memset(tape->d_output, 0, sizeof tape->d_output);
    (void)seed;
    for (int t = 0; t < 30; t++) {
        /* mgu.p[t,b,g,n] = mgu.bias[24*g+n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 2; g++) {
                for (int n = 0; n < 24; n++) {
                    tape->local.mgu.p[b][g][n] = weights->mgu.bias[24 * g + n];
                }
            }
        }
        /* mgu.p[t,b,g,n] += mgu.kernel[k,24*g+n] * x[b,t,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 2; k++) {
                for (int g = 0; g < 2; g++) {
                    const float x_ = tape->input[b][t][k];
                    for (int n = 0; n < 24; n++) {
                        tape->local.mgu.p[b][g][n] += weights->mgu.kernel[k][24 * g + n] * x_;
                    }
                }
            }
        }
        /* mgu.sum[t,b,n] = mgu.p[t,b,0,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu.sum[b][n] = tape->local.mgu.p[b][0][n];
            }
        }
        /* mgu.sum[t,b,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k++) {
                const float mgu_h = tape->mgu.h[t][b][k];
                for (int n = 0; n < 24; n++) {
                    tape->local.mgu.sum[b][n] += weights->mgu.recurrent_kernel[k][n] * mgu_h;
                }
            }
        }
        /* mgu.f[t,b,n] = sigmoid(mgu.sum[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->mgu.f[t][b][n] = sigmoid(tape->local.mgu.sum[b][n]);
            }
        }
        /* mgu.m[t,b,n] = mgu.f[t,b,n] * mgu.h[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->mgu.m[t][b][n] = tape->mgu.f[t][b][n] * tape->mgu.h[t][b][n];
            }
        }
        /* mgu.sum_1[t,b,n] = mgu.p[t,b,1,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu.sum_1[b][n] = tape->local.mgu.p[b][1][n];
            }
        }
        /* mgu.sum_1[t,b,n] += mgu.recurrent_kernel[k,n+24] * mgu.m[t,b,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k++) {
                const float mgu_m = tape->mgu.m[t][b][k];
                for (int n = 0; n < 24; n++) {
                    tape->local.mgu.sum_1[b][n] += weights->mgu.recurrent_kernel[k][n + 24] * mgu_m;
                }
            }
        }
        /* mgu.candidate[t,b,n] = tanh(mgu.sum_1[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->mgu.candidate[t][b][n] = tanhf(tape->local.mgu.sum_1[b][n]);
            }
        }
        /* mgu.h[t+1,b,n] = (1 - mgu.f[t,b,n]) * mgu.h[t,b,n] + mgu.f[t,b,n] * mgu.candidate[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->mgu.h[t + 1][b][n] = (1.0f - tape->mgu.f[t][b][n]) * tape->mgu.h[t][b][n] + tape->mgu.f[t][b][n]
                    * tape->mgu.candidate[t][b][n];
            }
        }
    }
    /* dense.y[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.y[b][0] = weights->dense.bias[0];
    }
    /* dense.y[b,n] += dense.kernel[k,n] * mgu.h[30,b,k] */
    for (int b = 0; b < rows; b++) {
        float sum = tape->dense.y[b][0];
        for (int k = 0; k < 24; k++) {
            sum += weights->dense.kernel[k][0] * tape->mgu.h[30][b][k];
        }
        tape->dense.y[b][0] = sum;
    }
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->output[b][0] = tape->dense.y[b][0];
    }
}

void mgu_forward(const struct mgu_training *restrict training, struct mgu_tape *restrict tape, const float *restrict x,
    int rows, uint64_t seed)
{
    forward(training->weights, tape, x, rows, seed);
}

float mgu_loss(struct mgu_tape *restrict tape, const float *restrict target, const float *restrict sample_weight,
    float scale)
{
    const int rows = tape->rows;
    float loss = 0.0f;
    /* e[b,n] = output[b,n] - target[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.e[b][0] = tape->output[b][0] - target[b];
    }
    /* l[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.l[b] = 0.0f;
    }
    /* l[b] += e[b,k] * e[b,k] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.l[b] += tape->local.model_loss.e[b][0] * tape->local.model_loss.e[b][0];
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
    /* d_e[b,k] = d_l[b] * e[b,k] + d_l[b] * e[b,k] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.d_e[b][0] = tape->local.model_loss.d_l[b] * tape->local.model_loss.e[b][0] +
            tape->local.model_loss.d_l[b] * tape->local.model_loss.e[b][0];
    }
    /* d_output[b,n] = d_e[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->d_output[b][0] = tape->local.model_loss.d_e[b][0];
    }
    return loss;
}

static void backward(const struct mgu_weights *restrict weights, struct mgu_tape *restrict tape,
    struct mgu_gradients *restrict gradients)
{
    const int rows = tape->rows;
    /* dense.d_y[b,n] = d_output[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_y[b][0] = tape->d_output[b][0];
    }
    /* dense.d_kernel[k,n] += dense.d_y[b,n] * mgu.h[30,b,k] */
    for (int b = 0; b < rows; b++) {
        const float dense_d_y = tape->dense.d_y[b][0];
        for (int k = 0; k < 24; k++) {
            gradients->dense.kernel[k][0] += dense_d_y * tape->mgu.h[30][b][k];
        }
    }
    /* mgu.d_h[30,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->mgu.d_h[0][b][n] = 0.0f;
        }
    }
    /* mgu.d_h[30,b,k] += dense.d_y[b,n] * dense.kernel[k,n] */
    for (int b = 0; b < rows; b++) {
        const float dense_d_y = tape->dense.d_y[b][0];
        for (int k = 0; k < 24; k++) {
            tape->mgu.d_h[0][b][k] += dense_d_y * weights->dense.kernel[k][0];
        }
    }
    /* dense.d_bias[n] += dense.d_y[b,n] */
    {
        float sum = gradients->dense.bias[0];
        for (int b = 0; b < rows; b++) {
            sum += tape->dense.d_y[b][0];
        }
        gradients->dense.bias[0] = sum;
    }
    for (int t = 29; t >= 0; t--) {
        /* mgu.d_f[t,b,n] = mgu.d_h[t+1,b,n] * mgu.candidate[t,b,n] - mgu.d_h[t+1,b,n] * mgu.h[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_f[b][n] = tape->mgu.d_h[(t + 1) % 2][b][n] * tape->mgu.candidate[t][b][n] -
                    tape->mgu.d_h[(t + 1) % 2][b][n] * tape->mgu.h[t][b][n];
            }
        }
        /* mgu.d_h[t,b,n] = mgu.d_h[t+1,b,n] * (1 - mgu.f[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->mgu.d_h[t % 2][b][n] = tape->mgu.d_h[(t + 1) % 2][b][n] * (1.0f - tape->mgu.f[t][b][n]);
            }
        }
        /* mgu.d_candidate[t,b,n] = mgu.d_h[t+1,b,n] * mgu.f[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_candidate[b][n] = tape->mgu.d_h[(t + 1) % 2][b][n] * tape->mgu.f[t][b][n];
            }
        }
        /* mgu.d_sum_1[t,b,n] = mgu.d_candidate[t,b,n] * (1 - mgu.candidate[t,b,n] * mgu.candidate[t,b,n]) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_sum_1[b][n] = tape->local.mgu_backward.d_candidate[b][n]
                    * (1.0f - tape->mgu.candidate[t][b][n] * tape->mgu.candidate[t][b][n]);
            }
        }
        /* mgu.d_recurrent_kernel[k,n+24] += mgu.d_sum_1[t,b,n] * mgu.m[t,b,k] */
        for (int k = 0; k < 24; k++) {
            for (int b = 0; b < rows; b++) {
                const float mgu_m = tape->mgu.m[t][b][k];
                for (int n = 0; n < 24; n++) {
                    gradients->mgu.recurrent_kernel[k][n + 24] += tape->local.mgu_backward.d_sum_1[b][n] * mgu_m;
                }
            }
        }
        /* mgu.d_m[t,b,n] = 0 */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_m[b][n] = 0.0f;
            }
        }
        /* mgu.d_m[t,b,k] += mgu.d_sum_1[t,b,n] * mgu.recurrent_kernel[k,n+24] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k += 8) {
                float sum_0 = tape->local.mgu_backward.d_m[b][k];
                float sum_1 = tape->local.mgu_backward.d_m[b][k + 1];
                float sum_2 = tape->local.mgu_backward.d_m[b][k + 2];
                float sum_3 = tape->local.mgu_backward.d_m[b][k + 3];
                float sum_4 = tape->local.mgu_backward.d_m[b][k + 4];
                float sum_5 = tape->local.mgu_backward.d_m[b][k + 5];
                float sum_6 = tape->local.mgu_backward.d_m[b][k + 6];
                float sum_7 = tape->local.mgu_backward.d_m[b][k + 7];
                for (int n = 0; n < 24; n++) {
                    sum_0 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k][n + 24];
                    sum_1 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k + 1][n + 24];
                    sum_2 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k + 2][n + 24];
                    sum_3 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k + 3][n + 24];
                    sum_4 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k + 4][n + 24];
                    sum_5 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k + 5][n + 24];
                    sum_6 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k + 6][n + 24];
                    sum_7 += tape->local.mgu_backward.d_sum_1[b][n] * weights->mgu.recurrent_kernel[k + 7][n + 24];
                }
                tape->local.mgu_backward.d_m[b][k] = sum_0;
                tape->local.mgu_backward.d_m[b][k + 1] = sum_1;
                tape->local.mgu_backward.d_m[b][k + 2] = sum_2;
                tape->local.mgu_backward.d_m[b][k + 3] = sum_3;
                tape->local.mgu_backward.d_m[b][k + 4] = sum_4;
                tape->local.mgu_backward.d_m[b][k + 5] = sum_5;
                tape->local.mgu_backward.d_m[b][k + 6] = sum_6;
                tape->local.mgu_backward.d_m[b][k + 7] = sum_7;
            }
        }
        /* mgu.d_p[t,b,1,n] = mgu.d_sum_1[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_p[b][1][n] = tape->local.mgu_backward.d_sum_1[b][n];
            }
        }
        /* mgu.d_f[t,b,n] += mgu.d_m[t,b,n] * mgu.h[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_f[b][n] += tape->local.mgu_backward.d_m[b][n] * tape->mgu.h[t][b][n];
            }
        }
        /* mgu.d_h[t,b,n] += mgu.d_m[t,b,n] * mgu.f[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->mgu.d_h[t % 2][b][n] += tape->local.mgu_backward.d_m[b][n] * tape->mgu.f[t][b][n];
            }
        }
        /* mgu.d_sum[t,b,n] = mgu.d_f[t,b,n] * (mgu.f[t,b,n] * (1 - mgu.f[t,b,n])) */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_sum[b][n] = tape->local.mgu_backward.d_f[b][n]
                    * (tape->mgu.f[t][b][n] * (1.0f - tape->mgu.f[t][b][n]));
            }
        }
        /* mgu.d_recurrent_kernel[k,n] += mgu.d_sum[t,b,n] * mgu.h[t,b,k] */
        for (int k = 0; k < 24; k++) {
            for (int b = 0; b < rows; b++) {
                const float mgu_h = tape->mgu.h[t][b][k];
                for (int n = 0; n < 24; n++) {
                    gradients->mgu.recurrent_kernel[k][n] += tape->local.mgu_backward.d_sum[b][n] * mgu_h;
                }
            }
        }
        /* mgu.d_h[t,b,k] += mgu.d_sum[t,b,n] * mgu.recurrent_kernel[k,n] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 24; k += 8) {
                float sum_0 = tape->mgu.d_h[t % 2][b][k];
                float sum_1 = tape->mgu.d_h[t % 2][b][k + 1];
                float sum_2 = tape->mgu.d_h[t % 2][b][k + 2];
                float sum_3 = tape->mgu.d_h[t % 2][b][k + 3];
                float sum_4 = tape->mgu.d_h[t % 2][b][k + 4];
                float sum_5 = tape->mgu.d_h[t % 2][b][k + 5];
                float sum_6 = tape->mgu.d_h[t % 2][b][k + 6];
                float sum_7 = tape->mgu.d_h[t % 2][b][k + 7];
                for (int n = 0; n < 24; n++) {
                    sum_0 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k][n];
                    sum_1 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k + 1][n];
                    sum_2 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k + 2][n];
                    sum_3 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k + 3][n];
                    sum_4 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k + 4][n];
                    sum_5 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k + 5][n];
                    sum_6 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k + 6][n];
                    sum_7 += tape->local.mgu_backward.d_sum[b][n] * weights->mgu.recurrent_kernel[k + 7][n];
                }
                tape->mgu.d_h[t % 2][b][k] = sum_0;
                tape->mgu.d_h[t % 2][b][k + 1] = sum_1;
                tape->mgu.d_h[t % 2][b][k + 2] = sum_2;
                tape->mgu.d_h[t % 2][b][k + 3] = sum_3;
                tape->mgu.d_h[t % 2][b][k + 4] = sum_4;
                tape->mgu.d_h[t % 2][b][k + 5] = sum_5;
                tape->mgu.d_h[t % 2][b][k + 6] = sum_6;
                tape->mgu.d_h[t % 2][b][k + 7] = sum_7;
            }
        }
        /* mgu.d_p[t,b,0,n] = mgu.d_sum[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 24; n++) {
                tape->local.mgu_backward.d_p[b][0][n] = tape->local.mgu_backward.d_sum[b][n];
            }
        }
        /* mgu.d_kernel[k,24*g+n] += mgu.d_p[t,b,g,n] * x[b,t,k] */
        for (int b = 0; b < rows; b++) {
            for (int k = 0; k < 2; k++) {
                for (int g = 0; g < 2; g++) {
                    const float x_ = tape->input[b][t][k];
                    for (int n = 0; n < 24; n++) {
                        gradients->mgu.kernel[k][24 * g + n] += tape->local.mgu_backward.d_p[b][g][n] * x_;
                    }
                }
            }
        }
        /* mgu.d_bias[24*g+n] += mgu.d_p[t,b,g,n] */
        for (int b = 0; b < rows; b++) {
            for (int g = 0; g < 2; g++) {
                for (int n = 0; n < 24; n++) {
                    gradients->mgu.bias[24 * g + n] += tape->local.mgu_backward.d_p[b][g][n];
                }
            }
        }
    }
}

void mgu_backward(const struct mgu_training *restrict training, struct mgu_tape *restrict tape,
    struct mgu_gradients *restrict gradients)
{
    backward(training->weights, tape, gradients);
}

void mgu_carry(struct mgu_tape *restrict tape)
{
    const int rows = tape->rows;
    /* mgu.h[0,b,n] = mgu.h[30,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < 24; n++) {
            tape->mgu.h[0][b][n] = tape->mgu.h[30][b][n];
        }
    }
}

static const struct lstmc_tensor weight_tensors[] = {
    {
        .name = "mgu/kernel", .rank = 2, .shape = { 2, 48 },
        .offset = offsetof(struct mgu_weights, mgu.kernel) / sizeof(float), .count = 96, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "mgu/recurrent_kernel", .rank = 2, .shape = { 24, 48 },
        .offset = offsetof(struct mgu_weights, mgu.recurrent_kernel) / sizeof(float), .count = 1152, .trainable = 1,
        .initializer = {
            .kind = LSTMC_ORTHOGONAL, .fan = LSTMC_FAN_IN, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "mgu/bias", .rank = 1, .shape = { 48 },
        .offset = offsetof(struct mgu_weights, mgu.bias) / sizeof(float), .count = 48, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/kernel", .rank = 2, .shape = { 24, 1 },
        .offset = offsetof(struct mgu_weights, dense.kernel) / sizeof(float), .count = 24, .trainable = 1,
        .initializer = {
            .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
    {
        .name = "dense/bias", .rank = 1, .shape = { 1 },
        .offset = offsetof(struct mgu_weights, dense.bias) / sizeof(float), .count = 1, .trainable = 1,
        .initializer = {
            .kind = LSTMC_CONSTANT, .fan = LSTMC_FAN_IN, .a = 0.0f, .b = 0.0f,
            .ones_begin = 0, .ones_end = 0,
        },
        .l1 = 0.0f, .l2 = 0.0f,
    },
};

static const struct lstmc_tensor tape_tensors[] = {
    {
        .name = "input", .rank = 3, .shape = { 16, 30, 2 },
        .offset = offsetof(struct mgu_tape, input) / sizeof(float), .count = 960,
    },
    {
        .name = "mgu.h", .rank = 3, .shape = { 31, 16, 24 },
        .offset = offsetof(struct mgu_tape, mgu.h) / sizeof(float), .count = 11904,
    },
    {
        .name = "mgu.f", .rank = 3, .shape = { 30, 16, 24 },
        .offset = offsetof(struct mgu_tape, mgu.f) / sizeof(float), .count = 11520,
    },
    {
        .name = "mgu.m", .rank = 3, .shape = { 30, 16, 24 },
        .offset = offsetof(struct mgu_tape, mgu.m) / sizeof(float), .count = 11520,
    },
    {
        .name = "mgu.candidate", .rank = 3, .shape = { 30, 16, 24 },
        .offset = offsetof(struct mgu_tape, mgu.candidate) / sizeof(float), .count = 11520,
    },
    {
        .name = "dense.y", .rank = 2, .shape = { 16, 1 },
        .offset = offsetof(struct mgu_tape, dense.y) / sizeof(float), .count = 16,
    },
    {
        .name = "output", .rank = 2, .shape = { 16, 1 },
        .offset = offsetof(struct mgu_tape, output) / sizeof(float), .count = 16,
    },
    {
        .name = "dense.d_y", .rank = 2, .shape = { 16, 1 },
        .offset = offsetof(struct mgu_tape, dense.d_y) / sizeof(float), .count = 16,
    },
    {
        .name = "d_output", .rank = 2, .shape = { 16, 1 },
        .offset = offsetof(struct mgu_tape, d_output) / sizeof(float), .count = 16,
    },
};

static void call_prepare(void *packed, const void *weights)
{
    mgu_prepare(packed, weights);
}

static void call_predict(const void *packed, void *scratch, const void *x, float *y)
{
    mgu_predict(packed, scratch, x, y);
}

static void call_predict_batch(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    mgu_predict_batch(packed, scratch, x, rows, y);
}

static void call_reset(const void *packed, void *state)
{
    mgu_reset(packed, state);
}

static int call_step(const void *packed, void *state, const void *x, float *y)
{
    return mgu_step(packed, state, x, y);
}

static void call_prepare_training(void *training, const void *weights)
{
    mgu_prepare_training(training, weights);
}

static void call_reset_tape(const void *training, void *tape)
{
    mgu_reset_tape(training, tape);
}

static void call_forward(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    mgu_forward(training, tape, x, rows, seed);
}

static void call_backward(const void *training, void *tape, void *gradients)
{
    mgu_backward(training, tape, gradients);
}

static void call_carry(void *tape)
{
    mgu_carry(tape);
}

static float call_loss(void *tape, const void *target, const float *sample_weight, float scale)
{
    return mgu_loss(tape, target, sample_weight, scale);
}

const struct lstmc_model mgu_model = {
    .name = "mgu", .source = "mgu.lua", .version = "0.1",
    .fingerprint = UINT64_C(0x865c35b1d1f3d204),
    .input_is_tokens = 0, .vocabulary = 0,
    .input_rank = 2, .input_shape = { 30, 2 }, .input_count = 60,
    .output_rank = 1, .output_shape = { 1 }, .output_count = 1,
    .target_rank = 1, .target_shape = { 1 }, .target_count = 1, .target_is_class = 0,
    .loss = "mse",
    .batch = 16, .shards = 2,
    .optimizer = {
        .kind = LSTMC_ADAM, .learning_rate = 0.005f, .momentum = 0.0f, .rho = 0.0f,
        .beta_1 = 0.9f, .beta_2 = 0.999f, .epsilon = 1e-07f, .weight_decay = 0.0f,
        .nesterov = 0, .centered = 0, .amsgrad = 0,
        .clipnorm = 0.0f, .clipvalue = 0.0f, .global_clipnorm = 1.0f,
    },
    .weights = weight_tensors, .weight_tensors = 5,
    .weight_count = 1321, .gradient_count = 1321,
    .tape_tensors = tape_tensors, .tape_tensor_count = 9,
    .packed_bytes = sizeof(struct mgu_packed), .scratch_bytes = sizeof(struct mgu_scratch),
    .batch_scratch_bytes = sizeof(struct mgu_batch_scratch),
    .prepare = call_prepare, .predict = call_predict, .predict_batch = call_predict_batch,
    .state_bytes = sizeof(struct mgu_state), .reset = call_reset, .step = call_step,
    .output_offset = offsetof(struct mgu_tape, output), .first_row_offset = offsetof(struct mgu_tape, first_row),
    .training_bytes = sizeof(struct mgu_training), .tape_bytes = sizeof(struct mgu_tape),
    .prepare_training = call_prepare_training, .reset_tape = call_reset_tape, .forward = call_forward,
    .backward = call_backward, .carry = call_carry,
    .d_output_offset = offsetof(struct mgu_tape, d_output),
    .loss_function = call_loss,
};
