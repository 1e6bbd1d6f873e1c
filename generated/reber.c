/* reber.c: written by lstmc 0.1 from reber.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   tokens[24] -> Embedding[24, 8] -> LSTM[24] -> Dense[8]
 *   3 432 weights   step: 2 496 mul-adds, 128 activations
 *   tape 35.7 KB a row   state 512 B   scratch 896 B   16 lanes
 */
#ifndef REBER_ISA

#include "reber.h"

#include <math.h>
#include <string.h>

/* lstmc_float.h: floats as C defines them, whatever the flags of the compiler say. -ffast-math and its parts
 * (-funsafe-math-optimizations, -fassociative-math, -ffinite-math-only and others) would take sums apart that are
 * rounded on purpose, and NaNs for impossible. The compiler copies this text into every generated source, before all
 * that computes.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_FLOAT_H
#define LSTMC_FLOAT_H

#include <float.h>

/* a * b + c is rounded twice, everywhere alike; lstmc_vec.h thinks otherwise. */
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wignored-pragmas"    /* float_control is not for every machine */
#pragma float_control(push)
#pragma float_control(precise, on)
#pragma clang diagnostic pop
#pragma clang fp reassociate(off)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("no-fast-math", "no-unsafe-math-optimizations", "no-associative-math", "no-reciprocal-math")
#pragma GCC optimize("no-finite-math-only", "signed-zeros", "fp-contract=off")
/* gcc 12 writes an address as 0 + everything, takes that for a null pointer, whatever follows for impossible, and
 * leaves out the call of a function that writes there. */
#pragma GCC optimize("no-delete-null-pointer-checks")
#if FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2    /* floats computed as doubles: beside vectors an error */
#pragma GCC optimize("excess-precision=fast")
#endif
#endif

#endif

/* One body for each instruction set: this file includes itself, by its name, once for each. All bodies read and write
 * the same structs. The baseline is for what the compiler's flags allow; none, like -march=native, are needed.
 * REBER_VEC_MAX, a macro: floats of the widest vector that there is a body for beside that one; 4: none. */
#ifndef REBER_VEC_MAX
#define REBER_VEC_MAX 16
#endif

/* What a body defines is called so: reber__vec_load_avx2. */
#define REBER_JOINED(name, isa) name##_##isa
#define REBER_JOIN(name, isa) REBER_JOINED(name, isa)
#define REBER_NAME(name) REBER_JOIN(name, REBER_ISA)
#define vec REBER_NAME(reber__vec)
#define vec_mask REBER_NAME(reber__vec_mask)
#define vec_memory REBER_NAME(reber__vec_memory)
#define vec_load(...) REBER_NAME(reber__vec_load)(__VA_ARGS__)
#define vec_store(...) REBER_NAME(reber__vec_store)(__VA_ARGS__)
#define vec_splat(...) REBER_NAME(reber__vec_splat)(__VA_ARGS__)
#define vec_keep(...) REBER_NAME(reber__vec_keep)(__VA_ARGS__)
#define vec_hold(...) REBER_NAME(reber__vec_hold)(__VA_ARGS__)
#define vec_select(...) REBER_NAME(reber__vec_select)(__VA_ARGS__)
#define vec_load_part(...) REBER_NAME(reber__vec_load_part)(__VA_ARGS__)
#define vec_store_part(...) REBER_NAME(reber__vec_store_part)(__VA_ARGS__)
#define vec_sum(...) REBER_NAME(reber__vec_sum)(__VA_ARGS__)
#define vec_maximum(...) REBER_NAME(reber__vec_maximum)(__VA_ARGS__)
#define vec_minimum(...) REBER_NAME(reber__vec_minimum)(__VA_ARGS__)
#define vec_largest(...) REBER_NAME(reber__vec_largest)(__VA_ARGS__)
#define vec_iota(...) REBER_NAME(reber__vec_iota)(__VA_ARGS__)
#define vec_absolute(...) REBER_NAME(reber__vec_absolute)(__VA_ARGS__)
#define vec_greater(...) REBER_NAME(reber__vec_greater)(__VA_ARGS__)
#define vec_equal(...) REBER_NAME(reber__vec_equal)(__VA_ARGS__)
#define vec_where(...) REBER_NAME(reber__vec_where)(__VA_ARGS__)
#define vec_sqrt(...) REBER_NAME(reber__vec_sqrt)(__VA_ARGS__)
#define vec_between(...) REBER_NAME(reber__vec_between)(__VA_ARGS__)
#define vec_clamp(...) REBER_NAME(reber__vec_clamp)(__VA_ARGS__)
#define vec_transpose(...) REBER_NAME(reber__vec_transpose)(__VA_ARGS__)
#define vec_reduced_expm1(...) REBER_NAME(reber__vec_reduced_expm1)(__VA_ARGS__)
#define vec_power_of_two(...) REBER_NAME(reber__vec_power_of_two)(__VA_ARGS__)
#define vec_exp(...) REBER_NAME(reber__vec_exp)(__VA_ARGS__)
#define vec_expm1(...) REBER_NAME(reber__vec_expm1)(__VA_ARGS__)
#define vec_log(...) REBER_NAME(reber__vec_log)(__VA_ARGS__)
#define vec_tanh_precise(...) REBER_NAME(reber__vec_tanh_precise)(__VA_ARGS__)
#define vec_sigmoid_precise(...) REBER_NAME(reber__vec_sigmoid_precise)(__VA_ARGS__)
#define vec_sigmoid_slope(...) REBER_NAME(reber__vec_sigmoid_slope)(__VA_ARGS__)
#define vec_tanh_slope(...) REBER_NAME(reber__vec_tanh_slope)(__VA_ARGS__)
#define vec_log1p(...) REBER_NAME(reber__vec_log1p)(__VA_ARGS__)
#define vec_softplus(...) REBER_NAME(reber__vec_softplus)(__VA_ARGS__)
#define vec_erf_near(...) REBER_NAME(reber__vec_erf_near)(__VA_ARGS__)
#define vec_erfc_far(...) REBER_NAME(reber__vec_erfc_far)(__VA_ARGS__)
#define vec_erf(...) REBER_NAME(reber__vec_erf)(__VA_ARGS__)
#define vec_erfc(...) REBER_NAME(reber__vec_erfc)(__VA_ARGS__)
#define vec_within(...) REBER_NAME(reber__vec_within)(__VA_ARGS__)
#define vec_tanh(...) REBER_NAME(reber__vec_tanh)(__VA_ARGS__)
#define vec_sigmoid(...) REBER_NAME(reber__vec_sigmoid)(__VA_ARGS__)
#define clamped(...) REBER_NAME(reber__clamped)(__VA_ARGS__)
#define touches_rows(...) REBER_NAME(reber__touches_rows)(__VA_ARGS__)
#define maximum(...) REBER_NAME(reber__maximum)(__VA_ARGS__)
#define lstm_prepare(...) REBER_NAME(reber__lstm_prepare)(__VA_ARGS__)
#define reber_prepare_with(...) REBER_NAME(reber_prepare_with)(__VA_ARGS__)
#define lstm_predict(...) REBER_NAME(reber__lstm_predict)(__VA_ARGS__)
#define dense_predict(...) REBER_NAME(reber__dense_predict)(__VA_ARGS__)
#define reber_predict_with(...) REBER_NAME(reber_predict_with)(__VA_ARGS__)
#define lstm_predict_batch(...) REBER_NAME(reber__lstm_predict_batch)(__VA_ARGS__)
#define dense_predict_batch(...) REBER_NAME(reber__dense_predict_batch)(__VA_ARGS__)
#define reber_predict_batch_with(...) REBER_NAME(reber_predict_batch_with)(__VA_ARGS__)
#define reber_step_memory REBER_NAME(reber_step_memory)
#define reber_reset_with(...) REBER_NAME(reber_reset_with)(__VA_ARGS__)
#define lstm_step(...) REBER_NAME(reber__lstm_step)(__VA_ARGS__)
#define dense_step(...) REBER_NAME(reber__dense_step)(__VA_ARGS__)
#define reber_step_with(...) REBER_NAME(reber_step_with)(__VA_ARGS__)
#define reber_prepare_training_with(...) REBER_NAME(reber_prepare_training_with)(__VA_ARGS__)
#define reber_prepare_range_with(...) REBER_NAME(reber_prepare_range_with)(__VA_ARGS__)
#define reber_reset_tape_with(...) REBER_NAME(reber_reset_tape_with)(__VA_ARGS__)
#define lstm_forward(...) REBER_NAME(reber__lstm_forward)(__VA_ARGS__)
#define dense_forward(...) REBER_NAME(reber__dense_forward)(__VA_ARGS__)
#define reber_forward_with(...) REBER_NAME(reber_forward_with)(__VA_ARGS__)
#define reber_loss_with(...) REBER_NAME(reber_loss_with)(__VA_ARGS__)
#define model_backward(...) REBER_NAME(reber__model_backward)(__VA_ARGS__)
#define lstm_backward(...) REBER_NAME(reber__lstm_backward)(__VA_ARGS__)
#define lstm_backward_2(...) REBER_NAME(reber__lstm_backward_2)(__VA_ARGS__)
#define reber_backward_with(...) REBER_NAME(reber_backward_with)(__VA_ARGS__)
#define reber_carry_with(...) REBER_NAME(reber_carry_with)(__VA_ARGS__)

#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && REBER_VEC_MAX >= 8 \
    && !(defined(__AVX2__) && defined(__FMA__))
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LSTMC_VEC 8
#define REBER_ISA avx2
#include "reber.c"
#undef REBER_ISA
#undef LSTMC_VEC
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#define REBER_IF_AVX2(call) __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? call :
#else
#define REBER_IF_AVX2(call)
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && REBER_VEC_MAX >= 16 \
    && !defined(__AVX512F__)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx2,fma")
#endif
#define LSTMC_VEC 16
#define REBER_ISA avx512
#include "reber.c"
#undef REBER_ISA
#undef LSTMC_VEC
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#define REBER_IF_AVX512(call) __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? call :
#else
#define REBER_IF_AVX512(call)
#endif

#define REBER_ISA baseline
#include "reber.c"
#undef REBER_ISA

/* The best body that the processor can run; asking costs a load and a test, at each call. In a constructor that runs before the
 * compiler's own it is the baseline. */
#define REBER_CALL(name, arguments) \
    (REBER_IF_AVX512(name##_avx512 arguments) REBER_IF_AVX2(name##_avx2 arguments) name##_baseline arguments)

void reber_prepare(struct reber_packed *restrict packed, const struct reber_weights *restrict weights)
{
    REBER_CALL(reber_prepare_with, (packed, weights));
}

void reber_predict(const struct reber_packed *restrict packed, struct reber_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    REBER_CALL(reber_predict_with, (packed, scratch, x, y));
}

void reber_predict_batch(const struct reber_packed *restrict packed, struct reber_batch_scratch *restrict scratch,
    const int32_t *restrict x, int rows, float *restrict y)
{
    REBER_CALL(reber_predict_batch_with, (packed, scratch, x, rows, y));
}

void reber_reset(const struct reber_packed *restrict packed, struct reber_state *restrict state)
{
    REBER_CALL(reber_reset_with, (packed, state));
}

int reber_step(const struct reber_packed *restrict packed, struct reber_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    return REBER_CALL(reber_step_with, (packed, state, x, y));
}

void reber_prepare_training(struct reber_training *restrict training, const struct reber_weights *restrict weights)
{
    REBER_CALL(reber_prepare_training_with, (training, weights));
}

void reber_prepare_range(struct reber_training *restrict training, const struct reber_weights *restrict weights,
    size_t first, size_t count)
{
    REBER_CALL(reber_prepare_range_with, (training, weights, first, count));
}

void reber_reset_tape(const struct reber_training *restrict training, struct reber_tape *restrict tape)
{
    REBER_CALL(reber_reset_tape_with, (training, tape));
}

void reber_forward(const struct reber_training *restrict training, struct reber_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    REBER_CALL(reber_forward_with, (training->weights, training, tape, x, rows, seed));
}

float reber_loss(struct reber_tape *restrict tape, const int32_t *restrict target, const float *restrict sample_weight,
    float scale)
{
    return REBER_CALL(reber_loss_with, (tape, target, sample_weight, scale));
}

void reber_backward(const struct reber_training *restrict training, struct reber_tape *restrict tape,
    struct reber_gradients *restrict gradients)
{
    REBER_CALL(reber_backward_with, (training, tape, gradients));
}

void reber_carry(struct reber_tape *restrict tape)
{
    REBER_CALL(reber_carry_with, (tape));
}

static const struct lstmc_tensor reber_weight_tensors[] = {
    {
        .name = "embedding/embeddings", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_weights, embedding.embeddings) / sizeof(float), .count = 64, .trainable = 1,
        .initializer = { .kind = LSTMC_UNIFORM, .a = -0.05f, .b = 0.05f },
    },
    {
        .name = "lstm/kernel", .rank = 2, .shape = { 8, 96 },
        .offset = offsetof(struct reber_weights, lstm.kernel) / sizeof(float), .count = 768, .trainable = 1,
        .initializer = { .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f },
    },
    {
        .name = "lstm/recurrent_kernel", .rank = 2, .shape = { 24, 96 },
        .offset = offsetof(struct reber_weights, lstm.recurrent_kernel) / sizeof(float), .count = 2304, .trainable = 1,
        .initializer = { .kind = LSTMC_ORTHOGONAL, .a = 1.0f },
    },
    {
        .name = "lstm/bias", .rank = 1, .shape = { 96 },
        .offset = offsetof(struct reber_weights, lstm.bias) / sizeof(float), .count = 96, .trainable = 1,
        .initializer = { .kind = LSTMC_CONSTANT, .a = 0.0f, .ones_begin = 24, .ones_end = 48 },
    },
    {
        .name = "dense/kernel", .rank = 2, .shape = { 24, 8 },
        .offset = offsetof(struct reber_weights, dense.kernel) / sizeof(float), .count = 192, .trainable = 1,
        .initializer = { .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f },
    },
    {
        .name = "dense/bias", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_weights, dense.bias) / sizeof(float), .count = 8, .trainable = 1,
        .initializer = { .kind = LSTMC_CONSTANT, .a = 0.0f },
    },
};

static const struct lstmc_tensor reber_tape_tensors[] = {
    {
        .name = "embedding.y", .rank = 3, .shape = { 24, 8, 16 },
        .offset = offsetof(struct reber_tape, embedding.y) / sizeof(float), .count = 3072,
        .padding = 8,
    },
    {
        .name = "lstm.h", .rank = 3, .shape = { 25, 8, 32 },
        .offset = offsetof(struct reber_tape, lstm.h) / sizeof(float), .count = 6400,
        .padding = 8,
        .carried = 1,
    },
    {
        .name = "lstm.c", .rank = 3, .shape = { 25, 8, 32 },
        .offset = offsetof(struct reber_tape, lstm.c) / sizeof(float), .count = 6400,
        .padding = 8,
        .carried = 1,
    },
    {
        .name = "lstm.i", .rank = 3, .shape = { 24, 8, 32 },
        .offset = offsetof(struct reber_tape, lstm.i) / sizeof(float), .count = 6144,
        .padding = 8,
    },
    {
        .name = "lstm.f", .rank = 3, .shape = { 24, 8, 32 },
        .offset = offsetof(struct reber_tape, lstm.f) / sizeof(float), .count = 6144,
        .padding = 8,
    },
    {
        .name = "lstm.g", .rank = 3, .shape = { 24, 8, 32 },
        .offset = offsetof(struct reber_tape, lstm.g) / sizeof(float), .count = 6144,
        .padding = 8,
    },
    {
        .name = "lstm.o", .rank = 3, .shape = { 24, 8, 32 },
        .offset = offsetof(struct reber_tape, lstm.o) / sizeof(float), .count = 6144,
        .padding = 8,
    },
    {
        .name = "lstm.tanh_c", .rank = 3, .shape = { 24, 8, 32 },
        .offset = offsetof(struct reber_tape, lstm.tanh_c) / sizeof(float), .count = 6144,
        .padding = 8,
    },
    {
        .name = "dense.z", .rank = 2, .shape = { 8, 16 },
        .offset = offsetof(struct reber_tape, dense.z) / sizeof(float), .count = 128,
        .padding = 8,
    },
    {
        .name = "dense.e", .rank = 2, .shape = { 8, 16 },
        .offset = offsetof(struct reber_tape, dense.e) / sizeof(float), .count = 128,
        .padding = 8,
    },
    {
        .name = "dense.total", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_tape, dense.total) / sizeof(float), .count = 8,
    },
    {
        .name = "dense.y", .rank = 2, .shape = { 8, 16 },
        .offset = offsetof(struct reber_tape, dense.y) / sizeof(float), .count = 128,
        .padding = 8,
    },
    {
        .name = "output", .rank = 2, .shape = { 8, 8 },
        .offset = offsetof(struct reber_tape, output) / sizeof(float), .count = 64,
    },
    {
        .name = "model.e", .rank = 2, .shape = { 8, 16 },
        .offset = offsetof(struct reber_tape, model.e) / sizeof(float), .count = 128,
        .padding = 8,
    },
    {
        .name = "model.sum", .rank = 1, .shape = { 8 },
        .offset = offsetof(struct reber_tape, model.sum) / sizeof(float), .count = 8,
    },
    {
        .name = "embedding.d_y", .rank = 3, .shape = { 24, 8, 16 },
        .offset = offsetof(struct reber_tape, embedding.d_y) / sizeof(float), .count = 3072,
        .padding = 8,
    },
    {
        .name = "dense.d_z", .rank = 2, .shape = { 8, 16 },
        .offset = offsetof(struct reber_tape, dense.d_z) / sizeof(float), .count = 128,
        .padding = 8,
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

static void reber_prepare_thunk(void *packed, const void *weights)
{
    reber_prepare(packed, weights);
}

static void reber_predict_thunk(const void *packed, void *scratch, const void *x, float *y)
{
    reber_predict(packed, scratch, x, y);
}

static void reber_predict_batch_thunk(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    reber_predict_batch(packed, scratch, x, rows, y);
}

static void reber_reset_thunk(const void *packed, void *state)
{
    reber_reset(packed, state);
}

static int reber_step_thunk(const void *packed, void *state, const void *x, float *y)
{
    return reber_step(packed, state, x, y);
}

static void reber_prepare_training_thunk(void *training, const void *weights)
{
    reber_prepare_training(training, weights);
}

static void reber_reset_tape_thunk(const void *training, void *tape)
{
    reber_reset_tape(training, tape);
}

static void reber_forward_thunk(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    reber_forward(training, tape, x, rows, seed);
}

static void reber_backward_thunk(const void *training, void *tape, void *gradients)
{
    reber_backward(training, tape, gradients);
}

static void reber_carry_thunk(void *tape)
{
    reber_carry(tape);
}

static void reber_prepare_range_thunk(void *training, const void *weights, size_t first, size_t count)
{
    reber_prepare_range(training, weights, first, count);
}

static float reber_loss_thunk(void *tape, const void *target, const float *sample_weight, float scale)
{
    return reber_loss(tape, target, sample_weight, scale);
}

const struct lstmc_model reber_model = {
    .name = "reber", .source = "reber.lua", .version = "0.1",
    .fingerprint = UINT64_C(0x3a3eb8a790e67a66),
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
    .weights = reber_weight_tensors, .weight_tensors = 6,
    .weight_count = 3432, .gradient_count = 3432,
    .tape_tensors = reber_tape_tensors, .tape_tensor_count = 20,
    .packed_bytes = sizeof(struct reber_packed), .scratch_bytes = sizeof(struct reber_scratch),
    .batch_scratch_bytes = sizeof(struct reber_batch_scratch),
    .prepare = reber_prepare_thunk, .predict = reber_predict_thunk, .predict_batch = reber_predict_batch_thunk,
    .state_bytes = sizeof(struct reber_state), .reset = reber_reset_thunk, .step = reber_step_thunk,
    .output_offset = offsetof(struct reber_tape, output), .first_row_offset = offsetof(struct reber_tape, first_row),
    .training_bytes = sizeof(struct reber_training), .tape_bytes = sizeof(struct reber_tape),
    .prepare_training = reber_prepare_training_thunk, .reset_tape = reber_reset_tape_thunk,
        .forward = reber_forward_thunk,
    .backward = reber_backward_thunk, .carry = reber_carry_thunk,
    .prepare_range = reber_prepare_range_thunk,
    .d_output_offset = offsetof(struct reber_tape, d_output),
    .loss_function = reber_loss_thunk,
};

#undef vec
#undef vec_mask
#undef vec_memory
#undef vec_load
#undef vec_store
#undef vec_splat
#undef vec_keep
#undef vec_hold
#undef vec_select
#undef vec_load_part
#undef vec_store_part
#undef vec_sum
#undef vec_maximum
#undef vec_minimum
#undef vec_largest
#undef vec_iota
#undef vec_absolute
#undef vec_greater
#undef vec_equal
#undef vec_where
#undef vec_sqrt
#undef vec_between
#undef vec_clamp
#undef vec_transpose
#undef vec_reduced_expm1
#undef vec_power_of_two
#undef vec_exp
#undef vec_expm1
#undef vec_log
#undef vec_tanh_precise
#undef vec_sigmoid_precise
#undef vec_sigmoid_slope
#undef vec_tanh_slope
#undef vec_log1p
#undef vec_softplus
#undef vec_erf_near
#undef vec_erfc_far
#undef vec_erf
#undef vec_erfc
#undef vec_within
#undef vec_tanh
#undef vec_sigmoid
#undef clamped
#undef touches_rows
#undef maximum
#undef lstm_prepare
#undef reber_prepare_with
#undef lstm_predict
#undef dense_predict
#undef reber_predict_with
#undef lstm_predict_batch
#undef dense_predict_batch
#undef reber_predict_batch_with
#undef reber_step_memory
#undef reber_reset_with
#undef lstm_step
#undef dense_step
#undef reber_step_with
#undef reber_prepare_training_with
#undef reber_prepare_range_with
#undef reber_reset_tape_with
#undef lstm_forward
#undef dense_forward
#undef reber_forward_with
#undef reber_loss_with
#undef model_backward
#undef lstm_backward
#undef lstm_backward_2
#undef reber_backward_with
#undef reber_carry_with
#undef REBER_IF_AVX2
#undef REBER_IF_AVX512
#undef REBER_JOINED
#undef REBER_JOIN
#undef REBER_NAME
#undef REBER_CALL

/* what the flags say of floats, again */
#undef LSTMC_FLOAT_H
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wignored-pragmas"
#pragma float_control(pop)
#pragma clang diagnostic pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

#else

#define LANES 16

/* lstmc_vec.h: vectors of floats on whatever the compiler has: GNU vector types for AVX-512, AVX, SSE2, NEON, or plain
 * floats. The compiler copies this text into generated files whose loops run over vectors; LANES (4, 8, 16), which
 * fixes every layout in memory, is defined before it.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_VEC_H
#define LSTMC_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* a * b + c is one operation where the machine has it, whatever the flags say; without it sums take twice as long. And
 * gcc is not to move the constants of one activation into registers that the sums need: they would be spilled, at twice
 * the time of a small layer; nor to put the function of a layer into its caller, where it runs out of them too. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT ON
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=fast", "no-gcse")
#if defined(__OPTIMIZE__)           /* without it, a third of the compiler's time for nothing */
#pragma GCC optimize("live-range-shrinkage", "no-inline-functions-called-once")
#endif
/* NEON of 32 bits takes tiny numbers for 0: gcc uses it where that may be */
#if defined(__ARM_NEON) && !defined(__aarch64__)
#pragma GCC optimize("unsafe-math-optimizations", "no-associative-math", "no-reciprocal-math", "signed-zeros")
#endif
#endif

#if defined(__GNUC__)
#define VEC_FUNCTION __attribute__((unused)) static inline
#else
#define VEC_FUNCTION static inline
#endif

/* VEC: floats of one vector; it divides LANES. Wider types than the machine's would go through memory. */
#if !defined(__GNUC__) || defined(LSTMC_NO_VECTORS)
#define VEC 1
typedef float vec;
#else
#if defined(LSTMC_VEC)              /* in a region for another instruction set, of which clang's macros say nothing */
#define VEC LSTMC_VEC
#elif defined(__AVX512F__) && LANES >= 16
#define VEC 16
#elif defined(__AVX__) && LANES >= 8
#define VEC 8
#else
#define VEC 4
#endif
typedef float vec __attribute__((vector_size(4 * VEC)));
typedef int32_t vec_mask __attribute__((vector_size(4 * VEC)));             /* all bits or none, lane by lane */
typedef vec vec_memory __attribute__((aligned(4), may_alias));              /* anywhere among floats */
#endif

#if VEC > 1

VEC_FUNCTION vec vec_load(const float *from) { return *(const vec_memory *)from; }
VEC_FUNCTION void vec_store(float *to, vec v) { *(vec_memory *)to = v; }

/* The same float in all lanes. -0 stays -0, which a sum would not. */
VEC_FUNCTION vec vec_splat(float x) { return x - (vec){ 0 }; }

/* Keeps a vector that several sums use in a register; gcc would read it again for each. */
VEC_FUNCTION vec vec_keep(vec v)
{
#if defined(__x86_64__) && !defined(__clang__)
    __asm__("" : "+v"(v));
#endif
    return v;
}

/* The same where sums fill the registers: gcc is not to move another operand in front of it. Of 16 registers, 12 sums,
 * 3 vectors and 1 number leave none, and a sum that went to memory and back waits for itself at each turn. */
VEC_FUNCTION vec vec_hold(vec v)
{
#if defined(__x86_64__) && !defined(__clang__)
    __asm__ volatile("" : "+v"(v));
#endif
    return v;
}

VEC_FUNCTION vec vec_select(vec_mask mask, vec a, vec b) { return (vec)((mask & (vec_mask)a) | (~mask & (vec_mask)b)); }

/* The first `count` lanes; the others are zero, and their memory is not touched. By masks where there are some: memcpy
 * is a call. */
VEC_FUNCTION vec vec_load_part(const float *from, int count)
{
    if (count >= VEC)
        return vec_load(from);
    vec part = { 0 };
#if VEC == 16
    if (count > 0)
        part = __builtin_ia32_loadups512_mask((const void *)from, part, (unsigned short)((1u << count) - 1));
#elif VEC == 8
    part = __builtin_ia32_maskloadps256((const void *)from,
                                        (vec_mask){ 0, 1, 2, 3, 4, 5, 6, 7 } < count - (vec_mask){ 0 });
#else
    if (count > 0)
        memcpy(&part, from, (size_t)count * sizeof(float));
#endif
    return part;
}

VEC_FUNCTION void vec_store_part(float *to, vec v, int count)
{
    if (count >= VEC)
        vec_store(to, v);
#if VEC == 16
    else if (count > 0)
        __builtin_ia32_storeups512_mask((void *)to, v, (unsigned short)((1u << count) - 1));
#elif VEC == 8
    else
        __builtin_ia32_maskstoreps256((void *)to, (vec_mask){ 0, 1, 2, 3, 4, 5, 6, 7 } < count - (vec_mask){ 0 }, v);
#else
    else if (count > 0)
        memcpy(to, &v, (size_t)count * sizeof(float));
#endif
}

VEC_FUNCTION float vec_sum(vec v)
{
#if VEC == 16
    return (((v[0] + v[8]) + (v[4] + v[12])) + ((v[2] + v[10]) + (v[6] + v[14]))) +
           (((v[1] + v[9]) + (v[5] + v[13])) + ((v[3] + v[11]) + (v[7] + v[15])));
#elif VEC == 8
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
#else
    return (v[0] + v[2]) + (v[1] + v[3]);
#endif
}

/* A NaN in either stays one. */
VEC_FUNCTION vec vec_maximum(vec a, vec b) { return vec_select((a > b) | (a != a), a, b); }
VEC_FUNCTION vec vec_minimum(vec a, vec b) { return vec_select((a < b) | (a != a), a, b); }

VEC_FUNCTION float vec_largest(vec v)
{
    float largest = v[0];
    for (int i = 1; i < VEC; i++)
        largest = largest > v[i] || !(largest == largest) ? largest : v[i];
    return largest;
}

/* the positions of the lanes */
VEC_FUNCTION vec vec_iota(void)
{
#if VEC == 16
    return (vec){ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
#elif VEC == 8
    return (vec){ 0, 1, 2, 3, 4, 5, 6, 7 };
#else
    return (vec){ 0, 1, 2, 3 };
#endif
}

VEC_FUNCTION vec vec_absolute(vec a) { return (vec)((vec_mask)a & 0x7fffffff); }
VEC_FUNCTION vec vec_greater(vec a, vec b) { return (vec)((a > b) & (vec_mask)vec_splat(1.0f)); }
VEC_FUNCTION vec vec_equal(vec a, vec b) { return (vec)((a == b) & (vec_mask)vec_splat(1.0f)); }
/* v where the mask is not 0, else 0: no product, so that a NaN in what is masked stays there */
VEC_FUNCTION vec vec_where(vec mask, vec v) { return (vec)((mask != vec_splat(0.0f)) & (vec_mask)v); }

VEC_FUNCTION vec vec_sqrt(vec v)
{
#if VEC == 8
    return __builtin_ia32_sqrtps256(v);
#elif VEC == 4 && defined(__SSE__)
    return __builtin_ia32_sqrtps(v);
#else
    for (int i = 0; i < VEC; i++)
        v[i] = sqrtf(v[i]);
    return v;
#endif
}

/* v within smallest..largest; a NaN stays one. */
VEC_FUNCTION vec vec_between(vec v, float smallest, float largest)
{
    vec high = vec_splat(largest), low = vec_splat(smallest);
#if VEC == 16 && defined(__clang__)
    return __builtin_ia32_maxps512(low, __builtin_ia32_minps512(high, v, 4), 4);
#elif VEC == 16
    return __builtin_ia32_maxps512_mask(low, __builtin_ia32_minps512_mask(high, v, v, -1, 4), v, -1, 4);
#elif VEC == 8
    /* both give the second where one is a NaN */
    return __builtin_ia32_maxps256(low, __builtin_ia32_minps256(high, v));
#elif VEC == 4 && defined(__SSE__)
    return __builtin_ia32_maxps(low, __builtin_ia32_minps(high, v));
#else
    v = vec_select(high < v, high, v);
    return vec_select(low > v, low, v);
#endif
}

VEC_FUNCTION vec vec_clamp(vec v, float bound) { return vec_between(v, -bound, bound); }

#else

VEC_FUNCTION vec vec_load(const float *from) { return *from; }
VEC_FUNCTION void vec_store(float *to, vec v) { *to = v; }
VEC_FUNCTION vec vec_splat(float x) { return x; }
VEC_FUNCTION vec vec_keep(vec v) { return v; }
VEC_FUNCTION vec vec_hold(vec v) { return v; }
VEC_FUNCTION vec vec_load_part(const float *from, int count) { return count > 0 ? *from : 0.0f; }
VEC_FUNCTION void vec_store_part(float *to, vec v, int count)
{
    if (count > 0)
        *to = v;
}
VEC_FUNCTION vec vec_iota(void) { return 0.0f; }
VEC_FUNCTION float vec_sum(vec v) { return v; }
VEC_FUNCTION float vec_largest(vec v) { return v; }
VEC_FUNCTION vec vec_maximum(vec a, vec b) { return a > b || !(a == a) ? a : b; }
VEC_FUNCTION vec vec_minimum(vec a, vec b) { return a < b || !(a == a) ? a : b; }
VEC_FUNCTION vec vec_absolute(vec a) { return fabsf(a); }
VEC_FUNCTION vec vec_greater(vec a, vec b) { return a > b ? 1.0f : 0.0f; }
VEC_FUNCTION vec vec_equal(vec a, vec b) { return a == b ? 1.0f : 0.0f; }
VEC_FUNCTION vec vec_where(vec mask, vec v) { return mask != 0.0f ? v : 0.0f; }
VEC_FUNCTION vec vec_sqrt(vec v) { return sqrtf(v); }
VEC_FUNCTION vec vec_clamp(vec v, float bound) { return v > bound ? bound : v < -bound ? -bound : v; }

#endif
#endif

/* lstmc_transpose.h: squares of floats, a vector wide and as high, turned over. The compiler copies this text, behind
 * lstmc_vec.h, into generated files that read a kernel both ways: element by element, such a copy waits for memory at
 * each of them.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_TRANSPOSE_H
#define LSTMC_TRANSPOSE_H

/* The lanes of two vectors in turns: those of their first halves, and of their second ones. */
#if VEC == 16
#define VEC_LOWER_LANES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define VEC_UPPER_LANES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif VEC == 8
#define VEC_LOWER_LANES 0, 8, 1, 9, 2, 10, 3, 11
#define VEC_UPPER_LANES 4, 12, 5, 13, 6, 14, 7, 15
#elif VEC == 4
#define VEC_LOWER_LANES 0, 4, 1, 5
#define VEC_UPPER_LANES 2, 6, 3, 7
#endif
#if defined(__clang__)
#define VEC_IN_TURNS(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define VEC_IN_TURNS(a, b, ...) __builtin_shuffle(a, b, (vec_mask){ __VA_ARGS__ })
#endif

/* to[n][m] = from[m][n], a float for each lane m and a vector for each n: so many rows and columns, but not more than
 * VEC, of rows that are `stride` floats apart, to vectors `to_stride` apart. Lanes without a row are 0; the memory of
 * what does not exist is not touched. Each round puts the rows of the two halves in turns: all rounds together turn the
 * square over. */
VEC_FUNCTION void vec_transpose(const float *from, int stride, int rows, int columns, float *to, int to_stride)
{
    vec square[VEC];
#pragma GCC unroll 16
    for (int m = 0; m < VEC; m++)
        square[m] = m < rows ? vec_load_part(from + m * stride, columns) : vec_splat(0.0f);
#if VEC > 1
#pragma GCC unroll 4
    for (int round = 1; round < VEC; round *= 2) {
        vec turned[VEC];
#pragma GCC unroll 8
        for (int i = 0; i < VEC / 2; i++) {
            turned[2 * i] = VEC_IN_TURNS(square[i], square[i + VEC / 2], VEC_LOWER_LANES);
            turned[2 * i + 1] = VEC_IN_TURNS(square[i], square[i + VEC / 2], VEC_UPPER_LANES);
        }
#pragma GCC unroll 16
        for (int i = 0; i < VEC; i++)
            square[i] = turned[i];
    }
#endif
#pragma GCC unroll 16
    for (int n = 0; n < VEC; n++)
        if (n < columns)
            vec_store(to + n * to_stride, square[n]);
}

#endif

/* lstmc_math.h: exp, log, tanh, sigmoid, softplus, erf and others over vectors (lstmc_vec.h). A NaN stays one.
 * tests/test_math.c asserts the bounds given here. tanh and sigmoid are there twice: by exp, relative to the last
 * digits everywhere, and by rational functions, faster by a third, for what recurs. LSTMC_PRECISE, defined before: by
 * exp there too.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_MATH_H
#define LSTMC_MATH_H

#if VEC > 1

/* x is power log(2) + r: returns exp(r) - 1. Reduction in two steps after Cody & Waite 1980; the polynomial and those
 * of log and erf below are those of Moshier's Cephes library. */
VEC_FUNCTION vec vec_reduced_expm1(vec x, vec_mask *power)
{
    const float shift = 12582912.0f;        /* 1.5 * 2^23: adding it leaves the nearest integer in the low bits */
    vec bounded = vec_between(x, -104.0f, 89.0f);
    vec shifted = bounded * 1.44269504f + shift, n = shifted - shift;
    vec r = bounded - n * 0.693359375f - n * -2.12194440e-4f;
    vec p = 1.3981999507e-3f + r * 1.9875691500e-4f;
    p = 8.3334519073e-3f + r * p;
    p = 4.1665795894e-2f + r * p;
    p = 1.6666665459e-1f + r * p;
    p = 5.0000001201e-1f + r * p;
    *power = (vec_mask)shifted - 0x4b400000;
    return r + r * r * p;
}

VEC_FUNCTION vec vec_power_of_two(vec_mask power) { return (vec)((power + 127) << 23); }

/* 1 ulp. */
VEC_FUNCTION vec vec_exp(vec x)
{
    vec_mask power;
    vec p = 1.0f + vec_reduced_expm1(x, &power);
    vec_mask half = power >> 1;             /* in two steps, so that tiny results are right and large ones inf */
    return p * vec_power_of_two(half) * vec_power_of_two(power - half);
}

/* exp(x) - 1 within 2 ulp, close to zero too. */
VEC_FUNCTION vec vec_expm1(vec x)
{
    vec_mask power;
    vec p = vec_reduced_expm1(x, &power);
    vec_mask half = power >> 1, rest = power - half;
    vec scale = vec_power_of_two(half);
    return (p * scale + (scale - vec_power_of_two(-rest))) * vec_power_of_two(rest);
}

/* 1 ulp; log(0) = -inf, of what is less a NaN. */
VEC_FUNCTION vec vec_log(vec x)
{
    vec_mask small = x < vec_splat(FLT_MIN);
    vec scaled = vec_select(small, x * 8388608.0f, x);
    /* the mantissa between sqrt(1/2) and sqrt(2) */
    vec_mask bits = (vec_mask)scaled, power = (bits - 0x3f3504f3) >> 23;
    vec f = (vec)(bits - (power << 23)) - 1.0f;
    power -= small & 23;
    vec n = (vec)(power + 0x4b400000) - 12582912.0f, square = f * f;
    vec p = -1.1514610310e-1f + f * 7.0376836292e-2f;
    p = 1.1676998740e-1f + f * p;
    p = -1.2420140846e-1f + f * p;
    p = 1.4249322787e-1f + f * p;
    p = -1.6668057665e-1f + f * p;
    p = 2.0000714765e-1f + f * p;
    p = -2.4999993993e-1f + f * p;
    p = 3.3333331174e-1f + f * p;
    vec y = f * square * p + n * -2.12194440e-4f - 0.5f * square;
    y = f + y + n * 0.693359375f;
    y = vec_select(x == vec_splat(0.0f), vec_splat(-INFINITY), y);
    y = vec_select(x < vec_splat(0.0f), vec_splat(NAN), y);
    return vec_select((x == vec_splat(INFINITY)) | (x != x), x, y);
}

/* Close to zero 3 ulp, everywhere 3e-7 relative. */
VEC_FUNCTION vec vec_tanh_precise(vec x)
{
    vec size = vec_absolute(x), e = vec_exp(-2.0f * size), u = x * x;
    vec p = 2.06390887954e-2f + u * -5.70498872745e-3f;
    p = -5.37397155531e-2f + u * p;
    p = 1.33314422036e-1f + u * p;
    p = -3.33332819422e-1f + u * p;
    vec large = (1.0f - e) / (1.0f + e);
    large = (vec)((vec_mask)large | ((vec_mask)x & ~0x7fffffff));
    return vec_select(size < vec_splat(0.625f), x + x * u * p, large);
}

/* Relative down to exp's smallest result. */
VEC_FUNCTION vec vec_sigmoid_precise(vec x)
{
    vec e = vec_exp(-vec_absolute(x));
    return vec_select(x < vec_splat(0.0f), e, vec_splat(1.0f)) / (1.0f + e);
}

/* y * (1 - y) without the cancellation. */
VEC_FUNCTION vec vec_sigmoid_slope(vec x)
{
    vec e = vec_exp(-vec_absolute(x)), sum = 1.0f + e;
    return e / (sum * sum);
}

/* 1 - y * y without the cancellation. */
VEC_FUNCTION vec vec_tanh_slope(vec x) { return 4.0f * vec_sigmoid_slope(x + x); }

/* log(1 + x), the rounding of 1 + x made good to first order. */
VEC_FUNCTION vec vec_log1p(vec x)
{
    vec sum = 1.0f + x;
    return vec_select(sum == vec_splat(INFINITY), sum, vec_log(sum) + (x - (sum - 1.0f)) / sum);
}

/* log(1 + exp(x)) */
VEC_FUNCTION vec vec_softplus(vec x)
{
    return vec_select(x < vec_splat(0.0f), vec_splat(0.0f), x) + vec_log1p(vec_exp(-vec_absolute(x)));
}

/* erf(x) / x for |x| < 1, as a polynomial of u = x * x. */
VEC_FUNCTION vec vec_erf_near(vec u)
{
    vec p = -8.010193625184903e-4f + u * 7.853861353153693e-5f;
    p = 5.188327685732524e-3f + u * p;
    p = -2.685381193529856e-2f + u * p;
    p = 1.128358514861418e-1f + u * p;
    p = -3.761262582423300e-1f + u * p;
    return 1.128379165726710f + u * p;
}

/* 1 - erf(size) for size >= 1. */
VEC_FUNCTION vec vec_erfc_far(vec size)
{
    vec inverse = 1.0f / size, v = inverse * inverse;
    vec near = -1.387039388740657e-1f + v * 2.326819970068386e-2f;              /* size < 2 */
    near = 3.687424674597105e-1f + v * near;
    near = -5.824733027278666e-1f + v * near;
    near = 6.210004621745983e-1f + v * near;
    near = -4.944515323274145e-1f + v * near;
    near = 3.404879937665872e-1f + v * near;
    near = -2.741127028184656e-1f + v * near;
    near = 5.638259427386472e-1f + v * near;
    vec far = 1.297719955372516e+1f + v * -1.047766399936249e+1f;
    far = -7.495518717768503f + v * far;
    far = 2.921019019210786f + v * far;
    far = -1.015265279202700f + v * far;
    far = 4.218463358204948e-1f + v * far;
    far = -2.820767439740514e-1f + v * far;
    far = 5.641895067754075e-1f + v * far;
    vec tail = vec_exp(-(size * size)) * inverse * vec_select(size < vec_splat(2.0f), near, far);
    return vec_select(size > vec_splat(11.0f), vec_splat(0.0f), tail);
}

VEC_FUNCTION vec vec_erf(vec x)
{
    vec size = vec_absolute(x), large = 1.0f - vec_erfc_far(size);
    large = (vec)((vec_mask)large | ((vec_mask)x & ~0x7fffffff));
    return vec_select((size < vec_splat(1.0f)) | (x != x), x * vec_erf_near(x * x), large);
}

/* 1 - erf(x): relative in the tail of positive x, as far as x * x is: 1e-5 at 9. */
VEC_FUNCTION vec vec_erfc(vec x)
{
    vec size = vec_absolute(x), tail = vec_erfc_far(size);
    tail = vec_select(x < vec_splat(0.0f), 2.0f - tail, tail);
    return vec_select((size < vec_splat(1.0f)) | (x != x), 1.0f - x * vec_erf_near(x * x), tail);
}

#else

VEC_FUNCTION vec vec_exp(vec x) { return expf(x); }
VEC_FUNCTION vec vec_expm1(vec x) { return expm1f(x); }
VEC_FUNCTION vec vec_log(vec x) { return logf(x); }
VEC_FUNCTION vec vec_log1p(vec x) { return log1pf(x); }
VEC_FUNCTION vec vec_tanh_precise(vec x) { return tanhf(x); }
VEC_FUNCTION vec vec_sigmoid_precise(vec x) { return x < 0.0f ? expf(x) / (1.0f + expf(x)) : 1.0f / (1.0f + expf(-x)); }
VEC_FUNCTION vec vec_sigmoid_slope(vec x)
{
    float e = expf(-fabsf(x)), sum = 1.0f + e;
    return e / (sum * sum);
}
VEC_FUNCTION vec vec_tanh_slope(vec x) { return 4.0f * vec_sigmoid_slope(x + x); }
VEC_FUNCTION vec vec_softplus(vec x) { return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))); }
VEC_FUNCTION vec vec_erf(vec x) { return erff(x); }
VEC_FUNCTION vec vec_erfc(vec x) { return erfcf(x); }

#endif

/* Where multiplication and addition are rounded apart, a quotient that should come close to the bound may end just
 * beyond it. */
VEC_FUNCTION vec vec_within(vec v, float bound)
{
#if defined(__OPTIMIZE__) && \
    (defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(LSTMC_VEC))
    (void)bound;
    return v;
#else
    return vec_clamp(v, bound);
#endif
}

/* x * P(x^2) / Q(x^2), fitted to floats: 5.1 ulp and 3e-7 at most (3.8e-7 without fused multiply-adds),
 * never beyond 1. */
VEC_FUNCTION vec vec_tanh(vec x)
{
#ifdef LSTMC_PRECISE
    return vec_tanh_precise(x);
#else
    vec bounded = vec_clamp(x, 8.09810925f), u = bounded * bounded;
    vec p = 1.0f + u * (0x1.1213d6p-3f + u * (0x1.ca6b5ap-9f + u * (0x1.5a36p-16f + u * 0x1.cbe26p-27f)));
    vec q = 1.0f + u * (0x1.de5f36p-2f + u * (0x1.a816f8p-6f + u * (0x1.58d378p-12f + u * 0x1.a23c4ap-21f)));
    return vec_within(bounded * p / q, 1.0f);
#endif
}

/* 1/2 + x * P(x^2) / Q(x^2), the same function at half the argument: 1.8e-7 (2e-7) absolute, in the negative tail too,
 * never outside of 0..1. */
VEC_FUNCTION vec vec_sigmoid(vec x)
{
#ifdef LSTMC_PRECISE
    return vec_sigmoid_precise(x);
#else
    vec bounded = vec_clamp(x, 16.1962185f), u = bounded * bounded;
    vec p = 0.25f + u * (0x1.1213d6p-7f + u * (0x1.ca6b5ap-15f + u * (0x1.5a36p-24f + u * 0x1.cbe26p-37f)));
    vec q = 1.0f + u * (0x1.de5f36p-4f + u * (0x1.a816f8p-10f + u * (0x1.58d378p-18f + u * 0x1.a23c4ap-29f)));
    return 0.5f + vec_within(bounded * p / q, 0.5f);
#endif
}

#endif

/* Ids and classes come from outside. */
static inline int clamped(int32_t id, int count)
{
    return id >= 0 && id < count ? (int)id : 0;
}

/* Which rows of a weight that begins at this byte the floats first to first + count - 1 touch, in groups of
 * LSTMC_RANGE_ROWS; 0: none. */
static inline int touches_rows(size_t first, size_t count, size_t byte, size_t columns, size_t rows,
    int *first_row, int *end_row)
{
    const size_t start = byte / sizeof(float), end = start + columns * rows, behind = first + count;
    const size_t group = columns * LSTMC_RANGE_ROWS;
    if (behind <= start || first >= end)
        return 0;
    const size_t groups = first > start ? (first - start) / group : 0;
    const size_t end_of_groups = behind < end ? (behind - start - 1) / group + 1 : rows;
    *first_row = (int)(groups * LSTMC_RANGE_ROWS);
    *end_row = (int)(end_of_groups * LSTMC_RANGE_ROWS < rows ? end_of_groups * LSTMC_RANGE_ROWS : rows);
    return 1;
}

/* a NaN stays one */
static inline float maximum(float a, float b)
{
    if (a > b || a != a)
        return a;
    return b;
}

/* Static functions have the weights as a parameter of their own: of a parameter compilers know that no write changes
 * it. */

static void lstm_prepare(const struct reber_weights *restrict weights, struct reber_packed *restrict packed)
{
    /* lstm.table[v,n] = lstm.bias[n]
     * lstm.table[v,n] += lstm.kernel[k,n] * embedding.embeddings[v,k] */
#if VEC == LANES
    for (int n = 0; n < 96; n += 3 * VEC) {
        const int n_plus_1 = n + VEC;
        const int n_plus_2 = n + 2 * VEC;
        const vec bias_0 = vec_load(&weights->lstm.bias[n]);
        vec table_0_0 = bias_0;
        const vec bias_1 = vec_load(&weights->lstm.bias[n_plus_1]);
        vec table_0_1 = bias_1;
        const vec bias_2 = vec_load(&weights->lstm.bias[n_plus_2]);
        vec table_0_2 = bias_2;
        vec table_1_0 = bias_0;
        vec table_1_1 = bias_1;
        vec table_1_2 = bias_2;
        vec table_2_0 = bias_0;
        vec table_2_1 = bias_1;
        vec table_2_2 = bias_2;
        vec table_3_0 = bias_0;
        vec table_3_1 = bias_1;
        vec table_3_2 = bias_2;
        vec table_4_0 = bias_0;
        vec table_4_1 = bias_1;
        vec table_4_2 = bias_2;
        vec table_5_0 = bias_0;
        vec table_5_1 = bias_1;
        vec table_5_2 = bias_2;
        vec table_6_0 = bias_0;
        vec table_6_1 = bias_1;
        vec table_6_2 = bias_2;
        vec table_7_0 = bias_0;
        vec table_7_1 = bias_1;
        vec table_7_2 = bias_2;
        const vec kernel_0_0 = vec_load(&weights->lstm.kernel[0][n]);
        const vec embeddings_0_0 = vec_splat(weights->embedding.embeddings[0][0]);
        table_0_0 += kernel_0_0 * embeddings_0_0;
        const vec kernel_0_1 = vec_load(&weights->lstm.kernel[0][n_plus_1]);
        table_0_1 += kernel_0_1 * embeddings_0_0;
        const vec kernel_0_2 = vec_load(&weights->lstm.kernel[0][n_plus_2]);
        table_0_2 += kernel_0_2 * embeddings_0_0;
        const vec embeddings_1_0 = vec_splat(weights->embedding.embeddings[1][0]);
        table_1_0 += kernel_0_0 * embeddings_1_0;
        table_1_1 += kernel_0_1 * embeddings_1_0;
        table_1_2 += kernel_0_2 * embeddings_1_0;
        const vec embeddings_2_0 = vec_splat(weights->embedding.embeddings[2][0]);
        table_2_0 += kernel_0_0 * embeddings_2_0;
        table_2_1 += kernel_0_1 * embeddings_2_0;
        table_2_2 += kernel_0_2 * embeddings_2_0;
        const vec embeddings_3_0 = vec_splat(weights->embedding.embeddings[3][0]);
        table_3_0 += kernel_0_0 * embeddings_3_0;
        table_3_1 += kernel_0_1 * embeddings_3_0;
        table_3_2 += kernel_0_2 * embeddings_3_0;
        const vec embeddings_4_0 = vec_splat(weights->embedding.embeddings[4][0]);
        table_4_0 += kernel_0_0 * embeddings_4_0;
        table_4_1 += kernel_0_1 * embeddings_4_0;
        table_4_2 += kernel_0_2 * embeddings_4_0;
        const vec embeddings_5_0 = vec_splat(weights->embedding.embeddings[5][0]);
        table_5_0 += kernel_0_0 * embeddings_5_0;
        table_5_1 += kernel_0_1 * embeddings_5_0;
        table_5_2 += kernel_0_2 * embeddings_5_0;
        const vec embeddings_6_0 = vec_splat(weights->embedding.embeddings[6][0]);
        table_6_0 += kernel_0_0 * embeddings_6_0;
        table_6_1 += kernel_0_1 * embeddings_6_0;
        table_6_2 += kernel_0_2 * embeddings_6_0;
        const vec embeddings_7_0 = vec_splat(weights->embedding.embeddings[7][0]);
        table_7_0 += kernel_0_0 * embeddings_7_0;
        table_7_1 += kernel_0_1 * embeddings_7_0;
        table_7_2 += kernel_0_2 * embeddings_7_0;
        const vec kernel_1_0 = vec_load(&weights->lstm.kernel[1][n]);
        const vec embeddings_0_1 = vec_splat(weights->embedding.embeddings[0][1]);
        table_0_0 += kernel_1_0 * embeddings_0_1;
        const vec kernel_1_1 = vec_load(&weights->lstm.kernel[1][n_plus_1]);
        table_0_1 += kernel_1_1 * embeddings_0_1;
        const vec kernel_1_2 = vec_load(&weights->lstm.kernel[1][n_plus_2]);
        table_0_2 += kernel_1_2 * embeddings_0_1;
        const vec embeddings_1_1 = vec_splat(weights->embedding.embeddings[1][1]);
        table_1_0 += kernel_1_0 * embeddings_1_1;
        table_1_1 += kernel_1_1 * embeddings_1_1;
        table_1_2 += kernel_1_2 * embeddings_1_1;
        const vec embeddings_2_1 = vec_splat(weights->embedding.embeddings[2][1]);
        table_2_0 += kernel_1_0 * embeddings_2_1;
        table_2_1 += kernel_1_1 * embeddings_2_1;
        table_2_2 += kernel_1_2 * embeddings_2_1;
        const vec embeddings_3_1 = vec_splat(weights->embedding.embeddings[3][1]);
        table_3_0 += kernel_1_0 * embeddings_3_1;
        table_3_1 += kernel_1_1 * embeddings_3_1;
        table_3_2 += kernel_1_2 * embeddings_3_1;
        const vec embeddings_4_1 = vec_splat(weights->embedding.embeddings[4][1]);
        table_4_0 += kernel_1_0 * embeddings_4_1;
        table_4_1 += kernel_1_1 * embeddings_4_1;
        table_4_2 += kernel_1_2 * embeddings_4_1;
        const vec embeddings_5_1 = vec_splat(weights->embedding.embeddings[5][1]);
        table_5_0 += kernel_1_0 * embeddings_5_1;
        table_5_1 += kernel_1_1 * embeddings_5_1;
        table_5_2 += kernel_1_2 * embeddings_5_1;
        const vec embeddings_6_1 = vec_splat(weights->embedding.embeddings[6][1]);
        table_6_0 += kernel_1_0 * embeddings_6_1;
        table_6_1 += kernel_1_1 * embeddings_6_1;
        table_6_2 += kernel_1_2 * embeddings_6_1;
        const vec embeddings_7_1 = vec_splat(weights->embedding.embeddings[7][1]);
        table_7_0 += kernel_1_0 * embeddings_7_1;
        table_7_1 += kernel_1_1 * embeddings_7_1;
        table_7_2 += kernel_1_2 * embeddings_7_1;
        const vec kernel_2_0 = vec_load(&weights->lstm.kernel[2][n]);
        const vec embeddings_0_2 = vec_splat(weights->embedding.embeddings[0][2]);
        table_0_0 += kernel_2_0 * embeddings_0_2;
        const vec kernel_2_1 = vec_load(&weights->lstm.kernel[2][n_plus_1]);
        table_0_1 += kernel_2_1 * embeddings_0_2;
        const vec kernel_2_2 = vec_load(&weights->lstm.kernel[2][n_plus_2]);
        table_0_2 += kernel_2_2 * embeddings_0_2;
        const vec embeddings_1_2 = vec_splat(weights->embedding.embeddings[1][2]);
        table_1_0 += kernel_2_0 * embeddings_1_2;
        table_1_1 += kernel_2_1 * embeddings_1_2;
        table_1_2 += kernel_2_2 * embeddings_1_2;
        const vec embeddings_2_2 = vec_splat(weights->embedding.embeddings[2][2]);
        table_2_0 += kernel_2_0 * embeddings_2_2;
        table_2_1 += kernel_2_1 * embeddings_2_2;
        table_2_2 += kernel_2_2 * embeddings_2_2;
        const vec embeddings_3_2 = vec_splat(weights->embedding.embeddings[3][2]);
        table_3_0 += kernel_2_0 * embeddings_3_2;
        table_3_1 += kernel_2_1 * embeddings_3_2;
        table_3_2 += kernel_2_2 * embeddings_3_2;
        const vec embeddings_4_2 = vec_splat(weights->embedding.embeddings[4][2]);
        table_4_0 += kernel_2_0 * embeddings_4_2;
        table_4_1 += kernel_2_1 * embeddings_4_2;
        table_4_2 += kernel_2_2 * embeddings_4_2;
        const vec embeddings_5_2 = vec_splat(weights->embedding.embeddings[5][2]);
        table_5_0 += kernel_2_0 * embeddings_5_2;
        table_5_1 += kernel_2_1 * embeddings_5_2;
        table_5_2 += kernel_2_2 * embeddings_5_2;
        const vec embeddings_6_2 = vec_splat(weights->embedding.embeddings[6][2]);
        table_6_0 += kernel_2_0 * embeddings_6_2;
        table_6_1 += kernel_2_1 * embeddings_6_2;
        table_6_2 += kernel_2_2 * embeddings_6_2;
        const vec embeddings_7_2 = vec_splat(weights->embedding.embeddings[7][2]);
        table_7_0 += kernel_2_0 * embeddings_7_2;
        table_7_1 += kernel_2_1 * embeddings_7_2;
        table_7_2 += kernel_2_2 * embeddings_7_2;
        const vec kernel_3_0 = vec_load(&weights->lstm.kernel[3][n]);
        const vec embeddings_0_3 = vec_splat(weights->embedding.embeddings[0][3]);
        table_0_0 += kernel_3_0 * embeddings_0_3;
        const vec kernel_3_1 = vec_load(&weights->lstm.kernel[3][n_plus_1]);
        table_0_1 += kernel_3_1 * embeddings_0_3;
        const vec kernel_3_2 = vec_load(&weights->lstm.kernel[3][n_plus_2]);
        table_0_2 += kernel_3_2 * embeddings_0_3;
        const vec embeddings_1_3 = vec_splat(weights->embedding.embeddings[1][3]);
        table_1_0 += kernel_3_0 * embeddings_1_3;
        table_1_1 += kernel_3_1 * embeddings_1_3;
        table_1_2 += kernel_3_2 * embeddings_1_3;
        const vec embeddings_2_3 = vec_splat(weights->embedding.embeddings[2][3]);
        table_2_0 += kernel_3_0 * embeddings_2_3;
        table_2_1 += kernel_3_1 * embeddings_2_3;
        table_2_2 += kernel_3_2 * embeddings_2_3;
        const vec embeddings_3_3 = vec_splat(weights->embedding.embeddings[3][3]);
        table_3_0 += kernel_3_0 * embeddings_3_3;
        table_3_1 += kernel_3_1 * embeddings_3_3;
        table_3_2 += kernel_3_2 * embeddings_3_3;
        const vec embeddings_4_3 = vec_splat(weights->embedding.embeddings[4][3]);
        table_4_0 += kernel_3_0 * embeddings_4_3;
        table_4_1 += kernel_3_1 * embeddings_4_3;
        table_4_2 += kernel_3_2 * embeddings_4_3;
        const vec embeddings_5_3 = vec_splat(weights->embedding.embeddings[5][3]);
        table_5_0 += kernel_3_0 * embeddings_5_3;
        table_5_1 += kernel_3_1 * embeddings_5_3;
        table_5_2 += kernel_3_2 * embeddings_5_3;
        const vec embeddings_6_3 = vec_splat(weights->embedding.embeddings[6][3]);
        table_6_0 += kernel_3_0 * embeddings_6_3;
        table_6_1 += kernel_3_1 * embeddings_6_3;
        table_6_2 += kernel_3_2 * embeddings_6_3;
        const vec embeddings_7_3 = vec_splat(weights->embedding.embeddings[7][3]);
        table_7_0 += kernel_3_0 * embeddings_7_3;
        table_7_1 += kernel_3_1 * embeddings_7_3;
        table_7_2 += kernel_3_2 * embeddings_7_3;
        const vec kernel_4_0 = vec_load(&weights->lstm.kernel[4][n]);
        const vec embeddings_0_4 = vec_splat(weights->embedding.embeddings[0][4]);
        table_0_0 += kernel_4_0 * embeddings_0_4;
        const vec kernel_4_1 = vec_load(&weights->lstm.kernel[4][n_plus_1]);
        table_0_1 += kernel_4_1 * embeddings_0_4;
        const vec kernel_4_2 = vec_load(&weights->lstm.kernel[4][n_plus_2]);
        table_0_2 += kernel_4_2 * embeddings_0_4;
        const vec embeddings_1_4 = vec_splat(weights->embedding.embeddings[1][4]);
        table_1_0 += kernel_4_0 * embeddings_1_4;
        table_1_1 += kernel_4_1 * embeddings_1_4;
        table_1_2 += kernel_4_2 * embeddings_1_4;
        const vec embeddings_2_4 = vec_splat(weights->embedding.embeddings[2][4]);
        table_2_0 += kernel_4_0 * embeddings_2_4;
        table_2_1 += kernel_4_1 * embeddings_2_4;
        table_2_2 += kernel_4_2 * embeddings_2_4;
        const vec embeddings_3_4 = vec_splat(weights->embedding.embeddings[3][4]);
        table_3_0 += kernel_4_0 * embeddings_3_4;
        table_3_1 += kernel_4_1 * embeddings_3_4;
        table_3_2 += kernel_4_2 * embeddings_3_4;
        const vec embeddings_4_4 = vec_splat(weights->embedding.embeddings[4][4]);
        table_4_0 += kernel_4_0 * embeddings_4_4;
        table_4_1 += kernel_4_1 * embeddings_4_4;
        table_4_2 += kernel_4_2 * embeddings_4_4;
        const vec embeddings_5_4 = vec_splat(weights->embedding.embeddings[5][4]);
        table_5_0 += kernel_4_0 * embeddings_5_4;
        table_5_1 += kernel_4_1 * embeddings_5_4;
        table_5_2 += kernel_4_2 * embeddings_5_4;
        const vec embeddings_6_4 = vec_splat(weights->embedding.embeddings[6][4]);
        table_6_0 += kernel_4_0 * embeddings_6_4;
        table_6_1 += kernel_4_1 * embeddings_6_4;
        table_6_2 += kernel_4_2 * embeddings_6_4;
        const vec embeddings_7_4 = vec_splat(weights->embedding.embeddings[7][4]);
        table_7_0 += kernel_4_0 * embeddings_7_4;
        table_7_1 += kernel_4_1 * embeddings_7_4;
        table_7_2 += kernel_4_2 * embeddings_7_4;
        const vec kernel_5_0 = vec_load(&weights->lstm.kernel[5][n]);
        const vec embeddings_0_5 = vec_splat(weights->embedding.embeddings[0][5]);
        table_0_0 += kernel_5_0 * embeddings_0_5;
        const vec kernel_5_1 = vec_load(&weights->lstm.kernel[5][n_plus_1]);
        table_0_1 += kernel_5_1 * embeddings_0_5;
        const vec kernel_5_2 = vec_load(&weights->lstm.kernel[5][n_plus_2]);
        table_0_2 += kernel_5_2 * embeddings_0_5;
        const vec embeddings_1_5 = vec_splat(weights->embedding.embeddings[1][5]);
        table_1_0 += kernel_5_0 * embeddings_1_5;
        table_1_1 += kernel_5_1 * embeddings_1_5;
        table_1_2 += kernel_5_2 * embeddings_1_5;
        const vec embeddings_2_5 = vec_splat(weights->embedding.embeddings[2][5]);
        table_2_0 += kernel_5_0 * embeddings_2_5;
        table_2_1 += kernel_5_1 * embeddings_2_5;
        table_2_2 += kernel_5_2 * embeddings_2_5;
        const vec embeddings_3_5 = vec_splat(weights->embedding.embeddings[3][5]);
        table_3_0 += kernel_5_0 * embeddings_3_5;
        table_3_1 += kernel_5_1 * embeddings_3_5;
        table_3_2 += kernel_5_2 * embeddings_3_5;
        const vec embeddings_4_5 = vec_splat(weights->embedding.embeddings[4][5]);
        table_4_0 += kernel_5_0 * embeddings_4_5;
        table_4_1 += kernel_5_1 * embeddings_4_5;
        table_4_2 += kernel_5_2 * embeddings_4_5;
        const vec embeddings_5_5 = vec_splat(weights->embedding.embeddings[5][5]);
        table_5_0 += kernel_5_0 * embeddings_5_5;
        table_5_1 += kernel_5_1 * embeddings_5_5;
        table_5_2 += kernel_5_2 * embeddings_5_5;
        const vec embeddings_6_5 = vec_splat(weights->embedding.embeddings[6][5]);
        table_6_0 += kernel_5_0 * embeddings_6_5;
        table_6_1 += kernel_5_1 * embeddings_6_5;
        table_6_2 += kernel_5_2 * embeddings_6_5;
        const vec embeddings_7_5 = vec_splat(weights->embedding.embeddings[7][5]);
        table_7_0 += kernel_5_0 * embeddings_7_5;
        table_7_1 += kernel_5_1 * embeddings_7_5;
        table_7_2 += kernel_5_2 * embeddings_7_5;
        const vec kernel_6_0 = vec_load(&weights->lstm.kernel[6][n]);
        const vec embeddings_0_6 = vec_splat(weights->embedding.embeddings[0][6]);
        table_0_0 += kernel_6_0 * embeddings_0_6;
        const vec kernel_6_1 = vec_load(&weights->lstm.kernel[6][n_plus_1]);
        table_0_1 += kernel_6_1 * embeddings_0_6;
        const vec kernel_6_2 = vec_load(&weights->lstm.kernel[6][n_plus_2]);
        table_0_2 += kernel_6_2 * embeddings_0_6;
        const vec embeddings_1_6 = vec_splat(weights->embedding.embeddings[1][6]);
        table_1_0 += kernel_6_0 * embeddings_1_6;
        table_1_1 += kernel_6_1 * embeddings_1_6;
        table_1_2 += kernel_6_2 * embeddings_1_6;
        const vec embeddings_2_6 = vec_splat(weights->embedding.embeddings[2][6]);
        table_2_0 += kernel_6_0 * embeddings_2_6;
        table_2_1 += kernel_6_1 * embeddings_2_6;
        table_2_2 += kernel_6_2 * embeddings_2_6;
        const vec embeddings_3_6 = vec_splat(weights->embedding.embeddings[3][6]);
        table_3_0 += kernel_6_0 * embeddings_3_6;
        table_3_1 += kernel_6_1 * embeddings_3_6;
        table_3_2 += kernel_6_2 * embeddings_3_6;
        const vec embeddings_4_6 = vec_splat(weights->embedding.embeddings[4][6]);
        table_4_0 += kernel_6_0 * embeddings_4_6;
        table_4_1 += kernel_6_1 * embeddings_4_6;
        table_4_2 += kernel_6_2 * embeddings_4_6;
        const vec embeddings_5_6 = vec_splat(weights->embedding.embeddings[5][6]);
        table_5_0 += kernel_6_0 * embeddings_5_6;
        table_5_1 += kernel_6_1 * embeddings_5_6;
        table_5_2 += kernel_6_2 * embeddings_5_6;
        const vec embeddings_6_6 = vec_splat(weights->embedding.embeddings[6][6]);
        table_6_0 += kernel_6_0 * embeddings_6_6;
        table_6_1 += kernel_6_1 * embeddings_6_6;
        table_6_2 += kernel_6_2 * embeddings_6_6;
        const vec embeddings_7_6 = vec_splat(weights->embedding.embeddings[7][6]);
        table_7_0 += kernel_6_0 * embeddings_7_6;
        table_7_1 += kernel_6_1 * embeddings_7_6;
        table_7_2 += kernel_6_2 * embeddings_7_6;
        const vec kernel_7_0 = vec_load(&weights->lstm.kernel[7][n]);
        const vec embeddings_0_7 = vec_splat(weights->embedding.embeddings[0][7]);
        table_0_0 += kernel_7_0 * embeddings_0_7;
        const vec kernel_7_1 = vec_load(&weights->lstm.kernel[7][n_plus_1]);
        table_0_1 += kernel_7_1 * embeddings_0_7;
        const vec kernel_7_2 = vec_load(&weights->lstm.kernel[7][n_plus_2]);
        table_0_2 += kernel_7_2 * embeddings_0_7;
        const vec embeddings_1_7 = vec_splat(weights->embedding.embeddings[1][7]);
        table_1_0 += kernel_7_0 * embeddings_1_7;
        table_1_1 += kernel_7_1 * embeddings_1_7;
        table_1_2 += kernel_7_2 * embeddings_1_7;
        const vec embeddings_2_7 = vec_splat(weights->embedding.embeddings[2][7]);
        table_2_0 += kernel_7_0 * embeddings_2_7;
        table_2_1 += kernel_7_1 * embeddings_2_7;
        table_2_2 += kernel_7_2 * embeddings_2_7;
        const vec embeddings_3_7 = vec_splat(weights->embedding.embeddings[3][7]);
        table_3_0 += kernel_7_0 * embeddings_3_7;
        table_3_1 += kernel_7_1 * embeddings_3_7;
        table_3_2 += kernel_7_2 * embeddings_3_7;
        const vec embeddings_4_7 = vec_splat(weights->embedding.embeddings[4][7]);
        table_4_0 += kernel_7_0 * embeddings_4_7;
        table_4_1 += kernel_7_1 * embeddings_4_7;
        table_4_2 += kernel_7_2 * embeddings_4_7;
        const vec embeddings_5_7 = vec_splat(weights->embedding.embeddings[5][7]);
        table_5_0 += kernel_7_0 * embeddings_5_7;
        table_5_1 += kernel_7_1 * embeddings_5_7;
        table_5_2 += kernel_7_2 * embeddings_5_7;
        const vec embeddings_6_7 = vec_splat(weights->embedding.embeddings[6][7]);
        table_6_0 += kernel_7_0 * embeddings_6_7;
        table_6_1 += kernel_7_1 * embeddings_6_7;
        table_6_2 += kernel_7_2 * embeddings_6_7;
        const vec embeddings_7_7 = vec_splat(weights->embedding.embeddings[7][7]);
        table_7_0 += kernel_7_0 * embeddings_7_7;
        table_7_1 += kernel_7_1 * embeddings_7_7;
        table_7_2 += kernel_7_2 * embeddings_7_7;
        vec_store(&packed->lstm.table[0][n], table_0_0);
        vec_store(&packed->lstm.table[0][n_plus_1], table_0_1);
        vec_store(&packed->lstm.table[0][n_plus_2], table_0_2);
        vec_store(&packed->lstm.table[1][n], table_1_0);
        vec_store(&packed->lstm.table[1][n_plus_1], table_1_1);
        vec_store(&packed->lstm.table[1][n_plus_2], table_1_2);
        vec_store(&packed->lstm.table[2][n], table_2_0);
        vec_store(&packed->lstm.table[2][n_plus_1], table_2_1);
        vec_store(&packed->lstm.table[2][n_plus_2], table_2_2);
        vec_store(&packed->lstm.table[3][n], table_3_0);
        vec_store(&packed->lstm.table[3][n_plus_1], table_3_1);
        vec_store(&packed->lstm.table[3][n_plus_2], table_3_2);
        vec_store(&packed->lstm.table[4][n], table_4_0);
        vec_store(&packed->lstm.table[4][n_plus_1], table_4_1);
        vec_store(&packed->lstm.table[4][n_plus_2], table_4_2);
        vec_store(&packed->lstm.table[5][n], table_5_0);
        vec_store(&packed->lstm.table[5][n_plus_1], table_5_1);
        vec_store(&packed->lstm.table[5][n_plus_2], table_5_2);
        vec_store(&packed->lstm.table[6][n], table_6_0);
        vec_store(&packed->lstm.table[6][n_plus_1], table_6_1);
        vec_store(&packed->lstm.table[6][n_plus_2], table_6_2);
        vec_store(&packed->lstm.table[7][n], table_7_0);
        vec_store(&packed->lstm.table[7][n_plus_1], table_7_1);
        vec_store(&packed->lstm.table[7][n_plus_2], table_7_2);
    }
#else
    for (int n = 0; n < 96; n += 2 * VEC) {
        const int n_plus_1 = n + VEC;
        const vec bias_0 = vec_load(&weights->lstm.bias[n]);
        vec table_0_0 = bias_0;
        const vec bias_1 = vec_load(&weights->lstm.bias[n_plus_1]);
        vec table_0_1 = bias_1;
        vec table_1_0 = bias_0;
        vec table_1_1 = bias_1;
        vec table_2_0 = bias_0;
        vec table_2_1 = bias_1;
        vec table_3_0 = bias_0;
        vec table_3_1 = bias_1;
        vec table_4_0 = bias_0;
        vec table_4_1 = bias_1;
        vec table_5_0 = bias_0;
        vec table_5_1 = bias_1;
        vec table_6_0 = bias_0;
        vec table_6_1 = bias_1;
        vec table_7_0 = bias_0;
        vec table_7_1 = bias_1;
        const vec kernel_0_0 = vec_load(&weights->lstm.kernel[0][n]);
        const vec embeddings_0_0 = vec_splat(weights->embedding.embeddings[0][0]);
        table_0_0 += kernel_0_0 * embeddings_0_0;
        const vec kernel_0_1 = vec_load(&weights->lstm.kernel[0][n_plus_1]);
        table_0_1 += kernel_0_1 * embeddings_0_0;
        const vec embeddings_1_0 = vec_splat(weights->embedding.embeddings[1][0]);
        table_1_0 += kernel_0_0 * embeddings_1_0;
        table_1_1 += kernel_0_1 * embeddings_1_0;
        const vec embeddings_2_0 = vec_splat(weights->embedding.embeddings[2][0]);
        table_2_0 += kernel_0_0 * embeddings_2_0;
        table_2_1 += kernel_0_1 * embeddings_2_0;
        const vec embeddings_3_0 = vec_splat(weights->embedding.embeddings[3][0]);
        table_3_0 += kernel_0_0 * embeddings_3_0;
        table_3_1 += kernel_0_1 * embeddings_3_0;
        const vec embeddings_4_0 = vec_splat(weights->embedding.embeddings[4][0]);
        table_4_0 += kernel_0_0 * embeddings_4_0;
        table_4_1 += kernel_0_1 * embeddings_4_0;
        const vec embeddings_5_0 = vec_splat(weights->embedding.embeddings[5][0]);
        table_5_0 += kernel_0_0 * embeddings_5_0;
        table_5_1 += kernel_0_1 * embeddings_5_0;
        const vec embeddings_6_0 = vec_splat(weights->embedding.embeddings[6][0]);
        table_6_0 += kernel_0_0 * embeddings_6_0;
        table_6_1 += kernel_0_1 * embeddings_6_0;
        const vec embeddings_7_0 = vec_splat(weights->embedding.embeddings[7][0]);
        table_7_0 += kernel_0_0 * embeddings_7_0;
        table_7_1 += kernel_0_1 * embeddings_7_0;
        const vec kernel_1_0 = vec_load(&weights->lstm.kernel[1][n]);
        const vec embeddings_0_1 = vec_splat(weights->embedding.embeddings[0][1]);
        table_0_0 += kernel_1_0 * embeddings_0_1;
        const vec kernel_1_1 = vec_load(&weights->lstm.kernel[1][n_plus_1]);
        table_0_1 += kernel_1_1 * embeddings_0_1;
        const vec embeddings_1_1 = vec_splat(weights->embedding.embeddings[1][1]);
        table_1_0 += kernel_1_0 * embeddings_1_1;
        table_1_1 += kernel_1_1 * embeddings_1_1;
        const vec embeddings_2_1 = vec_splat(weights->embedding.embeddings[2][1]);
        table_2_0 += kernel_1_0 * embeddings_2_1;
        table_2_1 += kernel_1_1 * embeddings_2_1;
        const vec embeddings_3_1 = vec_splat(weights->embedding.embeddings[3][1]);
        table_3_0 += kernel_1_0 * embeddings_3_1;
        table_3_1 += kernel_1_1 * embeddings_3_1;
        const vec embeddings_4_1 = vec_splat(weights->embedding.embeddings[4][1]);
        table_4_0 += kernel_1_0 * embeddings_4_1;
        table_4_1 += kernel_1_1 * embeddings_4_1;
        const vec embeddings_5_1 = vec_splat(weights->embedding.embeddings[5][1]);
        table_5_0 += kernel_1_0 * embeddings_5_1;
        table_5_1 += kernel_1_1 * embeddings_5_1;
        const vec embeddings_6_1 = vec_splat(weights->embedding.embeddings[6][1]);
        table_6_0 += kernel_1_0 * embeddings_6_1;
        table_6_1 += kernel_1_1 * embeddings_6_1;
        const vec embeddings_7_1 = vec_splat(weights->embedding.embeddings[7][1]);
        table_7_0 += kernel_1_0 * embeddings_7_1;
        table_7_1 += kernel_1_1 * embeddings_7_1;
        const vec kernel_2_0 = vec_load(&weights->lstm.kernel[2][n]);
        const vec embeddings_0_2 = vec_splat(weights->embedding.embeddings[0][2]);
        table_0_0 += kernel_2_0 * embeddings_0_2;
        const vec kernel_2_1 = vec_load(&weights->lstm.kernel[2][n_plus_1]);
        table_0_1 += kernel_2_1 * embeddings_0_2;
        const vec embeddings_1_2 = vec_splat(weights->embedding.embeddings[1][2]);
        table_1_0 += kernel_2_0 * embeddings_1_2;
        table_1_1 += kernel_2_1 * embeddings_1_2;
        const vec embeddings_2_2 = vec_splat(weights->embedding.embeddings[2][2]);
        table_2_0 += kernel_2_0 * embeddings_2_2;
        table_2_1 += kernel_2_1 * embeddings_2_2;
        const vec embeddings_3_2 = vec_splat(weights->embedding.embeddings[3][2]);
        table_3_0 += kernel_2_0 * embeddings_3_2;
        table_3_1 += kernel_2_1 * embeddings_3_2;
        const vec embeddings_4_2 = vec_splat(weights->embedding.embeddings[4][2]);
        table_4_0 += kernel_2_0 * embeddings_4_2;
        table_4_1 += kernel_2_1 * embeddings_4_2;
        const vec embeddings_5_2 = vec_splat(weights->embedding.embeddings[5][2]);
        table_5_0 += kernel_2_0 * embeddings_5_2;
        table_5_1 += kernel_2_1 * embeddings_5_2;
        const vec embeddings_6_2 = vec_splat(weights->embedding.embeddings[6][2]);
        table_6_0 += kernel_2_0 * embeddings_6_2;
        table_6_1 += kernel_2_1 * embeddings_6_2;
        const vec embeddings_7_2 = vec_splat(weights->embedding.embeddings[7][2]);
        table_7_0 += kernel_2_0 * embeddings_7_2;
        table_7_1 += kernel_2_1 * embeddings_7_2;
        const vec kernel_3_0 = vec_load(&weights->lstm.kernel[3][n]);
        const vec embeddings_0_3 = vec_splat(weights->embedding.embeddings[0][3]);
        table_0_0 += kernel_3_0 * embeddings_0_3;
        const vec kernel_3_1 = vec_load(&weights->lstm.kernel[3][n_plus_1]);
        table_0_1 += kernel_3_1 * embeddings_0_3;
        const vec embeddings_1_3 = vec_splat(weights->embedding.embeddings[1][3]);
        table_1_0 += kernel_3_0 * embeddings_1_3;
        table_1_1 += kernel_3_1 * embeddings_1_3;
        const vec embeddings_2_3 = vec_splat(weights->embedding.embeddings[2][3]);
        table_2_0 += kernel_3_0 * embeddings_2_3;
        table_2_1 += kernel_3_1 * embeddings_2_3;
        const vec embeddings_3_3 = vec_splat(weights->embedding.embeddings[3][3]);
        table_3_0 += kernel_3_0 * embeddings_3_3;
        table_3_1 += kernel_3_1 * embeddings_3_3;
        const vec embeddings_4_3 = vec_splat(weights->embedding.embeddings[4][3]);
        table_4_0 += kernel_3_0 * embeddings_4_3;
        table_4_1 += kernel_3_1 * embeddings_4_3;
        const vec embeddings_5_3 = vec_splat(weights->embedding.embeddings[5][3]);
        table_5_0 += kernel_3_0 * embeddings_5_3;
        table_5_1 += kernel_3_1 * embeddings_5_3;
        const vec embeddings_6_3 = vec_splat(weights->embedding.embeddings[6][3]);
        table_6_0 += kernel_3_0 * embeddings_6_3;
        table_6_1 += kernel_3_1 * embeddings_6_3;
        const vec embeddings_7_3 = vec_splat(weights->embedding.embeddings[7][3]);
        table_7_0 += kernel_3_0 * embeddings_7_3;
        table_7_1 += kernel_3_1 * embeddings_7_3;
        const vec kernel_4_0 = vec_load(&weights->lstm.kernel[4][n]);
        const vec embeddings_0_4 = vec_splat(weights->embedding.embeddings[0][4]);
        table_0_0 += kernel_4_0 * embeddings_0_4;
        const vec kernel_4_1 = vec_load(&weights->lstm.kernel[4][n_plus_1]);
        table_0_1 += kernel_4_1 * embeddings_0_4;
        const vec embeddings_1_4 = vec_splat(weights->embedding.embeddings[1][4]);
        table_1_0 += kernel_4_0 * embeddings_1_4;
        table_1_1 += kernel_4_1 * embeddings_1_4;
        const vec embeddings_2_4 = vec_splat(weights->embedding.embeddings[2][4]);
        table_2_0 += kernel_4_0 * embeddings_2_4;
        table_2_1 += kernel_4_1 * embeddings_2_4;
        const vec embeddings_3_4 = vec_splat(weights->embedding.embeddings[3][4]);
        table_3_0 += kernel_4_0 * embeddings_3_4;
        table_3_1 += kernel_4_1 * embeddings_3_4;
        const vec embeddings_4_4 = vec_splat(weights->embedding.embeddings[4][4]);
        table_4_0 += kernel_4_0 * embeddings_4_4;
        table_4_1 += kernel_4_1 * embeddings_4_4;
        const vec embeddings_5_4 = vec_splat(weights->embedding.embeddings[5][4]);
        table_5_0 += kernel_4_0 * embeddings_5_4;
        table_5_1 += kernel_4_1 * embeddings_5_4;
        const vec embeddings_6_4 = vec_splat(weights->embedding.embeddings[6][4]);
        table_6_0 += kernel_4_0 * embeddings_6_4;
        table_6_1 += kernel_4_1 * embeddings_6_4;
        const vec embeddings_7_4 = vec_splat(weights->embedding.embeddings[7][4]);
        table_7_0 += kernel_4_0 * embeddings_7_4;
        table_7_1 += kernel_4_1 * embeddings_7_4;
        const vec kernel_5_0 = vec_load(&weights->lstm.kernel[5][n]);
        const vec embeddings_0_5 = vec_splat(weights->embedding.embeddings[0][5]);
        table_0_0 += kernel_5_0 * embeddings_0_5;
        const vec kernel_5_1 = vec_load(&weights->lstm.kernel[5][n_plus_1]);
        table_0_1 += kernel_5_1 * embeddings_0_5;
        const vec embeddings_1_5 = vec_splat(weights->embedding.embeddings[1][5]);
        table_1_0 += kernel_5_0 * embeddings_1_5;
        table_1_1 += kernel_5_1 * embeddings_1_5;
        const vec embeddings_2_5 = vec_splat(weights->embedding.embeddings[2][5]);
        table_2_0 += kernel_5_0 * embeddings_2_5;
        table_2_1 += kernel_5_1 * embeddings_2_5;
        const vec embeddings_3_5 = vec_splat(weights->embedding.embeddings[3][5]);
        table_3_0 += kernel_5_0 * embeddings_3_5;
        table_3_1 += kernel_5_1 * embeddings_3_5;
        const vec embeddings_4_5 = vec_splat(weights->embedding.embeddings[4][5]);
        table_4_0 += kernel_5_0 * embeddings_4_5;
        table_4_1 += kernel_5_1 * embeddings_4_5;
        const vec embeddings_5_5 = vec_splat(weights->embedding.embeddings[5][5]);
        table_5_0 += kernel_5_0 * embeddings_5_5;
        table_5_1 += kernel_5_1 * embeddings_5_5;
        const vec embeddings_6_5 = vec_splat(weights->embedding.embeddings[6][5]);
        table_6_0 += kernel_5_0 * embeddings_6_5;
        table_6_1 += kernel_5_1 * embeddings_6_5;
        const vec embeddings_7_5 = vec_splat(weights->embedding.embeddings[7][5]);
        table_7_0 += kernel_5_0 * embeddings_7_5;
        table_7_1 += kernel_5_1 * embeddings_7_5;
        const vec kernel_6_0 = vec_load(&weights->lstm.kernel[6][n]);
        const vec embeddings_0_6 = vec_splat(weights->embedding.embeddings[0][6]);
        table_0_0 += kernel_6_0 * embeddings_0_6;
        const vec kernel_6_1 = vec_load(&weights->lstm.kernel[6][n_plus_1]);
        table_0_1 += kernel_6_1 * embeddings_0_6;
        const vec embeddings_1_6 = vec_splat(weights->embedding.embeddings[1][6]);
        table_1_0 += kernel_6_0 * embeddings_1_6;
        table_1_1 += kernel_6_1 * embeddings_1_6;
        const vec embeddings_2_6 = vec_splat(weights->embedding.embeddings[2][6]);
        table_2_0 += kernel_6_0 * embeddings_2_6;
        table_2_1 += kernel_6_1 * embeddings_2_6;
        const vec embeddings_3_6 = vec_splat(weights->embedding.embeddings[3][6]);
        table_3_0 += kernel_6_0 * embeddings_3_6;
        table_3_1 += kernel_6_1 * embeddings_3_6;
        const vec embeddings_4_6 = vec_splat(weights->embedding.embeddings[4][6]);
        table_4_0 += kernel_6_0 * embeddings_4_6;
        table_4_1 += kernel_6_1 * embeddings_4_6;
        const vec embeddings_5_6 = vec_splat(weights->embedding.embeddings[5][6]);
        table_5_0 += kernel_6_0 * embeddings_5_6;
        table_5_1 += kernel_6_1 * embeddings_5_6;
        const vec embeddings_6_6 = vec_splat(weights->embedding.embeddings[6][6]);
        table_6_0 += kernel_6_0 * embeddings_6_6;
        table_6_1 += kernel_6_1 * embeddings_6_6;
        const vec embeddings_7_6 = vec_splat(weights->embedding.embeddings[7][6]);
        table_7_0 += kernel_6_0 * embeddings_7_6;
        table_7_1 += kernel_6_1 * embeddings_7_6;
        const vec kernel_7_0 = vec_load(&weights->lstm.kernel[7][n]);
        const vec embeddings_0_7 = vec_splat(weights->embedding.embeddings[0][7]);
        table_0_0 += kernel_7_0 * embeddings_0_7;
        const vec kernel_7_1 = vec_load(&weights->lstm.kernel[7][n_plus_1]);
        table_0_1 += kernel_7_1 * embeddings_0_7;
        const vec embeddings_1_7 = vec_splat(weights->embedding.embeddings[1][7]);
        table_1_0 += kernel_7_0 * embeddings_1_7;
        table_1_1 += kernel_7_1 * embeddings_1_7;
        const vec embeddings_2_7 = vec_splat(weights->embedding.embeddings[2][7]);
        table_2_0 += kernel_7_0 * embeddings_2_7;
        table_2_1 += kernel_7_1 * embeddings_2_7;
        const vec embeddings_3_7 = vec_splat(weights->embedding.embeddings[3][7]);
        table_3_0 += kernel_7_0 * embeddings_3_7;
        table_3_1 += kernel_7_1 * embeddings_3_7;
        const vec embeddings_4_7 = vec_splat(weights->embedding.embeddings[4][7]);
        table_4_0 += kernel_7_0 * embeddings_4_7;
        table_4_1 += kernel_7_1 * embeddings_4_7;
        const vec embeddings_5_7 = vec_splat(weights->embedding.embeddings[5][7]);
        table_5_0 += kernel_7_0 * embeddings_5_7;
        table_5_1 += kernel_7_1 * embeddings_5_7;
        const vec embeddings_6_7 = vec_splat(weights->embedding.embeddings[6][7]);
        table_6_0 += kernel_7_0 * embeddings_6_7;
        table_6_1 += kernel_7_1 * embeddings_6_7;
        const vec embeddings_7_7 = vec_splat(weights->embedding.embeddings[7][7]);
        table_7_0 += kernel_7_0 * embeddings_7_7;
        table_7_1 += kernel_7_1 * embeddings_7_7;
        vec_store(&packed->lstm.table[0][n], table_0_0);
        vec_store(&packed->lstm.table[0][n_plus_1], table_0_1);
        vec_store(&packed->lstm.table[1][n], table_1_0);
        vec_store(&packed->lstm.table[1][n_plus_1], table_1_1);
        vec_store(&packed->lstm.table[2][n], table_2_0);
        vec_store(&packed->lstm.table[2][n_plus_1], table_2_1);
        vec_store(&packed->lstm.table[3][n], table_3_0);
        vec_store(&packed->lstm.table[3][n_plus_1], table_3_1);
        vec_store(&packed->lstm.table[4][n], table_4_0);
        vec_store(&packed->lstm.table[4][n_plus_1], table_4_1);
        vec_store(&packed->lstm.table[5][n], table_5_0);
        vec_store(&packed->lstm.table[5][n_plus_1], table_5_1);
        vec_store(&packed->lstm.table[6][n], table_6_0);
        vec_store(&packed->lstm.table[6][n_plus_1], table_6_1);
        vec_store(&packed->lstm.table[7][n], table_7_0);
        vec_store(&packed->lstm.table[7][n_plus_1], table_7_1);
    }
#endif
    /* lstm.recurrent_kernel[k,n] = lstm.recurrent_kernel[k,n] */
    for (int n = 0; n < 96; n += VEC) {
        for (int k = 0; k < REBER_LSTM_UNITS; k++) {
            const vec recurrent_kernel = vec_load(&weights->lstm.recurrent_kernel[k][n]);
            vec_store(&packed->lstm.recurrent_kernel[n / 48][k][n % 48], recurrent_kernel);
        }
    }
}

static void reber_prepare_with(struct reber_packed *restrict packed, const struct reber_weights *restrict weights)
{
    memset(packed->dense.bias, 0, sizeof packed->dense.bias);
    memset(packed->dense.kernel[0], 0, sizeof packed->dense.kernel[0]);
    packed->weights = weights;
    lstm_prepare(weights, packed);
    /* dense.bias[n] = dense.bias[n] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        const vec bias = vec_load_part(&weights->dense.bias[n], 8 - n);
        vec_store(&packed->dense.bias[n], bias);
    }
    /* dense.kernel[k,n] = dense.kernel[k,n] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        for (int k = 0; k < REBER_LSTM_UNITS; k++) {
            const vec kernel = vec_load_part(&weights->dense.kernel[k][n], 8 - n);
            vec_store(&packed->dense.kernel[n / 16][k][n % 16], kernel);
        }
    }
}

static void lstm_predict(const struct reber_packed *restrict packed, struct reber_scratch *restrict scratch,
    const int32_t *restrict x)
{
    /* lstm.h, lstm.c: 2 steps are kept, step t at t % 2 */
    for (int t = 0; t < REBER_TIMESTEPS; t++) {
        /* lstm.z[t,n] = lstm.table[x[t],n]
         * lstm.z[t,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,k] */
        for (int n = 0; n < 96; n += 3 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            vec z_0 = vec_load(&packed->lstm.table[clamped(x[t], 8)][n]);
            vec z_1 = vec_load(&packed->lstm.table[clamped(x[t], 8)][n_plus_1]);
            vec z_2 = vec_load(&packed->lstm.table[clamped(x[t], 8)][n_plus_2]);
            vec z_0_odd = vec_splat(0.0f);
            vec z_1_odd = vec_splat(0.0f);
            vec z_2_odd = vec_splat(0.0f);
            for (int k = 0; k < REBER_LSTM_UNITS; k += 4) {
                const vec recurrent_kernel_0_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k][n % 48]);
                const vec h_0 = vec_splat(scratch->lstm.h[t % 2][k]);
                z_0 += recurrent_kernel_0_0 * h_0;
                const vec recurrent_kernel_0_1 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k][n_plus_1 % 48]);
                z_1 += recurrent_kernel_0_1 * h_0;
                const vec recurrent_kernel_0_2 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k][n_plus_2 % 48]);
                z_2 += recurrent_kernel_0_2 * h_0;
                const vec recurrent_kernel_1_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k + 1][n % 48]);
                const vec h_1 = vec_splat(scratch->lstm.h[t % 2][k + 1]);
                z_0_odd += recurrent_kernel_1_0 * h_1;
                const vec recurrent_kernel_1_1 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k + 1][n_plus_1 % 48]);
                z_1_odd += recurrent_kernel_1_1 * h_1;
                const vec recurrent_kernel_1_2 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k + 1][n_plus_2 % 48]);
                z_2_odd += recurrent_kernel_1_2 * h_1;
                const vec recurrent_kernel_2_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k + 2][n % 48]);
                const vec h_2 = vec_splat(scratch->lstm.h[t % 2][k + 2]);
                z_0 += recurrent_kernel_2_0 * h_2;
                const vec recurrent_kernel_2_1 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k + 2][n_plus_1 % 48]);
                z_1 += recurrent_kernel_2_1 * h_2;
                const vec recurrent_kernel_2_2 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k + 2][n_plus_2 % 48]);
                z_2 += recurrent_kernel_2_2 * h_2;
                const vec recurrent_kernel_3_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k + 3][n % 48]);
                const vec h_3 = vec_splat(scratch->lstm.h[t % 2][k + 3]);
                z_0_odd += recurrent_kernel_3_0 * h_3;
                const vec recurrent_kernel_3_1 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k + 3][n_plus_1 % 48]);
                z_1_odd += recurrent_kernel_3_1 * h_3;
                const vec recurrent_kernel_3_2 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k + 3][n_plus_2 % 48]);
                z_2_odd += recurrent_kernel_3_2 * h_3;
            }
            z_0 += z_0_odd;
            z_1 += z_1_odd;
            z_2 += z_2_odd;
            vec_store(&scratch->local.lstm.z[n], z_0);
            vec_store(&scratch->local.lstm.z[n_plus_1], z_1);
            vec_store(&scratch->local.lstm.z[n_plus_2], z_2);
        }
        /* lstm.i[t,n] = sigmoid(lstm.z[t,n])
         * lstm.f[t,n] = sigmoid(lstm.z[t,n+24])
         * lstm.g[t,n] = tanh(lstm.z[t,n+48])
         * lstm.o[t,n] = sigmoid(lstm.z[t,n+72])
         * lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n]
         * lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n])
         * lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
        for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
            const vec z = vec_load_part(&scratch->local.lstm.z[n], 24 - n);
            const vec i = vec_sigmoid(z);
            const vec z_2 = vec_load_part(&scratch->local.lstm.z[n + 24], 24 - n);
            const vec f = vec_sigmoid(z_2);
            const vec z_3 = vec_load_part(&scratch->local.lstm.z[n + 48], 24 - n);
            const vec g = vec_tanh(z_3);
            const vec z_4 = vec_load_part(&scratch->local.lstm.z[n + 72], 24 - n);
            const vec o = vec_sigmoid(z_4);
            const vec c = vec_load(&scratch->lstm.c[t % 2][n]);
            const vec c_next = f * c + i * g;
            const vec tanh_c = vec_tanh(c_next);
            const vec h_next = o * tanh_c;
            vec_store(&scratch->lstm.c[(t + 1) % 2][n], c_next);
            vec_store(&scratch->lstm.h[(t + 1) % 2][n], h_next);
        }
    }
}

static void dense_predict(const struct reber_packed *restrict packed, struct reber_scratch *restrict scratch,
    float *restrict y)
{
    /* dense.z[n] = dense.bias[n]
     * dense.z[n] += dense.kernel[k,n] * lstm.h[24,k] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        vec z = vec_load(&packed->dense.bias[n]);
        vec z_odd = vec_splat(0.0f);
        for (int k = 0; k < REBER_LSTM_UNITS; k += 4) {
            const vec kernel_0 = vec_load(&packed->dense.kernel[n / 16][k][n % 16]);
            const vec h_0 = vec_splat(scratch->lstm.h[24 % 2][k]);
            z += kernel_0 * h_0;
            const vec kernel_1 = vec_load(&packed->dense.kernel[n / 16][k + 1][n % 16]);
            const vec h_1 = vec_splat(scratch->lstm.h[24 % 2][k + 1]);
            z_odd += kernel_1 * h_1;
            const vec kernel_2 = vec_load(&packed->dense.kernel[n / 16][k + 2][n % 16]);
            const vec h_2 = vec_splat(scratch->lstm.h[24 % 2][k + 2]);
            z += kernel_2 * h_2;
            const vec kernel_3 = vec_load(&packed->dense.kernel[n / 16][k + 3][n % 16]);
            const vec h_3 = vec_splat(scratch->lstm.h[24 % 2][k + 3]);
            z_odd += kernel_3 * h_3;
        }
        z += z_odd;
        vec_store(&scratch->local.dense.z[n], z);
    }
    /* dense.highest[] = -inf */
    scratch->local.dense.highest = -INFINITY;
    /* dense.highest[] max= dense.z[k] */
    {
        vec largest_of_highest = vec_splat(-INFINITY);
        float rest_of_highest = -INFINITY;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec z = vec_load(&scratch->local.dense.z[k]);
            largest_of_highest = vec_maximum(largest_of_highest, z);
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_highest = maximum(rest_of_highest, scratch->local.dense.z[k]);
        }
        scratch->local.dense.highest = maximum(maximum(scratch->local.dense.highest, vec_largest(largest_of_highest)),
            rest_of_highest);
    }
    /* dense.e[n] = exp(dense.z[n] - stop(dense.highest[])) */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        const vec z = vec_load(&scratch->local.dense.z[n]);
        const vec highest = vec_splat(scratch->local.dense.highest);
        const vec e = vec_exp(z - highest);
        vec_store(&scratch->local.dense.e[n], e);
    }
    /* dense.total[] = 0 */
    scratch->local.dense.total = 0.0f;
    /* dense.total[] += dense.e[k] */
    {
        vec sum_of_total = vec_splat(0.0f);
        float rest_of_total = 0.0f;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec e = vec_load(&scratch->local.dense.e[k]);
            sum_of_total += e;
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_total += scratch->local.dense.e[k];
        }
        scratch->local.dense.total = scratch->local.dense.total + vec_sum(sum_of_total) + rest_of_total;
    }
    /* dense.y[n] = dense.e[n] / dense.total[]
     * output[n] = dense.y[n] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        const vec e = vec_load(&scratch->local.dense.e[n]);
        const vec total = vec_splat(scratch->local.dense.total);
        const vec y_ = e / total;
        vec_store_part(&y[n], y_, 8 - n);
    }
}

static void reber_predict_with(const struct reber_packed *restrict packed, struct reber_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    /* lstm.h[0,n] = 0
     * lstm.c[0,n] = 0 */
    for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
        const vec h = vec_splat(0.0f);
        const vec c = vec_splat(0.0f);
        vec_store(&scratch->lstm.h[0][n], h);
        vec_store(&scratch->lstm.c[0][n], c);
    }
    lstm_predict(packed, scratch, x);
    dense_predict(packed, scratch, y);
}

static void lstm_predict_batch(const struct reber_packed *restrict packed, struct reber_batch_scratch *restrict scratch,
    const int32_t *restrict x, int rows)
{
    /* lstm.h, lstm.c: 2 steps are kept, step t at t % 2 */
    for (int t = 0; t < REBER_TIMESTEPS; t++) {
        /* lstm.z[t,b,n] = lstm.table[x[b,t],n]
         * lstm.z[t,b,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < 96; n += 6 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            const int n_plus_5 = n + 5 * VEC;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                vec z_0_0 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n]);
                vec z_0_1 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_1]);
                vec z_0_2 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_2]);
                vec z_0_3 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_3]);
                vec z_0_4 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_4]);
                vec z_0_5 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_5]);
                vec z_1_0 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n]);
                vec z_1_1 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_1]);
                vec z_1_2 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_2]);
                vec z_1_3 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_3]);
                vec z_1_4 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_4]);
                vec z_1_5 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_5]);
                vec z_2_0 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_2 + t], 8)][n]);
                vec z_2_1 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_2 + t], 8)][n_plus_1]);
                vec z_2_2 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_2 + t], 8)][n_plus_2]);
                vec z_2_3 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_2 + t], 8)][n_plus_3]);
                vec z_2_4 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_2 + t], 8)][n_plus_4]);
                vec z_2_5 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_2 + t], 8)][n_plus_5]);
                vec z_3_0 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_3 + t], 8)][n]);
                vec z_3_1 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_3 + t], 8)][n_plus_1]);
                vec z_3_2 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_3 + t], 8)][n_plus_2]);
                vec z_3_3 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_3 + t], 8)][n_plus_3]);
                vec z_3_4 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_3 + t], 8)][n_plus_4]);
                vec z_3_5 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_3 + t], 8)][n_plus_5]);
                for (int k = 0; k < REBER_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n / 48][k][n % 48]));
                    const vec h_0 = vec_splat(scratch->lstm.h[t % 2][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec h_1 = vec_splat(scratch->lstm.h[t % 2][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    const vec h_2 = vec_splat(scratch->lstm.h[t % 2][b_plus_2][k]);
                    z_2_0 += recurrent_kernel_0 * h_2;
                    const vec h_3 = vec_splat(scratch->lstm.h[t % 2][b_plus_3][k]);
                    z_3_0 += recurrent_kernel_0 * h_3;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k][n_plus_1 % 48]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    z_2_1 += recurrent_kernel_1 * h_2;
                    z_3_1 += recurrent_kernel_1 * h_3;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k][n_plus_2 % 48]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    z_2_2 += recurrent_kernel_2 * h_2;
                    z_3_2 += recurrent_kernel_2 * h_3;
                    const vec recurrent_kernel_3 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_3 / 48][k][n_plus_3 % 48]));
                    z_0_3 += recurrent_kernel_3 * h_0;
                    z_1_3 += recurrent_kernel_3 * h_1;
                    z_2_3 += recurrent_kernel_3 * h_2;
                    z_3_3 += recurrent_kernel_3 * h_3;
                    const vec recurrent_kernel_4 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_4 / 48][k][n_plus_4 % 48]));
                    z_0_4 += recurrent_kernel_4 * h_0;
                    z_1_4 += recurrent_kernel_4 * h_1;
                    z_2_4 += recurrent_kernel_4 * h_2;
                    z_3_4 += recurrent_kernel_4 * h_3;
                    const vec recurrent_kernel_5 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_5 / 48][k][n_plus_5 % 48]));
                    z_0_5 += recurrent_kernel_5 * h_0;
                    z_1_5 += recurrent_kernel_5 * h_1;
                    z_2_5 += recurrent_kernel_5 * h_2;
                    z_3_5 += recurrent_kernel_5 * h_3;
                }
                vec_store(&scratch->local.lstm.z[b][n], z_0_0);
                vec_store(&scratch->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&scratch->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&scratch->local.lstm.z[b][n_plus_3], z_0_3);
                vec_store(&scratch->local.lstm.z[b][n_plus_4], z_0_4);
                vec_store(&scratch->local.lstm.z[b][n_plus_5], z_0_5);
                vec_store(&scratch->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_3], z_1_3);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_4], z_1_4);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_5], z_1_5);
                vec_store(&scratch->local.lstm.z[b_plus_2][n], z_2_0);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_1], z_2_1);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_2], z_2_2);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_3], z_2_3);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_4], z_2_4);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_5], z_2_5);
                vec_store(&scratch->local.lstm.z[b_plus_3][n], z_3_0);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_1], z_3_1);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_2], z_3_2);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_3], z_3_3);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_4], z_3_4);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_5], z_3_5);
            }
        }
#else
        for (int n = 0; n < 96; n += 6 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            const int n_plus_5 = n + 5 * VEC;
            for (int b = 0; b < rows; b += 2) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                vec z_0_0 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n]);
                vec z_0_1 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_1]);
                vec z_0_2 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_2]);
                vec z_0_3 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_3]);
                vec z_0_4 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_4]);
                vec z_0_5 = vec_load(&packed->lstm.table[clamped(x[24 * b + t], 8)][n_plus_5]);
                vec z_1_0 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n]);
                vec z_1_1 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_1]);
                vec z_1_2 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_2]);
                vec z_1_3 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_3]);
                vec z_1_4 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_4]);
                vec z_1_5 = vec_load(&packed->lstm.table[clamped(x[24 * b_plus_1 + t], 8)][n_plus_5]);
                for (int k = 0; k < REBER_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n / 48][k][n % 48]));
                    const vec h_0 = vec_splat(scratch->lstm.h[t % 2][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec h_1 = vec_splat(scratch->lstm.h[t % 2][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k][n_plus_1 % 48]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k][n_plus_2 % 48]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    const vec recurrent_kernel_3 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_3 / 48][k][n_plus_3 % 48]));
                    z_0_3 += recurrent_kernel_3 * h_0;
                    z_1_3 += recurrent_kernel_3 * h_1;
                    const vec recurrent_kernel_4 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_4 / 48][k][n_plus_4 % 48]));
                    z_0_4 += recurrent_kernel_4 * h_0;
                    z_1_4 += recurrent_kernel_4 * h_1;
                    const vec recurrent_kernel_5 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_5 / 48][k][n_plus_5 % 48]));
                    z_0_5 += recurrent_kernel_5 * h_0;
                    z_1_5 += recurrent_kernel_5 * h_1;
                }
                vec_store(&scratch->local.lstm.z[b][n], z_0_0);
                vec_store(&scratch->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&scratch->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&scratch->local.lstm.z[b][n_plus_3], z_0_3);
                vec_store(&scratch->local.lstm.z[b][n_plus_4], z_0_4);
                vec_store(&scratch->local.lstm.z[b][n_plus_5], z_0_5);
                vec_store(&scratch->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_3], z_1_3);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_4], z_1_4);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_5], z_1_5);
            }
        }
#endif
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,n])
         * lstm.f[t,b,n] = sigmoid(lstm.z[t,b,n+24])
         * lstm.g[t,b,n] = tanh(lstm.z[t,b,n+48])
         * lstm.o[t,b,n] = sigmoid(lstm.z[t,b,n+72])
         * lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n]
         * lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n])
         * lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
                const vec z = vec_load_part(&scratch->local.lstm.z[b][n], 24 - n);
                const vec i = vec_sigmoid(z);
                const vec z_2 = vec_load_part(&scratch->local.lstm.z[b][n + 24], 24 - n);
                const vec f = vec_sigmoid(z_2);
                const vec z_3 = vec_load_part(&scratch->local.lstm.z[b][n + 48], 24 - n);
                const vec g = vec_tanh(z_3);
                const vec z_4 = vec_load_part(&scratch->local.lstm.z[b][n + 72], 24 - n);
                const vec o = vec_sigmoid(z_4);
                const vec c = vec_load(&scratch->lstm.c[t % 2][b][n]);
                const vec c_next = f * c + i * g;
                const vec tanh_c = vec_tanh(c_next);
                const vec h_next = o * tanh_c;
                vec_store(&scratch->lstm.c[(t + 1) % 2][b][n], c_next);
                vec_store(&scratch->lstm.h[(t + 1) % 2][b][n], h_next);
            }
        }
    }
}

static void dense_predict_batch(const struct reber_packed *restrict packed,
    struct reber_batch_scratch *restrict scratch, int rows, float *restrict y)
{
    /* dense.z[b,n] = dense.bias[n]
     * dense.z[b,n] += dense.kernel[k,n] * lstm.h[24,b,k] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        for (int b = 0; b < rows; b += 6) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            const int b_plus_2 = b + 2 < rows ? b + 2 : b;
            const int b_plus_3 = b + 3 < rows ? b + 3 : b;
            const int b_plus_4 = b + 4 < rows ? b + 4 : b;
            const int b_plus_5 = b + 5 < rows ? b + 5 : b;
            const vec bias = vec_load(&packed->dense.bias[n]);
            vec z_0 = bias;
            vec z_1 = bias;
            vec z_2 = bias;
            vec z_3 = bias;
            vec z_4 = bias;
            vec z_5 = bias;
            for (int k = 0; k < REBER_LSTM_UNITS; k++) {
                const vec kernel = vec_keep(vec_load(&packed->dense.kernel[n / 16][k][n % 16]));
                const vec h_0 = vec_splat(scratch->lstm.h[24 % 2][b][k]);
                z_0 += kernel * h_0;
                const vec h_1 = vec_splat(scratch->lstm.h[24 % 2][b_plus_1][k]);
                z_1 += kernel * h_1;
                const vec h_2 = vec_splat(scratch->lstm.h[24 % 2][b_plus_2][k]);
                z_2 += kernel * h_2;
                const vec h_3 = vec_splat(scratch->lstm.h[24 % 2][b_plus_3][k]);
                z_3 += kernel * h_3;
                const vec h_4 = vec_splat(scratch->lstm.h[24 % 2][b_plus_4][k]);
                z_4 += kernel * h_4;
                const vec h_5 = vec_splat(scratch->lstm.h[24 % 2][b_plus_5][k]);
                z_5 += kernel * h_5;
            }
            vec_store(&scratch->local.dense.z[b][n], z_0);
            vec_store(&scratch->local.dense.z[b_plus_1][n], z_1);
            vec_store(&scratch->local.dense.z[b_plus_2][n], z_2);
            vec_store(&scratch->local.dense.z[b_plus_3][n], z_3);
            vec_store(&scratch->local.dense.z[b_plus_4][n], z_4);
            vec_store(&scratch->local.dense.z[b_plus_5][n], z_5);
        }
    }
    /* dense.highest[b] = -inf */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.highest[b] = -INFINITY;
    }
    /* dense.highest[b] max= dense.z[b,k] */
    for (int b = 0; b < rows; b++) {
        vec largest_of_highest = vec_splat(-INFINITY);
        float rest_of_highest = -INFINITY;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec z = vec_load(&scratch->local.dense.z[b][k]);
            largest_of_highest = vec_maximum(largest_of_highest, z);
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_highest = maximum(rest_of_highest, scratch->local.dense.z[b][k]);
        }
        scratch->local.dense.highest[b] =
            maximum(maximum(scratch->local.dense.highest[b], vec_largest(largest_of_highest)), rest_of_highest);
    }
    /* dense.e[b,n] = exp(dense.z[b,n] - stop(dense.highest[b])) */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec z = vec_load(&scratch->local.dense.z[b][n]);
            const vec highest = vec_splat(scratch->local.dense.highest[b]);
            const vec e = vec_exp(z - highest);
            vec_store(&scratch->local.dense.e[b][n], e);
        }
    }
    /* dense.total[b] = 0 */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.total[b] = 0.0f;
    }
    /* dense.total[b] += dense.e[b,k] */
    for (int b = 0; b < rows; b++) {
        vec sum_of_total = vec_splat(0.0f);
        float rest_of_total = 0.0f;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec e = vec_load(&scratch->local.dense.e[b][k]);
            sum_of_total += e;
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_total += scratch->local.dense.e[b][k];
        }
        scratch->local.dense.total[b] = scratch->local.dense.total[b] + vec_sum(sum_of_total) + rest_of_total;
    }
    /* dense.y[b,n] = dense.e[b,n] / dense.total[b]
     * output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec e = vec_load(&scratch->local.dense.e[b][n]);
            const vec total = vec_splat(scratch->local.dense.total[b]);
            const vec y_ = e / total;
            vec_store_part(&y[8 * b + n], y_, 8 - n);
        }
    }
}

static void reber_predict_batch_with(const struct reber_packed *restrict packed,
    struct reber_batch_scratch *restrict scratch, const int32_t *restrict x, int rows, float *restrict y)
{
    /* lstm.h[0,b,n] = 0
     * lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
            const vec h = vec_splat(0.0f);
            const vec c = vec_splat(0.0f);
            vec_store(&scratch->lstm.h[0][b][n], h);
            vec_store(&scratch->lstm.c[0][b][n], c);
        }
    }
    lstm_predict_batch(packed, scratch, x, rows);
    dense_predict_batch(packed, scratch, rows, y);
}

/* What a step computes on its way. */
struct reber_step_memory {
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[96];      /* one of 1 steps */
        } lstm;
        struct {
            float z[16];
            float e[16];
            float highest;
            float total;
        } dense;
    } local;
};

static void reber_reset_with(const struct reber_packed *restrict packed, struct reber_state *restrict state)
{
    (void)packed;
    /* lstm.h[0,n] = 0
     * lstm.c[0,n] = 0 */
    for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
        const vec h = vec_splat(0.0f);
        const vec c = vec_splat(0.0f);
        vec_store(&state->lstm.h[0][n], h);
        vec_store(&state->lstm.c[0][n], c);
    }
}

static void lstm_step(const struct reber_packed *restrict packed, struct reber_state *restrict state,
    struct reber_step_memory *restrict scratch, const int32_t *restrict x)
{
    /* lstm.z[t,n] = lstm.table[x[t],n]
     * lstm.z[t,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,k] */
    for (int n = 0; n < 96; n += 3 * VEC) {
        const int n_plus_1 = n + VEC;
        const int n_plus_2 = n + 2 * VEC;
        vec z_0 = vec_load(&packed->lstm.table[clamped(x[0], 8)][n]);
        vec z_1 = vec_load(&packed->lstm.table[clamped(x[0], 8)][n_plus_1]);
        vec z_2 = vec_load(&packed->lstm.table[clamped(x[0], 8)][n_plus_2]);
        vec z_0_odd = vec_splat(0.0f);
        vec z_1_odd = vec_splat(0.0f);
        vec z_2_odd = vec_splat(0.0f);
        for (int k = 0; k < REBER_LSTM_UNITS; k += 4) {
            const vec recurrent_kernel_0_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k][n % 48]);
            const vec h_0 = vec_splat(state->lstm.h[0][k]);
            z_0 += recurrent_kernel_0_0 * h_0;
            const vec recurrent_kernel_0_1 = vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k][n_plus_1 % 48]);
            z_1 += recurrent_kernel_0_1 * h_0;
            const vec recurrent_kernel_0_2 = vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k][n_plus_2 % 48]);
            z_2 += recurrent_kernel_0_2 * h_0;
            const vec recurrent_kernel_1_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k + 1][n % 48]);
            const vec h_1 = vec_splat(state->lstm.h[0][k + 1]);
            z_0_odd += recurrent_kernel_1_0 * h_1;
            const vec recurrent_kernel_1_1 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k + 1][n_plus_1 % 48]);
            z_1_odd += recurrent_kernel_1_1 * h_1;
            const vec recurrent_kernel_1_2 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k + 1][n_plus_2 % 48]);
            z_2_odd += recurrent_kernel_1_2 * h_1;
            const vec recurrent_kernel_2_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k + 2][n % 48]);
            const vec h_2 = vec_splat(state->lstm.h[0][k + 2]);
            z_0 += recurrent_kernel_2_0 * h_2;
            const vec recurrent_kernel_2_1 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k + 2][n_plus_1 % 48]);
            z_1 += recurrent_kernel_2_1 * h_2;
            const vec recurrent_kernel_2_2 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k + 2][n_plus_2 % 48]);
            z_2 += recurrent_kernel_2_2 * h_2;
            const vec recurrent_kernel_3_0 = vec_load(&packed->lstm.recurrent_kernel[n / 48][k + 3][n % 48]);
            const vec h_3 = vec_splat(state->lstm.h[0][k + 3]);
            z_0_odd += recurrent_kernel_3_0 * h_3;
            const vec recurrent_kernel_3_1 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 48][k + 3][n_plus_1 % 48]);
            z_1_odd += recurrent_kernel_3_1 * h_3;
            const vec recurrent_kernel_3_2 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 48][k + 3][n_plus_2 % 48]);
            z_2_odd += recurrent_kernel_3_2 * h_3;
        }
        z_0 += z_0_odd;
        z_1 += z_1_odd;
        z_2 += z_2_odd;
        vec_store(&scratch->local.lstm.z[n], z_0);
        vec_store(&scratch->local.lstm.z[n_plus_1], z_1);
        vec_store(&scratch->local.lstm.z[n_plus_2], z_2);
    }
    /* lstm.i[t,n] = sigmoid(lstm.z[t,n])
     * lstm.f[t,n] = sigmoid(lstm.z[t,n+24])
     * lstm.g[t,n] = tanh(lstm.z[t,n+48])
     * lstm.o[t,n] = sigmoid(lstm.z[t,n+72])
     * lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n]
     * lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n])
     * lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
    for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
        const vec z = vec_load_part(&scratch->local.lstm.z[n], 24 - n);
        const vec i = vec_sigmoid(z);
        const vec z_2 = vec_load_part(&scratch->local.lstm.z[n + 24], 24 - n);
        const vec f = vec_sigmoid(z_2);
        const vec z_3 = vec_load_part(&scratch->local.lstm.z[n + 48], 24 - n);
        const vec g = vec_tanh(z_3);
        const vec z_4 = vec_load_part(&scratch->local.lstm.z[n + 72], 24 - n);
        const vec o = vec_sigmoid(z_4);
        const vec c = vec_load(&state->lstm.c[0][n]);
        const vec c_next = f * c + i * g;
        const vec tanh_c = vec_tanh(c_next);
        const vec h_next = o * tanh_c;
        vec_store(&state->lstm.c[1][n], c_next);
        vec_store(&state->lstm.h[1][n], h_next);
    }
}

static void dense_step(const struct reber_packed *restrict packed, struct reber_state *restrict state,
    struct reber_step_memory *restrict scratch, float *restrict y)
{
    /* dense.z[n] = dense.bias[n]
     * dense.z[n] += dense.kernel[k,n] * lstm.h[1,k] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        vec z = vec_load(&packed->dense.bias[n]);
        vec z_odd = vec_splat(0.0f);
        for (int k = 0; k < REBER_LSTM_UNITS; k += 4) {
            const vec kernel_0 = vec_load(&packed->dense.kernel[n / 16][k][n % 16]);
            const vec h_0 = vec_splat(state->lstm.h[1][k]);
            z += kernel_0 * h_0;
            const vec kernel_1 = vec_load(&packed->dense.kernel[n / 16][k + 1][n % 16]);
            const vec h_1 = vec_splat(state->lstm.h[1][k + 1]);
            z_odd += kernel_1 * h_1;
            const vec kernel_2 = vec_load(&packed->dense.kernel[n / 16][k + 2][n % 16]);
            const vec h_2 = vec_splat(state->lstm.h[1][k + 2]);
            z += kernel_2 * h_2;
            const vec kernel_3 = vec_load(&packed->dense.kernel[n / 16][k + 3][n % 16]);
            const vec h_3 = vec_splat(state->lstm.h[1][k + 3]);
            z_odd += kernel_3 * h_3;
        }
        z += z_odd;
        vec_store(&scratch->local.dense.z[n], z);
    }
    /* dense.highest[] = -inf */
    scratch->local.dense.highest = -INFINITY;
    /* dense.highest[] max= dense.z[k] */
    {
        vec largest_of_highest = vec_splat(-INFINITY);
        float rest_of_highest = -INFINITY;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec z = vec_load(&scratch->local.dense.z[k]);
            largest_of_highest = vec_maximum(largest_of_highest, z);
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_highest = maximum(rest_of_highest, scratch->local.dense.z[k]);
        }
        scratch->local.dense.highest = maximum(maximum(scratch->local.dense.highest, vec_largest(largest_of_highest)),
            rest_of_highest);
    }
    /* dense.e[n] = exp(dense.z[n] - stop(dense.highest[])) */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        const vec z = vec_load(&scratch->local.dense.z[n]);
        const vec highest = vec_splat(scratch->local.dense.highest);
        const vec e = vec_exp(z - highest);
        vec_store(&scratch->local.dense.e[n], e);
    }
    /* dense.total[] = 0 */
    scratch->local.dense.total = 0.0f;
    /* dense.total[] += dense.e[k] */
    {
        vec sum_of_total = vec_splat(0.0f);
        float rest_of_total = 0.0f;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec e = vec_load(&scratch->local.dense.e[k]);
            sum_of_total += e;
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_total += scratch->local.dense.e[k];
        }
        scratch->local.dense.total = scratch->local.dense.total + vec_sum(sum_of_total) + rest_of_total;
    }
    /* dense.y[n] = dense.e[n] / dense.total[]
     * output[n] = dense.y[n] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        const vec e = vec_load(&scratch->local.dense.e[n]);
        const vec total = vec_splat(scratch->local.dense.total);
        const vec y_ = e / total;
        vec_store_part(&y[n], y_, 8 - n);
    }
}

static int reber_step_with(const struct reber_packed *restrict packed, struct reber_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    _Alignas(LANES * sizeof(float)) struct reber_step_memory memory, *const scratch = &memory;
    lstm_step(packed, state, scratch, x);
    dense_step(packed, state, scratch, y);
    /* lstm.h[0,n] = lstm.h[1,n] */
    for (int n = 0; n < REBER_LSTM_UNITS; n++) {
        state->lstm.h[0][n] = state->lstm.h[1][n];
    }
    /* lstm.c[0,n] = lstm.c[1,n] */
    for (int n = 0; n < REBER_LSTM_UNITS; n++) {
        state->lstm.c[0][n] = state->lstm.c[1][n];
    }
    return 1;
}

static void reber_prepare_training_with(struct reber_training *restrict training,
    const struct reber_weights *restrict weights)
{
    memset(training->dense.bias, 0, sizeof training->dense.bias);
    memset(training->dense.kernel[0], 0, sizeof training->dense.kernel[0]);
    memset(training->dense.kernel_transposed[1], 0, sizeof training->dense.kernel_transposed[1]);
    memset(training->lstm.recurrent_kernel_transposed[1], 0, sizeof training->lstm.recurrent_kernel_transposed[1]);
    training->weights = weights;
    reber_prepare_range(training, weights, 0, sizeof *weights / sizeof(float));
}

static void reber_prepare_range_with(struct reber_training *restrict training,
    const struct reber_weights *restrict weights, size_t first, size_t count)
{
    int first_row, end_row;
    if (touches_rows(first, count, offsetof(struct reber_weights, lstm.kernel), 768, 1, &first_row, &end_row)) {
        /* lstm.kernel[k,n] = lstm.kernel[k,n] */
        for (int n = 0; n < 96; n += VEC) {
            for (int k = 0; k < 8; k++) {
                const vec kernel = vec_load(&weights->lstm.kernel[k][n]);
                vec_store(&training->lstm.kernel[n / 48][k][n % 48], kernel);
            }
        }
        /* lstm.kernel_transposed[k,n] = lstm.kernel[k,n] */
        for (int k = 0; k < 8; k++) {
            for (int n = 0; n < 96; n += VEC) {
                const vec kernel_transposed = vec_load(&weights->lstm.kernel[k][n]);
                vec_store(&training->lstm.kernel_transposed[k][n], kernel_transposed);
            }
        }
    }
    if (touches_rows(first, count, offsetof(struct reber_weights, lstm.recurrent_kernel), 96, 24, &first_row, &end_row))
        {
        /* lstm.recurrent_kernel[k,n] = lstm.recurrent_kernel[k,n] */
        for (int n = 0; n < 96; n += VEC) {
            for (int k = first_row; k < end_row; k++) {
                const vec recurrent_kernel = vec_load(&weights->lstm.recurrent_kernel[k][n]);
                vec_store(&training->lstm.recurrent_kernel[n / 48][k][n % 48], recurrent_kernel);
            }
        }
        /* lstm.recurrent_kernel_transposed[n,m] = lstm.recurrent_kernel[m,n] */
        for (int m = first_row; m < end_row; m += VEC) {
            for (int n = 0; n < 96; n += VEC) {
                vec_transpose(&weights->lstm.recurrent_kernel[m][n], 96, REBER_LSTM_UNITS - m, VEC,
                    &training->lstm.recurrent_kernel_transposed[m / 16][n][m % 16], 16);
            }
        }
    }
    if (touches_rows(first, count, offsetof(struct reber_weights, lstm.bias), 96, 1, &first_row, &end_row)) {
        /* lstm.bias[n] = lstm.bias[n] */
        for (int n = 0; n < 96; n += VEC) {
            const vec bias = vec_load(&weights->lstm.bias[n]);
            vec_store(&training->lstm.bias[n], bias);
        }
    }
    if (touches_rows(first, count, offsetof(struct reber_weights, dense.kernel), 8, 24, &first_row, &end_row)) {
        /* dense.kernel[k,n] = dense.kernel[k,n] */
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            for (int k = first_row; k < end_row; k++) {
                const vec kernel = vec_load_part(&weights->dense.kernel[k][n], 8 - n);
                vec_store(&training->dense.kernel[n / 16][k][n % 16], kernel);
            }
        }
        /* dense.kernel_transposed[n,m] = dense.kernel[m,n] */
        for (int n = 0; n < REBER_DENSE_UNITS; n++) {
            for (int m = first_row; m < end_row; m++) {
                training->dense.kernel_transposed[m / 16][n][m % 16] = weights->dense.kernel[m][n];
            }
        }
    }
    if (touches_rows(first, count, offsetof(struct reber_weights, dense.bias), 8, 1, &first_row, &end_row)) {
        /* dense.bias[n] = dense.bias[n] */
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec bias = vec_load_part(&weights->dense.bias[n], 8 - n);
            vec_store(&training->dense.bias[n], bias);
        }
    }
}

static void reber_reset_tape_with(const struct reber_training *restrict training, struct reber_tape *restrict tape)
{
    (void)training;
    const int rows = REBER_BATCH;
    tape->rows = 0;
    tape->first_row = 0;
    /* lstm.h[0,b,n] = 0
     * lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
            const vec h = vec_splat(0.0f);
            const vec c = vec_splat(0.0f);
            vec_store(&tape->lstm.h[0][b][n], h);
            vec_store(&tape->lstm.c[0][b][n], c);
        }
    }
}

static void lstm_forward(const struct reber_training *restrict training, struct reber_tape *restrict tape, int rows)
{
    for (int t = 0; t < REBER_TIMESTEPS; t++) {
        /* lstm.z[t,b,n] = lstm.bias[n]
         * lstm.z[t,b,n] += lstm.kernel[k,n] * embedding.y[t,b,k]
         * lstm.z[t,b,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < 96; n += 6 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            const int n_plus_5 = n + 5 * VEC;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                const vec bias_0 = vec_load(&training->lstm.bias[n]);
                vec z_0_0 = bias_0;
                const vec bias_1 = vec_load(&training->lstm.bias[n_plus_1]);
                vec z_0_1 = bias_1;
                const vec bias_2 = vec_load(&training->lstm.bias[n_plus_2]);
                vec z_0_2 = bias_2;
                const vec bias_3 = vec_load(&training->lstm.bias[n_plus_3]);
                vec z_0_3 = bias_3;
                const vec bias_4 = vec_load(&training->lstm.bias[n_plus_4]);
                vec z_0_4 = bias_4;
                const vec bias_5 = vec_load(&training->lstm.bias[n_plus_5]);
                vec z_0_5 = bias_5;
                vec z_1_0 = bias_0;
                vec z_1_1 = bias_1;
                vec z_1_2 = bias_2;
                vec z_1_3 = bias_3;
                vec z_1_4 = bias_4;
                vec z_1_5 = bias_5;
                vec z_2_0 = bias_0;
                vec z_2_1 = bias_1;
                vec z_2_2 = bias_2;
                vec z_2_3 = bias_3;
                vec z_2_4 = bias_4;
                vec z_2_5 = bias_5;
                vec z_3_0 = bias_0;
                vec z_3_1 = bias_1;
                vec z_3_2 = bias_2;
                vec z_3_3 = bias_3;
                vec z_3_4 = bias_4;
                vec z_3_5 = bias_5;
                for (int k = 0; k < 8; k++) {
                    const vec kernel_0 = vec_hold(vec_load(&training->lstm.kernel[n / 48][k][n % 48]));
                    const vec y_0 = vec_splat(tape->embedding.y[t][b][k]);
                    z_0_0 += kernel_0 * y_0;
                    const vec y_1 = vec_splat(tape->embedding.y[t][b_plus_1][k]);
                    z_1_0 += kernel_0 * y_1;
                    const vec y_2 = vec_splat(tape->embedding.y[t][b_plus_2][k]);
                    z_2_0 += kernel_0 * y_2;
                    const vec y_3 = vec_splat(tape->embedding.y[t][b_plus_3][k]);
                    z_3_0 += kernel_0 * y_3;
                    const vec kernel_1 = vec_hold(vec_load(&training->lstm.kernel[n_plus_1 / 48][k][n_plus_1 % 48]));
                    z_0_1 += kernel_1 * y_0;
                    z_1_1 += kernel_1 * y_1;
                    z_2_1 += kernel_1 * y_2;
                    z_3_1 += kernel_1 * y_3;
                    const vec kernel_2 = vec_hold(vec_load(&training->lstm.kernel[n_plus_2 / 48][k][n_plus_2 % 48]));
                    z_0_2 += kernel_2 * y_0;
                    z_1_2 += kernel_2 * y_1;
                    z_2_2 += kernel_2 * y_2;
                    z_3_2 += kernel_2 * y_3;
                    const vec kernel_3 = vec_hold(vec_load(&training->lstm.kernel[n_plus_3 / 48][k][n_plus_3 % 48]));
                    z_0_3 += kernel_3 * y_0;
                    z_1_3 += kernel_3 * y_1;
                    z_2_3 += kernel_3 * y_2;
                    z_3_3 += kernel_3 * y_3;
                    const vec kernel_4 = vec_hold(vec_load(&training->lstm.kernel[n_plus_4 / 48][k][n_plus_4 % 48]));
                    z_0_4 += kernel_4 * y_0;
                    z_1_4 += kernel_4 * y_1;
                    z_2_4 += kernel_4 * y_2;
                    z_3_4 += kernel_4 * y_3;
                    const vec kernel_5 = vec_hold(vec_load(&training->lstm.kernel[n_plus_5 / 48][k][n_plus_5 % 48]));
                    z_0_5 += kernel_5 * y_0;
                    z_1_5 += kernel_5 * y_1;
                    z_2_5 += kernel_5 * y_2;
                    z_3_5 += kernel_5 * y_3;
                }
                for (int k = 0; k < REBER_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n / 48][k][n % 48]));
                    const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec h_1 = vec_splat(tape->lstm.h[t][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    const vec h_2 = vec_splat(tape->lstm.h[t][b_plus_2][k]);
                    z_2_0 += recurrent_kernel_0 * h_2;
                    const vec h_3 = vec_splat(tape->lstm.h[t][b_plus_3][k]);
                    z_3_0 += recurrent_kernel_0 * h_3;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_1 / 48][k][n_plus_1 % 48]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    z_2_1 += recurrent_kernel_1 * h_2;
                    z_3_1 += recurrent_kernel_1 * h_3;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_2 / 48][k][n_plus_2 % 48]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    z_2_2 += recurrent_kernel_2 * h_2;
                    z_3_2 += recurrent_kernel_2 * h_3;
                    const vec recurrent_kernel_3 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_3 / 48][k][n_plus_3 % 48]));
                    z_0_3 += recurrent_kernel_3 * h_0;
                    z_1_3 += recurrent_kernel_3 * h_1;
                    z_2_3 += recurrent_kernel_3 * h_2;
                    z_3_3 += recurrent_kernel_3 * h_3;
                    const vec recurrent_kernel_4 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_4 / 48][k][n_plus_4 % 48]));
                    z_0_4 += recurrent_kernel_4 * h_0;
                    z_1_4 += recurrent_kernel_4 * h_1;
                    z_2_4 += recurrent_kernel_4 * h_2;
                    z_3_4 += recurrent_kernel_4 * h_3;
                    const vec recurrent_kernel_5 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_5 / 48][k][n_plus_5 % 48]));
                    z_0_5 += recurrent_kernel_5 * h_0;
                    z_1_5 += recurrent_kernel_5 * h_1;
                    z_2_5 += recurrent_kernel_5 * h_2;
                    z_3_5 += recurrent_kernel_5 * h_3;
                }
                vec_store(&tape->local.lstm.z[b][n], z_0_0);
                vec_store(&tape->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&tape->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&tape->local.lstm.z[b][n_plus_3], z_0_3);
                vec_store(&tape->local.lstm.z[b][n_plus_4], z_0_4);
                vec_store(&tape->local.lstm.z[b][n_plus_5], z_0_5);
                vec_store(&tape->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_3], z_1_3);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_4], z_1_4);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_5], z_1_5);
                vec_store(&tape->local.lstm.z[b_plus_2][n], z_2_0);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_1], z_2_1);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_2], z_2_2);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_3], z_2_3);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_4], z_2_4);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_5], z_2_5);
                vec_store(&tape->local.lstm.z[b_plus_3][n], z_3_0);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_1], z_3_1);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_2], z_3_2);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_3], z_3_3);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_4], z_3_4);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_5], z_3_5);
            }
        }
#else
        for (int n = 0; n < 96; n += 6 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            const int n_plus_5 = n + 5 * VEC;
            for (int b = 0; b < rows; b += 2) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const vec bias_0 = vec_load(&training->lstm.bias[n]);
                vec z_0_0 = bias_0;
                const vec bias_1 = vec_load(&training->lstm.bias[n_plus_1]);
                vec z_0_1 = bias_1;
                const vec bias_2 = vec_load(&training->lstm.bias[n_plus_2]);
                vec z_0_2 = bias_2;
                const vec bias_3 = vec_load(&training->lstm.bias[n_plus_3]);
                vec z_0_3 = bias_3;
                const vec bias_4 = vec_load(&training->lstm.bias[n_plus_4]);
                vec z_0_4 = bias_4;
                const vec bias_5 = vec_load(&training->lstm.bias[n_plus_5]);
                vec z_0_5 = bias_5;
                vec z_1_0 = bias_0;
                vec z_1_1 = bias_1;
                vec z_1_2 = bias_2;
                vec z_1_3 = bias_3;
                vec z_1_4 = bias_4;
                vec z_1_5 = bias_5;
                for (int k = 0; k < 8; k++) {
                    const vec kernel_0 = vec_hold(vec_load(&training->lstm.kernel[n / 48][k][n % 48]));
                    const vec y_0 = vec_splat(tape->embedding.y[t][b][k]);
                    z_0_0 += kernel_0 * y_0;
                    const vec y_1 = vec_splat(tape->embedding.y[t][b_plus_1][k]);
                    z_1_0 += kernel_0 * y_1;
                    const vec kernel_1 = vec_hold(vec_load(&training->lstm.kernel[n_plus_1 / 48][k][n_plus_1 % 48]));
                    z_0_1 += kernel_1 * y_0;
                    z_1_1 += kernel_1 * y_1;
                    const vec kernel_2 = vec_hold(vec_load(&training->lstm.kernel[n_plus_2 / 48][k][n_plus_2 % 48]));
                    z_0_2 += kernel_2 * y_0;
                    z_1_2 += kernel_2 * y_1;
                    const vec kernel_3 = vec_hold(vec_load(&training->lstm.kernel[n_plus_3 / 48][k][n_plus_3 % 48]));
                    z_0_3 += kernel_3 * y_0;
                    z_1_3 += kernel_3 * y_1;
                    const vec kernel_4 = vec_hold(vec_load(&training->lstm.kernel[n_plus_4 / 48][k][n_plus_4 % 48]));
                    z_0_4 += kernel_4 * y_0;
                    z_1_4 += kernel_4 * y_1;
                    const vec kernel_5 = vec_hold(vec_load(&training->lstm.kernel[n_plus_5 / 48][k][n_plus_5 % 48]));
                    z_0_5 += kernel_5 * y_0;
                    z_1_5 += kernel_5 * y_1;
                }
                for (int k = 0; k < REBER_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n / 48][k][n % 48]));
                    const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec h_1 = vec_splat(tape->lstm.h[t][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_1 / 48][k][n_plus_1 % 48]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_2 / 48][k][n_plus_2 % 48]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    const vec recurrent_kernel_3 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_3 / 48][k][n_plus_3 % 48]));
                    z_0_3 += recurrent_kernel_3 * h_0;
                    z_1_3 += recurrent_kernel_3 * h_1;
                    const vec recurrent_kernel_4 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_4 / 48][k][n_plus_4 % 48]));
                    z_0_4 += recurrent_kernel_4 * h_0;
                    z_1_4 += recurrent_kernel_4 * h_1;
                    const vec recurrent_kernel_5 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_5 / 48][k][n_plus_5 % 48]));
                    z_0_5 += recurrent_kernel_5 * h_0;
                    z_1_5 += recurrent_kernel_5 * h_1;
                }
                vec_store(&tape->local.lstm.z[b][n], z_0_0);
                vec_store(&tape->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&tape->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&tape->local.lstm.z[b][n_plus_3], z_0_3);
                vec_store(&tape->local.lstm.z[b][n_plus_4], z_0_4);
                vec_store(&tape->local.lstm.z[b][n_plus_5], z_0_5);
                vec_store(&tape->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_3], z_1_3);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_4], z_1_4);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_5], z_1_5);
            }
        }
#endif
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,n])
         * lstm.f[t,b,n] = sigmoid(lstm.z[t,b,n+24])
         * lstm.g[t,b,n] = tanh(lstm.z[t,b,n+48])
         * lstm.o[t,b,n] = sigmoid(lstm.z[t,b,n+72])
         * lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n]
         * lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n])
         * lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
                const vec z = vec_load_part(&tape->local.lstm.z[b][n], 24 - n);
                const vec i = vec_sigmoid(z);
                const vec z_2 = vec_load_part(&tape->local.lstm.z[b][n + 24], 24 - n);
                const vec f = vec_sigmoid(z_2);
                const vec z_3 = vec_load_part(&tape->local.lstm.z[b][n + 48], 24 - n);
                const vec g = vec_tanh(z_3);
                const vec z_4 = vec_load_part(&tape->local.lstm.z[b][n + 72], 24 - n);
                const vec o = vec_sigmoid(z_4);
                const vec c = vec_load(&tape->lstm.c[t][b][n]);
                const vec c_next = f * c + i * g;
                const vec tanh_c = vec_tanh(c_next);
                const vec h_next = o * tanh_c;
                vec_store(&tape->lstm.i[t][b][n], i);
                vec_store(&tape->lstm.f[t][b][n], f);
                vec_store(&tape->lstm.g[t][b][n], g);
                vec_store(&tape->lstm.o[t][b][n], o);
                vec_store(&tape->lstm.c[t + 1][b][n], c_next);
                vec_store(&tape->lstm.tanh_c[t][b][n], tanh_c);
                vec_store(&tape->lstm.h[t + 1][b][n], h_next);
            }
        }
    }
}

static void dense_forward(const struct reber_training *restrict training, struct reber_tape *restrict tape, int rows)
{
    /* dense.z[b,n] = dense.bias[n]
     * dense.z[b,n] += dense.kernel[k,n] * lstm.h[24,b,k] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        for (int b = 0; b < rows; b += 6) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            const int b_plus_2 = b + 2 < rows ? b + 2 : b;
            const int b_plus_3 = b + 3 < rows ? b + 3 : b;
            const int b_plus_4 = b + 4 < rows ? b + 4 : b;
            const int b_plus_5 = b + 5 < rows ? b + 5 : b;
            const vec bias = vec_load(&training->dense.bias[n]);
            vec z_0 = bias;
            vec z_1 = bias;
            vec z_2 = bias;
            vec z_3 = bias;
            vec z_4 = bias;
            vec z_5 = bias;
            for (int k = 0; k < REBER_LSTM_UNITS; k++) {
                const vec kernel = vec_keep(vec_load(&training->dense.kernel[n / 16][k][n % 16]));
                const vec h_0 = vec_splat(tape->lstm.h[24][b][k]);
                z_0 += kernel * h_0;
                const vec h_1 = vec_splat(tape->lstm.h[24][b_plus_1][k]);
                z_1 += kernel * h_1;
                const vec h_2 = vec_splat(tape->lstm.h[24][b_plus_2][k]);
                z_2 += kernel * h_2;
                const vec h_3 = vec_splat(tape->lstm.h[24][b_plus_3][k]);
                z_3 += kernel * h_3;
                const vec h_4 = vec_splat(tape->lstm.h[24][b_plus_4][k]);
                z_4 += kernel * h_4;
                const vec h_5 = vec_splat(tape->lstm.h[24][b_plus_5][k]);
                z_5 += kernel * h_5;
            }
            vec_store(&tape->dense.z[b][n], z_0);
            vec_store(&tape->dense.z[b_plus_1][n], z_1);
            vec_store(&tape->dense.z[b_plus_2][n], z_2);
            vec_store(&tape->dense.z[b_plus_3][n], z_3);
            vec_store(&tape->dense.z[b_plus_4][n], z_4);
            vec_store(&tape->dense.z[b_plus_5][n], z_5);
        }
    }
    /* dense.highest[b] = -inf */
    for (int b = 0; b < rows; b++) {
        tape->local.dense.highest[b] = -INFINITY;
    }
    /* dense.highest[b] max= dense.z[b,k] */
    for (int b = 0; b < rows; b++) {
        vec largest_of_highest = vec_splat(-INFINITY);
        float rest_of_highest = -INFINITY;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec z = vec_load(&tape->dense.z[b][k]);
            largest_of_highest = vec_maximum(largest_of_highest, z);
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_highest = maximum(rest_of_highest, tape->dense.z[b][k]);
        }
        tape->local.dense.highest[b] = maximum(maximum(tape->local.dense.highest[b], vec_largest(largest_of_highest)),
            rest_of_highest);
    }
    /* dense.e[b,n] = exp(dense.z[b,n] - stop(dense.highest[b])) */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec z = vec_load(&tape->dense.z[b][n]);
            const vec highest = vec_splat(tape->local.dense.highest[b]);
            const vec e = vec_exp(z - highest);
            vec_store(&tape->dense.e[b][n], e);
        }
    }
    /* dense.total[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->dense.total[b] = 0.0f;
    }
    /* dense.total[b] += dense.e[b,k] */
    for (int b = 0; b < rows; b++) {
        vec sum_of_total = vec_splat(0.0f);
        float rest_of_total = 0.0f;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec e = vec_load(&tape->dense.e[b][k]);
            sum_of_total += e;
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_total += tape->dense.e[b][k];
        }
        tape->dense.total[b] = tape->dense.total[b] + vec_sum(sum_of_total) + rest_of_total;
    }
    /* dense.y[b,n] = dense.e[b,n] / dense.total[b]
     * output[b,n] = dense.y[b,n]
     * dense.d_z[b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec e = vec_load(&tape->dense.e[b][n]);
            const vec total = vec_splat(tape->dense.total[b]);
            const vec y_ = e / total;
            const vec d_z = vec_splat(0.0f);
            vec_store(&tape->dense.y[b][n], y_);
            vec_store_part(&tape->output[b][n], y_, 8 - n);
            vec_store(&tape->dense.d_z[b][n], d_z);
        }
    }
}

static void reber_forward_with(const struct reber_weights *restrict weights,
    const struct reber_training *restrict training, struct reber_tape *restrict tape, const int32_t *restrict x,
    int rows, uint64_t seed)
{
    tape->rows = rows;
    memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);
    memset(tape->d_output, 0, sizeof tape->d_output);
    (void)seed;
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int t = 0; t < REBER_TIMESTEPS; t++) {
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < 8; n += VEC) {
                const vec y_ = vec_load_part(&weights->embedding.embeddings[clamped(tape->input[b][t], 8)][n], 8 - n);
                vec_store(&tape->embedding.y[t][b][n], y_);
            }
        }
    }
    lstm_forward(training, tape, rows);
    dense_forward(training, tape, rows);
}

static float reber_loss_with(struct reber_tape *restrict tape, const int32_t *restrict target,
    const float *restrict sample_weight, float scale)
{
    const int rows = tape->rows;
    float loss = 0.0f;
    /* highest[b] = -inf */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.highest[b] = -INFINITY;
    }
    /* highest[b] max= dense.z[b,k] */
    for (int b = 0; b < rows; b++) {
        vec largest_of_highest = vec_splat(-INFINITY);
        float rest_of_highest = -INFINITY;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec z = vec_load(&tape->dense.z[b][k]);
            largest_of_highest = vec_maximum(largest_of_highest, z);
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_highest = maximum(rest_of_highest, tape->dense.z[b][k]);
        }
        tape->local.model_loss.highest[b] =
            maximum(maximum(tape->local.model_loss.highest[b], vec_largest(largest_of_highest)), rest_of_highest);
    }
    /* e[b,n] = exp(dense.z[b,n] - stop(highest[b])) */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec z = vec_load(&tape->dense.z[b][n]);
            const vec highest = vec_splat(tape->local.model_loss.highest[b]);
            const vec e = vec_exp(z - highest);
            vec_store(&tape->model.e[b][n], e);
        }
    }
    /* sum[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->model.sum[b] = 0.0f;
    }
    /* sum[b] += e[b,k] */
    for (int b = 0; b < rows; b++) {
        vec sum_of_sum = vec_splat(0.0f);
        float rest_of_sum = 0.0f;
        int k = 0;
        for (; k + VEC <= 8; k += VEC) {
            const vec e = vec_load(&tape->model.e[b][k]);
            sum_of_sum += e;
        }
        for (k = 8 - 8 % VEC; k < 8; k++) {
            rest_of_sum += tape->model.e[b][k];
        }
        tape->model.sum[b] = tape->model.sum[b] + vec_sum(sum_of_sum) + rest_of_sum;
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
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec d_z = vec_splat(0.0f);
            vec_store(&tape->dense.d_z[b][n], d_z);
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
    /* d_e[b,k] = d_sum[b]
     * dense.d_z[b,k] += d_e[b,k] * e[b,k]
     * d_output[b,k] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int k = 0; k < REBER_DENSE_UNITS; k += VEC) {
            const vec d_e = vec_splat(tape->local.model_loss_2.d_sum[b]);
            const vec e = vec_load(&tape->model.e[b][k]);
            vec d_z = vec_load(&tape->dense.d_z[b][k]);
            d_z += d_e * e;
            const vec d_output = vec_splat(0.0f);
            vec_store(&tape->dense.d_z[b][k], d_z);
            vec_store_part(&tape->d_output[b][k], d_output, 8 - k);
        }
    }
    return loss;
}

static void model_backward(struct reber_tape *restrict tape, struct reber_gradients *restrict gradients, int rows)
{
    /* dense.d_y[b,n] = d_output[b,n]
     * dense.d_e[b,n] = dense.d_y[b,n] / dense.total[b] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
            const vec d_y = vec_load_part(&tape->d_output[b][n], 8 - n);
            const vec total = vec_splat(tape->dense.total[b]);
            const vec d_e = d_y / total;
            vec_store(&tape->local.model_backward.dense_d_y[b][n], d_y);
            vec_store(&tape->local.model_backward.dense_d_e[b][n], d_e);
        }
    }
    /* dense.d_total[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->local.model_backward.dense_d_total[b] = 0.0f;
    }
    /* dense.d_total[b] += -(dense.d_y[b,n] * (dense.y[b,n] / dense.total[b])) */
    for (int b = 0; b < rows; b++) {
        vec sum_of_d_total = vec_splat(0.0f);
        float rest_of_d_total = 0.0f;
        int n = 0;
        for (; n + VEC <= 8; n += VEC) {
            const vec d_y = vec_load(&tape->local.model_backward.dense_d_y[b][n]);
            const vec y_ = vec_load(&tape->dense.y[b][n]);
            const vec total = vec_splat(tape->dense.total[b]);
            sum_of_d_total += -(d_y * (y_ / total));
        }
        for (n = 8 - 8 % VEC; n < 8; n++) {
            rest_of_d_total += -(tape->local.model_backward.dense_d_y[b][n] * (tape->dense.y[b][n]
                / tape->dense.total[b]));
        }
        tape->local.model_backward.dense_d_total[b] = tape->local.model_backward.dense_d_total[b] +
            vec_sum(sum_of_d_total) + rest_of_d_total;
    }
    /* dense.d_e[b,k] += dense.d_total[b]
     * dense.d_z[b,k] += dense.d_e[b,k] * dense.e[b,k] */
    for (int b = 0; b < rows; b++) {
        for (int k = 0; k < REBER_DENSE_UNITS; k += VEC) {
            const vec d_total = vec_splat(tape->local.model_backward.dense_d_total[b]);
            vec d_e = vec_load(&tape->local.model_backward.dense_d_e[b][k]);
            d_e += d_total;
            const vec e = vec_load(&tape->dense.e[b][k]);
            vec d_z = vec_load(&tape->dense.d_z[b][k]);
            d_z += d_e * e;
            vec_store(&tape->local.model_backward.dense_d_e[b][k], d_e);
            vec_store(&tape->dense.d_z[b][k], d_z);
        }
    }
    /* dense.d_kernel[k,n] += dense.d_z[b,n] * lstm.h[24,b,k] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        for (int k = 0; k < REBER_LSTM_UNITS; k += 6) {
            const int k_plus_1 = k + 1;
            const int k_plus_2 = k + 2;
            const int k_plus_3 = k + 3;
            const int k_plus_4 = k + 4;
            const int k_plus_5 = k + 5;
            vec d_kernel_0 = vec_load_part(&gradients->dense.kernel[k][n], 8 - n);
            vec d_kernel_1 = vec_load_part(&gradients->dense.kernel[k_plus_1][n], 8 - n);
            vec d_kernel_2 = vec_load_part(&gradients->dense.kernel[k_plus_2][n], 8 - n);
            vec d_kernel_3 = vec_load_part(&gradients->dense.kernel[k_plus_3][n], 8 - n);
            vec d_kernel_4 = vec_load_part(&gradients->dense.kernel[k_plus_4][n], 8 - n);
            vec d_kernel_5 = vec_load_part(&gradients->dense.kernel[k_plus_5][n], 8 - n);
            for (int b = 0; b < rows; b++) {
                const vec d_z = vec_keep(vec_load(&tape->dense.d_z[b][n]));
                const vec h_0 = vec_splat(tape->lstm.h[24][b][k]);
                d_kernel_0 += d_z * h_0;
                const vec h_1 = vec_splat(tape->lstm.h[24][b][k_plus_1]);
                d_kernel_1 += d_z * h_1;
                const vec h_2 = vec_splat(tape->lstm.h[24][b][k_plus_2]);
                d_kernel_2 += d_z * h_2;
                const vec h_3 = vec_splat(tape->lstm.h[24][b][k_plus_3]);
                d_kernel_3 += d_z * h_3;
                const vec h_4 = vec_splat(tape->lstm.h[24][b][k_plus_4]);
                d_kernel_4 += d_z * h_4;
                const vec h_5 = vec_splat(tape->lstm.h[24][b][k_plus_5]);
                d_kernel_5 += d_z * h_5;
            }
            vec_store_part(&gradients->dense.kernel[k][n], d_kernel_0, 8 - n);
            vec_store_part(&gradients->dense.kernel[k_plus_1][n], d_kernel_1, 8 - n);
            vec_store_part(&gradients->dense.kernel[k_plus_2][n], d_kernel_2, 8 - n);
            vec_store_part(&gradients->dense.kernel[k_plus_3][n], d_kernel_3, 8 - n);
            vec_store_part(&gradients->dense.kernel[k_plus_4][n], d_kernel_4, 8 - n);
            vec_store_part(&gradients->dense.kernel[k_plus_5][n], d_kernel_5, 8 - n);
        }
    }
}

static void lstm_backward(const struct reber_training *restrict training, struct reber_tape *restrict tape,
    struct reber_gradients *restrict gradients, int rows)
{
    /* lstm.d_h[24,b,n] = 0
     * lstm.d_h[24,b,n] += dense.d_z[b,m] * dense.kernel_transposed[m,n] */
#if VEC == LANES
    for (int n = 0; n < REBER_LSTM_UNITS; n += 2 * VEC) {
        const int n_plus_1 = n + VEC < REBER_LSTM_UNITS ? n + VEC : n;
        for (int b = 0; b < rows; b += 5) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            const int b_plus_2 = b + 2 < rows ? b + 2 : b;
            const int b_plus_3 = b + 3 < rows ? b + 3 : b;
            const int b_plus_4 = b + 4 < rows ? b + 4 : b;
            vec d_h_0_0 = vec_splat(0.0f);
            vec d_h_0_1 = vec_splat(0.0f);
            vec d_h_1_0 = vec_splat(0.0f);
            vec d_h_1_1 = vec_splat(0.0f);
            vec d_h_2_0 = vec_splat(0.0f);
            vec d_h_2_1 = vec_splat(0.0f);
            vec d_h_3_0 = vec_splat(0.0f);
            vec d_h_3_1 = vec_splat(0.0f);
            vec d_h_4_0 = vec_splat(0.0f);
            vec d_h_4_1 = vec_splat(0.0f);
            for (int m = 0; m < REBER_DENSE_UNITS; m++) {
                const vec d_z_0 = vec_splat(tape->dense.d_z[b][m]);
                const vec kernel_transposed_0 =
                    vec_hold(vec_load(&training->dense.kernel_transposed[n / 16][m][n % 16]));
                d_h_0_0 += d_z_0 * kernel_transposed_0;
                const vec kernel_transposed_1 =
                    vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                d_h_0_1 += d_z_0 * kernel_transposed_1;
                const vec d_z_1 = vec_splat(tape->dense.d_z[b_plus_1][m]);
                d_h_1_0 += d_z_1 * kernel_transposed_0;
                d_h_1_1 += d_z_1 * kernel_transposed_1;
                const vec d_z_2 = vec_splat(tape->dense.d_z[b_plus_2][m]);
                d_h_2_0 += d_z_2 * kernel_transposed_0;
                d_h_2_1 += d_z_2 * kernel_transposed_1;
                const vec d_z_3 = vec_splat(tape->dense.d_z[b_plus_3][m]);
                d_h_3_0 += d_z_3 * kernel_transposed_0;
                d_h_3_1 += d_z_3 * kernel_transposed_1;
                const vec d_z_4 = vec_splat(tape->dense.d_z[b_plus_4][m]);
                d_h_4_0 += d_z_4 * kernel_transposed_0;
                d_h_4_1 += d_z_4 * kernel_transposed_1;
            }
            vec_store(&tape->lstm.d_h[24 % 2][b][n], d_h_0_0);
            vec_store(&tape->lstm.d_h[24 % 2][b][n_plus_1], d_h_0_1);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_1][n], d_h_1_0);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_1][n_plus_1], d_h_1_1);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_2][n], d_h_2_0);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_2][n_plus_1], d_h_2_1);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_3][n], d_h_3_0);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_3][n_plus_1], d_h_3_1);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_4][n], d_h_4_0);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_4][n_plus_1], d_h_4_1);
        }
    }
#else
    for (int n = 0; n < REBER_LSTM_UNITS; n += 3 * VEC) {
        const int n_plus_1 = n + VEC < REBER_LSTM_UNITS ? n + VEC : n;
        const int n_plus_2 = n + 2 * VEC < REBER_LSTM_UNITS ? n + 2 * VEC : n;
        for (int b = 0; b < rows; b += 4) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            const int b_plus_2 = b + 2 < rows ? b + 2 : b;
            const int b_plus_3 = b + 3 < rows ? b + 3 : b;
            vec d_h_0_0 = vec_splat(0.0f);
            vec d_h_0_1 = vec_splat(0.0f);
            vec d_h_0_2 = vec_splat(0.0f);
            vec d_h_1_0 = vec_splat(0.0f);
            vec d_h_1_1 = vec_splat(0.0f);
            vec d_h_1_2 = vec_splat(0.0f);
            vec d_h_2_0 = vec_splat(0.0f);
            vec d_h_2_1 = vec_splat(0.0f);
            vec d_h_2_2 = vec_splat(0.0f);
            vec d_h_3_0 = vec_splat(0.0f);
            vec d_h_3_1 = vec_splat(0.0f);
            vec d_h_3_2 = vec_splat(0.0f);
            for (int m = 0; m < REBER_DENSE_UNITS; m++) {
                const vec d_z_0 = vec_splat(tape->dense.d_z[b][m]);
                const vec kernel_transposed_0 =
                    vec_hold(vec_load(&training->dense.kernel_transposed[n / 16][m][n % 16]));
                d_h_0_0 += d_z_0 * kernel_transposed_0;
                const vec kernel_transposed_1 =
                    vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                d_h_0_1 += d_z_0 * kernel_transposed_1;
                const vec kernel_transposed_2 =
                    vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_2 / 16][m][n_plus_2 % 16]));
                d_h_0_2 += d_z_0 * kernel_transposed_2;
                const vec d_z_1 = vec_splat(tape->dense.d_z[b_plus_1][m]);
                d_h_1_0 += d_z_1 * kernel_transposed_0;
                d_h_1_1 += d_z_1 * kernel_transposed_1;
                d_h_1_2 += d_z_1 * kernel_transposed_2;
                const vec d_z_2 = vec_splat(tape->dense.d_z[b_plus_2][m]);
                d_h_2_0 += d_z_2 * kernel_transposed_0;
                d_h_2_1 += d_z_2 * kernel_transposed_1;
                d_h_2_2 += d_z_2 * kernel_transposed_2;
                const vec d_z_3 = vec_splat(tape->dense.d_z[b_plus_3][m]);
                d_h_3_0 += d_z_3 * kernel_transposed_0;
                d_h_3_1 += d_z_3 * kernel_transposed_1;
                d_h_3_2 += d_z_3 * kernel_transposed_2;
            }
            vec_store(&tape->lstm.d_h[24 % 2][b][n], d_h_0_0);
            vec_store(&tape->lstm.d_h[24 % 2][b][n_plus_1], d_h_0_1);
            vec_store(&tape->lstm.d_h[24 % 2][b][n_plus_2], d_h_0_2);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_1][n], d_h_1_0);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_1][n_plus_1], d_h_1_1);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_1][n_plus_2], d_h_1_2);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_2][n], d_h_2_0);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_2][n_plus_1], d_h_2_1);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_2][n_plus_2], d_h_2_2);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_3][n], d_h_3_0);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_3][n_plus_1], d_h_3_1);
            vec_store(&tape->lstm.d_h[24 % 2][b_plus_3][n_plus_2], d_h_3_2);
        }
    }
#endif
    /* dense.d_bias[n] += dense.d_z[b,n] */
    for (int n = 0; n < REBER_DENSE_UNITS; n += VEC) {
        vec d_bias = vec_load_part(&gradients->dense.bias[n], 8 - n);
        for (int b = 0; b < rows; b++) {
            const vec d_z = vec_load(&tape->dense.d_z[b][n]);
            d_bias += d_z;
        }
        vec_store_part(&gradients->dense.bias[n], d_bias, 8 - n);
    }
}

static void lstm_backward_2(const struct reber_training *restrict training, struct reber_tape *restrict tape,
    struct reber_gradients *restrict gradients, int rows)
{
    /* lstm.d_c[24,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
            const vec d_c = vec_splat(0.0f);
            vec_store(&tape->local.lstm_backward.d_c[24 % 2][b][n], d_c);
        }
    }
    /* lstm.d_recurrent_kernel_sum[k,n] = 0 */
    for (int k = 0; k < REBER_LSTM_UNITS; k++) {
        for (int n = 0; n < 96; n += VEC) {
            const vec d_recurrent_kernel_sum = vec_splat(0.0f);
            vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16], d_recurrent_kernel_sum);
        }
    }
    /* lstm.d_kernel_sum[k,n] = 0 */
    for (int k = 0; k < 8; k++) {
        for (int n = 0; n < 96; n += VEC) {
            const vec d_kernel_sum = vec_splat(0.0f);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16], d_kernel_sum);
        }
    }
    /* lstm.d_h, lstm.d_c: 2 steps are kept, step t at t % 2 */
    for (int t_end = REBER_TIMESTEPS; t_end > 0; t_end -= 4) {
        const int t_start = t_end - 4;
        for (int t = t_end - 1; t >= t_start; t--) {
            /* lstm.d_o[t,b,n] = lstm.d_h[t+1,b,n] * lstm.tanh_c[t,b,n]
             * lstm.d_tanh_c[t,b,n] = lstm.d_h[t+1,b,n] * lstm.o[t,b,n]
             * lstm.d_c[t+1,b,n] += lstm.d_tanh_c[t,b,n] * (1 - lstm.tanh_c[t,b,n] * lstm.tanh_c[t,b,n])
             * lstm.d_f[t,b,n] = lstm.d_c[t+1,b,n] * lstm.c[t,b,n]
             * lstm.d_c[t,b,n] = lstm.d_c[t+1,b,n] * lstm.f[t,b,n]
             * lstm.d_i[t,b,n] = lstm.d_c[t+1,b,n] * lstm.g[t,b,n]
             * lstm.d_g[t,b,n] = lstm.d_c[t+1,b,n] * lstm.i[t,b,n]
             * lstm.d_z[t,b,n+72] = lstm.d_o[t,b,n] * (lstm.o[t,b,n] * (1 - lstm.o[t,b,n]))
             * lstm.d_z[t,b,n+48] = lstm.d_g[t,b,n] * (1 - lstm.g[t,b,n] * lstm.g[t,b,n])
             * lstm.d_z[t,b,n+24] = lstm.d_f[t,b,n] * (lstm.f[t,b,n] * (1 - lstm.f[t,b,n]))
             * lstm.d_z[t,b,n] = lstm.d_i[t,b,n] * (lstm.i[t,b,n] * (1 - lstm.i[t,b,n])) */
            for (int b = 0; b < rows; b++) {
                for (int n = 0; n < REBER_LSTM_UNITS; n += VEC) {
                    const vec d_h_next = vec_load(&tape->lstm.d_h[(t + 1) % 2][b][n]);
                    const vec tanh_c = vec_load(&tape->lstm.tanh_c[t][b][n]);
                    const vec d_o = d_h_next * tanh_c;
                    const vec o = vec_load(&tape->lstm.o[t][b][n]);
                    const vec d_tanh_c = d_h_next * o;
                    vec d_c_next = vec_load(&tape->local.lstm_backward.d_c[(t + 1) % 2][b][n]);
                    d_c_next += d_tanh_c * (1.0f - tanh_c * tanh_c);
                    const vec c = vec_load(&tape->lstm.c[t][b][n]);
                    const vec d_f = d_c_next * c;
                    const vec f = vec_load(&tape->lstm.f[t][b][n]);
                    const vec d_c = d_c_next * f;
                    const vec g = vec_load(&tape->lstm.g[t][b][n]);
                    const vec d_i = d_c_next * g;
                    const vec i = vec_load(&tape->lstm.i[t][b][n]);
                    const vec d_g = d_c_next * i;
                    const vec d_z = d_o * (o * (1.0f - o));
                    const vec d_z_2 = d_g * (1.0f - g * g);
                    const vec d_z_3 = d_f * (f * (1.0f - f));
                    const vec d_z_4 = d_i * (i * (1.0f - i));
                    vec_store(&tape->local.lstm_backward.d_c[(t + 1) % 2][b][n], d_c_next);
                    vec_store(&tape->local.lstm_backward.d_c[t % 2][b][n], d_c);
                    vec_store_part(&tape->local.lstm_backward.d_z[t][b][n + 72], d_z, 24 - n);
                    vec_store_part(&tape->local.lstm_backward.d_z[t][b][n + 48], d_z_2, 24 - n);
                    vec_store_part(&tape->local.lstm_backward.d_z[t][b][n + 24], d_z_3, 24 - n);
                    vec_store_part(&tape->local.lstm_backward.d_z[t][b][n], d_z_4, 24 - n);
                }
            }
            /* lstm.d_h[t,b,n] = 0
             * lstm.d_h[t,b,n] += lstm.d_z[t,b,m] * lstm.recurrent_kernel_transposed[m,n] */
#if VEC == LANES
            for (int n = 0; n < REBER_LSTM_UNITS; n += 2 * VEC) {
                const int n_plus_1 = n + VEC < REBER_LSTM_UNITS ? n + VEC : n;
                for (int b = 0; b < rows; b += 5) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                    const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                    vec d_h_0_0 = vec_splat(0.0f);
                    vec d_h_0_1 = vec_splat(0.0f);
                    vec d_h_1_0 = vec_splat(0.0f);
                    vec d_h_1_1 = vec_splat(0.0f);
                    vec d_h_2_0 = vec_splat(0.0f);
                    vec d_h_2_1 = vec_splat(0.0f);
                    vec d_h_3_0 = vec_splat(0.0f);
                    vec d_h_3_1 = vec_splat(0.0f);
                    vec d_h_4_0 = vec_splat(0.0f);
                    vec d_h_4_1 = vec_splat(0.0f);
                    for (int m = 0; m < 96; m++) {
                        const vec d_z_0 = vec_splat(tape->local.lstm_backward.d_z[t][b][m]);
                        const vec recurrent_kernel_transposed_0 =
                            vec_hold(vec_load(&training->lstm.recurrent_kernel_transposed[n / 16][m][n % 16]));
                        d_h_0_0 += d_z_0 * recurrent_kernel_transposed_0;
                        const vec recurrent_kernel_transposed_1 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_h_0_1 += d_z_0 * recurrent_kernel_transposed_1;
                        const vec d_z_1 = vec_splat(tape->local.lstm_backward.d_z[t][b_plus_1][m]);
                        d_h_1_0 += d_z_1 * recurrent_kernel_transposed_0;
                        d_h_1_1 += d_z_1 * recurrent_kernel_transposed_1;
                        const vec d_z_2 = vec_splat(tape->local.lstm_backward.d_z[t][b_plus_2][m]);
                        d_h_2_0 += d_z_2 * recurrent_kernel_transposed_0;
                        d_h_2_1 += d_z_2 * recurrent_kernel_transposed_1;
                        const vec d_z_3 = vec_splat(tape->local.lstm_backward.d_z[t][b_plus_3][m]);
                        d_h_3_0 += d_z_3 * recurrent_kernel_transposed_0;
                        d_h_3_1 += d_z_3 * recurrent_kernel_transposed_1;
                        const vec d_z_4 = vec_splat(tape->local.lstm_backward.d_z[t][b_plus_4][m]);
                        d_h_4_0 += d_z_4 * recurrent_kernel_transposed_0;
                        d_h_4_1 += d_z_4 * recurrent_kernel_transposed_1;
                    }
                    vec_store(&tape->lstm.d_h[t % 2][b][n], d_h_0_0);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_1], d_h_0_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n], d_h_1_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_1], d_h_1_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n], d_h_2_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_1], d_h_2_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_3][n], d_h_3_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_3][n_plus_1], d_h_3_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_4][n], d_h_4_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_4][n_plus_1], d_h_4_1);
                }
            }
#else
            for (int n = 0; n < REBER_LSTM_UNITS; n += 3 * VEC) {
                const int n_plus_1 = n + VEC < REBER_LSTM_UNITS ? n + VEC : n;
                const int n_plus_2 = n + 2 * VEC < REBER_LSTM_UNITS ? n + 2 * VEC : n;
                for (int b = 0; b < rows; b += 4) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                    vec d_h_0_0 = vec_splat(0.0f);
                    vec d_h_0_1 = vec_splat(0.0f);
                    vec d_h_0_2 = vec_splat(0.0f);
                    vec d_h_1_0 = vec_splat(0.0f);
                    vec d_h_1_1 = vec_splat(0.0f);
                    vec d_h_1_2 = vec_splat(0.0f);
                    vec d_h_2_0 = vec_splat(0.0f);
                    vec d_h_2_1 = vec_splat(0.0f);
                    vec d_h_2_2 = vec_splat(0.0f);
                    vec d_h_3_0 = vec_splat(0.0f);
                    vec d_h_3_1 = vec_splat(0.0f);
                    vec d_h_3_2 = vec_splat(0.0f);
                    for (int m = 0; m < 96; m++) {
                        const vec d_z_0 = vec_splat(tape->local.lstm_backward.d_z[t][b][m]);
                        const vec recurrent_kernel_transposed_0 =
                            vec_hold(vec_load(&training->lstm.recurrent_kernel_transposed[n / 16][m][n % 16]));
                        d_h_0_0 += d_z_0 * recurrent_kernel_transposed_0;
                        const vec recurrent_kernel_transposed_1 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_h_0_1 += d_z_0 * recurrent_kernel_transposed_1;
                        const vec recurrent_kernel_transposed_2 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_2 / 16][m][n_plus_2 % 16]));
                        d_h_0_2 += d_z_0 * recurrent_kernel_transposed_2;
                        const vec d_z_1 = vec_splat(tape->local.lstm_backward.d_z[t][b_plus_1][m]);
                        d_h_1_0 += d_z_1 * recurrent_kernel_transposed_0;
                        d_h_1_1 += d_z_1 * recurrent_kernel_transposed_1;
                        d_h_1_2 += d_z_1 * recurrent_kernel_transposed_2;
                        const vec d_z_2 = vec_splat(tape->local.lstm_backward.d_z[t][b_plus_2][m]);
                        d_h_2_0 += d_z_2 * recurrent_kernel_transposed_0;
                        d_h_2_1 += d_z_2 * recurrent_kernel_transposed_1;
                        d_h_2_2 += d_z_2 * recurrent_kernel_transposed_2;
                        const vec d_z_3 = vec_splat(tape->local.lstm_backward.d_z[t][b_plus_3][m]);
                        d_h_3_0 += d_z_3 * recurrent_kernel_transposed_0;
                        d_h_3_1 += d_z_3 * recurrent_kernel_transposed_1;
                        d_h_3_2 += d_z_3 * recurrent_kernel_transposed_2;
                    }
                    vec_store(&tape->lstm.d_h[t % 2][b][n], d_h_0_0);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_1], d_h_0_1);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_2], d_h_0_2);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n], d_h_1_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_1], d_h_1_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_2], d_h_1_2);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n], d_h_2_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_1], d_h_2_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_2], d_h_2_2);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_3][n], d_h_3_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_3][n_plus_1], d_h_3_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_3][n_plus_2], d_h_3_2);
                }
            }
#endif
        }
        /* lstm.d_recurrent_kernel_sum[k,n] += lstm.d_z[t,b,n] * lstm.h[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < 96; n += 6 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            const int n_plus_5 = n + 5 * VEC;
            for (int k = 0; k < REBER_LSTM_UNITS; k += 4) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                vec d_recurrent_kernel_sum_0_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_4 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_5 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_4 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_5 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_4 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_5 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_4 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_5 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_z_0 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n]));
                        const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                        d_recurrent_kernel_sum_0_0 += d_z_0 * h_0;
                        const vec h_1 = vec_splat(tape->lstm.h[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_1_0 += d_z_0 * h_1;
                        const vec h_2 = vec_splat(tape->lstm.h[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_0 += d_z_0 * h_2;
                        const vec h_3 = vec_splat(tape->lstm.h[t][b][k_plus_3]);
                        d_recurrent_kernel_sum_3_0 += d_z_0 * h_3;
                        const vec d_z_1 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_1]));
                        d_recurrent_kernel_sum_0_1 += d_z_1 * h_0;
                        d_recurrent_kernel_sum_1_1 += d_z_1 * h_1;
                        d_recurrent_kernel_sum_2_1 += d_z_1 * h_2;
                        d_recurrent_kernel_sum_3_1 += d_z_1 * h_3;
                        const vec d_z_2 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_2]));
                        d_recurrent_kernel_sum_0_2 += d_z_2 * h_0;
                        d_recurrent_kernel_sum_1_2 += d_z_2 * h_1;
                        d_recurrent_kernel_sum_2_2 += d_z_2 * h_2;
                        d_recurrent_kernel_sum_3_2 += d_z_2 * h_3;
                        const vec d_z_3 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_3]));
                        d_recurrent_kernel_sum_0_3 += d_z_3 * h_0;
                        d_recurrent_kernel_sum_1_3 += d_z_3 * h_1;
                        d_recurrent_kernel_sum_2_3 += d_z_3 * h_2;
                        d_recurrent_kernel_sum_3_3 += d_z_3 * h_3;
                        const vec d_z_4 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_4]));
                        d_recurrent_kernel_sum_0_4 += d_z_4 * h_0;
                        d_recurrent_kernel_sum_1_4 += d_z_4 * h_1;
                        d_recurrent_kernel_sum_2_4 += d_z_4 * h_2;
                        d_recurrent_kernel_sum_3_4 += d_z_4 * h_3;
                        const vec d_z_5 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_5]));
                        d_recurrent_kernel_sum_0_5 += d_z_5 * h_0;
                        d_recurrent_kernel_sum_1_5 += d_z_5 * h_1;
                        d_recurrent_kernel_sum_2_5 += d_z_5 * h_2;
                        d_recurrent_kernel_sum_3_5 += d_z_5 * h_3;
                    }
                }
                d_recurrent_kernel_sum_0_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
                d_recurrent_kernel_sum_0_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_recurrent_kernel_sum_0_2 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16]);
                d_recurrent_kernel_sum_0_3 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k][n_plus_3 % 16]);
                d_recurrent_kernel_sum_0_4 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k][n_plus_4 % 16]);
                d_recurrent_kernel_sum_0_5 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k][n_plus_5 % 16]);
                d_recurrent_kernel_sum_1_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16]);
                d_recurrent_kernel_sum_1_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_recurrent_kernel_sum_1_2 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16]);
                d_recurrent_kernel_sum_1_3 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_1][n_plus_3 % 16]);
                d_recurrent_kernel_sum_1_4 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k_plus_1][n_plus_4 % 16]);
                d_recurrent_kernel_sum_1_5 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k_plus_1][n_plus_5 % 16]);
                d_recurrent_kernel_sum_2_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16]);
                d_recurrent_kernel_sum_2_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_2 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16]);
                d_recurrent_kernel_sum_2_3 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_2][n_plus_3 % 16]);
                d_recurrent_kernel_sum_2_4 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k_plus_2][n_plus_4 % 16]);
                d_recurrent_kernel_sum_2_5 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k_plus_2][n_plus_5 % 16]);
                d_recurrent_kernel_sum_3_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16]);
                d_recurrent_kernel_sum_3_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_recurrent_kernel_sum_3_2 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16]);
                d_recurrent_kernel_sum_3_3 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_3][n_plus_3 % 16]);
                d_recurrent_kernel_sum_3_4 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k_plus_3][n_plus_4 % 16]);
                d_recurrent_kernel_sum_3_5 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k_plus_3][n_plus_5 % 16]);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16],
                    d_recurrent_kernel_sum_0_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16],
                    d_recurrent_kernel_sum_0_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16],
                    d_recurrent_kernel_sum_0_2);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k][n_plus_3 % 16],
                    d_recurrent_kernel_sum_0_3);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k][n_plus_4 % 16],
                    d_recurrent_kernel_sum_0_4);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k][n_plus_5 % 16],
                    d_recurrent_kernel_sum_0_5);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16],
                    d_recurrent_kernel_sum_1_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_recurrent_kernel_sum_1_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16],
                    d_recurrent_kernel_sum_1_2);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_1][n_plus_3 % 16],
                    d_recurrent_kernel_sum_1_3);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k_plus_1][n_plus_4 % 16],
                    d_recurrent_kernel_sum_1_4);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k_plus_1][n_plus_5 % 16],
                    d_recurrent_kernel_sum_1_5);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16],
                    d_recurrent_kernel_sum_2_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16],
                    d_recurrent_kernel_sum_2_2);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_2][n_plus_3 % 16],
                    d_recurrent_kernel_sum_2_3);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k_plus_2][n_plus_4 % 16],
                    d_recurrent_kernel_sum_2_4);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k_plus_2][n_plus_5 % 16],
                    d_recurrent_kernel_sum_2_5);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16],
                    d_recurrent_kernel_sum_3_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_recurrent_kernel_sum_3_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16],
                    d_recurrent_kernel_sum_3_2);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_3][n_plus_3 % 16],
                    d_recurrent_kernel_sum_3_3);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_4 / 16][k_plus_3][n_plus_4 % 16],
                    d_recurrent_kernel_sum_3_4);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_5 / 16][k_plus_3][n_plus_5 % 16],
                    d_recurrent_kernel_sum_3_5);
            }
        }
#else
        for (int n = 0; n < 96; n += 4 * VEC) {
            const int n_plus_1 = n + VEC < 96 ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < 96 ? n + 2 * VEC : n;
            const int n_plus_3 = n + 3 * VEC < 96 ? n + 3 * VEC : n;
            for (int k = 0; k < REBER_LSTM_UNITS; k += 3) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                vec d_recurrent_kernel_sum_0_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_z_0 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n]));
                        const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                        d_recurrent_kernel_sum_0_0 += d_z_0 * h_0;
                        const vec h_1 = vec_splat(tape->lstm.h[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_1_0 += d_z_0 * h_1;
                        const vec h_2 = vec_splat(tape->lstm.h[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_0 += d_z_0 * h_2;
                        const vec d_z_1 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_1]));
                        d_recurrent_kernel_sum_0_1 += d_z_1 * h_0;
                        d_recurrent_kernel_sum_1_1 += d_z_1 * h_1;
                        d_recurrent_kernel_sum_2_1 += d_z_1 * h_2;
                        const vec d_z_2 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_2]));
                        d_recurrent_kernel_sum_0_2 += d_z_2 * h_0;
                        d_recurrent_kernel_sum_1_2 += d_z_2 * h_1;
                        d_recurrent_kernel_sum_2_2 += d_z_2 * h_2;
                        const vec d_z_3 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_3]));
                        d_recurrent_kernel_sum_0_3 += d_z_3 * h_0;
                        d_recurrent_kernel_sum_1_3 += d_z_3 * h_1;
                        d_recurrent_kernel_sum_2_3 += d_z_3 * h_2;
                    }
                }
                d_recurrent_kernel_sum_0_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
                d_recurrent_kernel_sum_0_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_recurrent_kernel_sum_0_2 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16]);
                d_recurrent_kernel_sum_0_3 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k][n_plus_3 % 16]);
                d_recurrent_kernel_sum_1_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16]);
                d_recurrent_kernel_sum_1_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_recurrent_kernel_sum_1_2 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16]);
                d_recurrent_kernel_sum_1_3 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_1][n_plus_3 % 16]);
                d_recurrent_kernel_sum_2_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16]);
                d_recurrent_kernel_sum_2_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_2 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16]);
                d_recurrent_kernel_sum_2_3 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_2][n_plus_3 % 16]);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16],
                    d_recurrent_kernel_sum_0_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16],
                    d_recurrent_kernel_sum_0_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16],
                    d_recurrent_kernel_sum_0_2);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k][n_plus_3 % 16],
                    d_recurrent_kernel_sum_0_3);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16],
                    d_recurrent_kernel_sum_1_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_recurrent_kernel_sum_1_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16],
                    d_recurrent_kernel_sum_1_2);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_1][n_plus_3 % 16],
                    d_recurrent_kernel_sum_1_3);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16],
                    d_recurrent_kernel_sum_2_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16],
                    d_recurrent_kernel_sum_2_2);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_3 / 16][k_plus_2][n_plus_3 % 16],
                    d_recurrent_kernel_sum_2_3);
            }
        }
#endif
        /* lstm.d_kernel_sum[k,n] += lstm.d_z[t,b,n] * embedding.y[t,b,k] */
        for (int n = 0; n < 96; n += VEC) {
            vec d_kernel_sum_0 = vec_splat(0.0f);
            vec d_kernel_sum_1 = vec_splat(0.0f);
            vec d_kernel_sum_2 = vec_splat(0.0f);
            vec d_kernel_sum_3 = vec_splat(0.0f);
            vec d_kernel_sum_4 = vec_splat(0.0f);
            vec d_kernel_sum_5 = vec_splat(0.0f);
            vec d_kernel_sum_6 = vec_splat(0.0f);
            vec d_kernel_sum_7 = vec_splat(0.0f);
            for (int t = t_start; t < t_end; t++) {
                for (int b = 0; b < rows; b++) {
                    const vec d_z = vec_load(&tape->local.lstm_backward.d_z[t][b][n]);
                    const vec y_0 = vec_splat(tape->embedding.y[t][b][0]);
                    d_kernel_sum_0 += d_z * y_0;
                    const vec y_1 = vec_splat(tape->embedding.y[t][b][1]);
                    d_kernel_sum_1 += d_z * y_1;
                    const vec y_2 = vec_splat(tape->embedding.y[t][b][2]);
                    d_kernel_sum_2 += d_z * y_2;
                    const vec y_3 = vec_splat(tape->embedding.y[t][b][3]);
                    d_kernel_sum_3 += d_z * y_3;
                    const vec y_4 = vec_splat(tape->embedding.y[t][b][4]);
                    d_kernel_sum_4 += d_z * y_4;
                    const vec y_5 = vec_splat(tape->embedding.y[t][b][5]);
                    d_kernel_sum_5 += d_z * y_5;
                    const vec y_6 = vec_splat(tape->embedding.y[t][b][6]);
                    d_kernel_sum_6 += d_z * y_6;
                    const vec y_7 = vec_splat(tape->embedding.y[t][b][7]);
                    d_kernel_sum_7 += d_z * y_7;
                }
            }
            d_kernel_sum_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][0][n % 16]);
            d_kernel_sum_1 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][1][n % 16]);
            d_kernel_sum_2 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][2][n % 16]);
            d_kernel_sum_3 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][3][n % 16]);
            d_kernel_sum_4 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][4][n % 16]);
            d_kernel_sum_5 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][5][n % 16]);
            d_kernel_sum_6 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][6][n % 16]);
            d_kernel_sum_7 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][7][n % 16]);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][0][n % 16], d_kernel_sum_0);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][1][n % 16], d_kernel_sum_1);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][2][n % 16], d_kernel_sum_2);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][3][n % 16], d_kernel_sum_3);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][4][n % 16], d_kernel_sum_4);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][5][n % 16], d_kernel_sum_5);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][6][n % 16], d_kernel_sum_6);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][7][n % 16], d_kernel_sum_7);
        }
        /* embedding.d_y[t,b,n] = 0 */
        for (int t = t_start; t < t_end; t++) {
            for (int b = 0; b < rows; b++) {
                for (int n = 0; n < 8; n += VEC) {
                    const vec d_y = vec_splat(0.0f);
                    vec_store(&tape->embedding.d_y[t][b][n], d_y);
                }
            }
        }
    }
    /* lstm.d_kernel[k,n] += lstm.d_kernel_sum[k,n] */
    for (int k = 0; k < 8; k++) {
        for (int n = 0; n < 96; n += VEC) {
            const vec d_kernel_sum = vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16]);
            vec d_kernel = vec_load(&gradients->lstm.kernel[k][n]);
            d_kernel += d_kernel_sum;
            vec_store(&gradients->lstm.kernel[k][n], d_kernel);
        }
    }
    /* lstm.d_recurrent_kernel[k,n] += lstm.d_recurrent_kernel_sum[k,n] */
    for (int k = 0; k < REBER_LSTM_UNITS; k++) {
        for (int n = 0; n < 96; n += VEC) {
            const vec d_recurrent_kernel_sum =
                vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
            vec d_recurrent_kernel = vec_load(&gradients->lstm.recurrent_kernel[k][n]);
            d_recurrent_kernel += d_recurrent_kernel_sum;
            vec_store(&gradients->lstm.recurrent_kernel[k][n], d_recurrent_kernel);
        }
    }
    /* embedding.d_y[t,b,k] += lstm.d_z[t,b,n] * lstm.kernel_transposed[k,n] */
    for (int t = 0; t < REBER_TIMESTEPS; t++) {
        for (int k = 0; k < 8; k++) {
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                vec sum_of_d_y_0 = vec_splat(0.0f);
                vec sum_of_d_y_1 = vec_splat(0.0f);
                vec sum_of_d_y_2 = vec_splat(0.0f);
                vec sum_of_d_y_3 = vec_splat(0.0f);
                int n = 0;
                for (; n + VEC <= 96; n += VEC) {
                    const vec d_z_0 = vec_load(&tape->local.lstm_backward.d_z[t][b][n]);
                    const vec kernel_transposed = vec_load(&training->lstm.kernel_transposed[k][n]);
                    const vec d_z_1 = vec_load(&tape->local.lstm_backward.d_z[t][b_plus_1][n]);
                    const vec d_z_2 = vec_load(&tape->local.lstm_backward.d_z[t][b_plus_2][n]);
                    const vec d_z_3 = vec_load(&tape->local.lstm_backward.d_z[t][b_plus_3][n]);
                    sum_of_d_y_0 += d_z_0 * kernel_transposed;
                    sum_of_d_y_1 += d_z_1 * kernel_transposed;
                    sum_of_d_y_2 += d_z_2 * kernel_transposed;
                    sum_of_d_y_3 += d_z_3 * kernel_transposed;
                }
                const float d_y_0 = tape->embedding.d_y[t][b][k] + vec_sum(sum_of_d_y_0);
                const float d_y_1 = tape->embedding.d_y[t][b_plus_1][k] + vec_sum(sum_of_d_y_1);
                const float d_y_2 = tape->embedding.d_y[t][b_plus_2][k] + vec_sum(sum_of_d_y_2);
                const float d_y_3 = tape->embedding.d_y[t][b_plus_3][k] + vec_sum(sum_of_d_y_3);
                tape->embedding.d_y[t][b][k] = d_y_0;
                tape->embedding.d_y[t][b_plus_1][k] = d_y_1;
                tape->embedding.d_y[t][b_plus_2][k] = d_y_2;
                tape->embedding.d_y[t][b_plus_3][k] = d_y_3;
            }
        }
    }
    /* lstm.d_bias[n] += lstm.d_z[t,b,n] */
    for (int t_start = 0; t_start < REBER_TIMESTEPS; t_start += 10) {
        const int t_end = t_start + 10 < 24 ? t_start + 10 : 24;
        for (int n = 0; n < 96; n += 3 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            vec d_bias_0 = vec_splat(0.0f);
            vec d_bias_1 = vec_splat(0.0f);
            vec d_bias_2 = vec_splat(0.0f);
            for (int t = t_start; t < t_end; t++) {
                for (int b = 0; b < rows; b++) {
                    const vec d_z_0 = vec_load(&tape->local.lstm_backward.d_z[t][b][n]);
                    d_bias_0 += d_z_0;
                    const vec d_z_1 = vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_1]);
                    d_bias_1 += d_z_1;
                    const vec d_z_2 = vec_load(&tape->local.lstm_backward.d_z[t][b][n_plus_2]);
                    d_bias_2 += d_z_2;
                }
            }
            d_bias_0 += vec_load(&gradients->lstm.bias[n]);
            d_bias_1 += vec_load(&gradients->lstm.bias[n_plus_1]);
            d_bias_2 += vec_load(&gradients->lstm.bias[n_plus_2]);
            vec_store(&gradients->lstm.bias[n], d_bias_0);
            vec_store(&gradients->lstm.bias[n_plus_1], d_bias_1);
            vec_store(&gradients->lstm.bias[n_plus_2], d_bias_2);
        }
    }
}

static void reber_backward_with(const struct reber_training *restrict training, struct reber_tape *restrict tape,
    struct reber_gradients *restrict gradients)
{
    const int rows = tape->rows;
    model_backward(tape, gradients, rows);
    lstm_backward(training, tape, gradients, rows);
    lstm_backward_2(training, tape, gradients, rows);
    /* embedding.d_embeddings[x[b,t],n] += embedding.d_y[t,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < REBER_TIMESTEPS; t++) {
            for (int n = 0; n < 8; n += VEC) {
                const vec d_y = vec_load(&tape->embedding.d_y[t][b][n]);
                vec d_embeddings =
                    vec_load_part(&gradients->embedding.embeddings[clamped(tape->input[b][t], 8)][n], 8 - n);
                d_embeddings += d_y;
                vec_store_part(&gradients->embedding.embeddings[clamped(tape->input[b][t], 8)][n], d_embeddings, 8 - n);
            }
        }
    }
}

static void reber_carry_with(struct reber_tape *restrict tape)
{
    const int rows = tape->rows;
    /* lstm.h[0,b,n] = lstm.h[24,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_LSTM_UNITS; n++) {
            tape->lstm.h[0][b][n] = tape->lstm.h[24][b][n];
        }
    }
    /* lstm.c[0,b,n] = lstm.c[24,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < REBER_LSTM_UNITS; n++) {
            tape->lstm.c[0][b][n] = tape->lstm.c[24][b][n];
        }
    }
}

#undef LANES
#undef LSTMC_VEC_H
#undef VEC_FUNCTION
#undef VEC
#undef LSTMC_TRANSPOSE_H
#undef VEC_LOWER_LANES
#undef VEC_UPPER_LANES
#undef VEC_IN_TURNS
#undef LSTMC_MATH_H

#endif
