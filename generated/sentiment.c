/* sentiment.c: written by lstmc 0.1 from sentiment.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   tokens[200] -> Embedding[200, 32] -> LSTM[100] -> Dense[1]
 *   213 301 weights   step: 52 900 mul-adds, 501 activations
 *   tape 674 KB a row   state 1.8 KB   scratch 339 KB   16 lanes
 */
#ifndef SENTIMENT_ISA

#include "sentiment.h"

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
 * SENTIMENT_VEC_MAX, a macro: floats of the widest vector that there is a body for beside that one; 4: none. */
#ifndef SENTIMENT_VEC_MAX
#define SENTIMENT_VEC_MAX 16
#endif

/* What a body defines is called so: sentiment__vec_load_avx2. */
#define SENTIMENT_JOINED(name, isa) name##_##isa
#define SENTIMENT_JOIN(name, isa) SENTIMENT_JOINED(name, isa)
#define SENTIMENT_NAME(name) SENTIMENT_JOIN(name, SENTIMENT_ISA)
#define vec SENTIMENT_NAME(sentiment__vec)
#define vec_mask SENTIMENT_NAME(sentiment__vec_mask)
#define vec_memory SENTIMENT_NAME(sentiment__vec_memory)
#define vec_load(...) SENTIMENT_NAME(sentiment__vec_load)(__VA_ARGS__)
#define vec_store(...) SENTIMENT_NAME(sentiment__vec_store)(__VA_ARGS__)
#define vec_splat(...) SENTIMENT_NAME(sentiment__vec_splat)(__VA_ARGS__)
#define vec_keep(...) SENTIMENT_NAME(sentiment__vec_keep)(__VA_ARGS__)
#define vec_hold(...) SENTIMENT_NAME(sentiment__vec_hold)(__VA_ARGS__)
#define vec_select(...) SENTIMENT_NAME(sentiment__vec_select)(__VA_ARGS__)
#define vec_load_part(...) SENTIMENT_NAME(sentiment__vec_load_part)(__VA_ARGS__)
#define vec_store_part(...) SENTIMENT_NAME(sentiment__vec_store_part)(__VA_ARGS__)
#define vec_sum(...) SENTIMENT_NAME(sentiment__vec_sum)(__VA_ARGS__)
#define vec_maximum(...) SENTIMENT_NAME(sentiment__vec_maximum)(__VA_ARGS__)
#define vec_minimum(...) SENTIMENT_NAME(sentiment__vec_minimum)(__VA_ARGS__)
#define vec_largest(...) SENTIMENT_NAME(sentiment__vec_largest)(__VA_ARGS__)
#define vec_iota(...) SENTIMENT_NAME(sentiment__vec_iota)(__VA_ARGS__)
#define vec_absolute(...) SENTIMENT_NAME(sentiment__vec_absolute)(__VA_ARGS__)
#define vec_greater(...) SENTIMENT_NAME(sentiment__vec_greater)(__VA_ARGS__)
#define vec_equal(...) SENTIMENT_NAME(sentiment__vec_equal)(__VA_ARGS__)
#define vec_where(...) SENTIMENT_NAME(sentiment__vec_where)(__VA_ARGS__)
#define vec_sqrt(...) SENTIMENT_NAME(sentiment__vec_sqrt)(__VA_ARGS__)
#define vec_between(...) SENTIMENT_NAME(sentiment__vec_between)(__VA_ARGS__)
#define vec_clamp(...) SENTIMENT_NAME(sentiment__vec_clamp)(__VA_ARGS__)
#define vec_transpose(...) SENTIMENT_NAME(sentiment__vec_transpose)(__VA_ARGS__)
#define vec_reduced_expm1(...) SENTIMENT_NAME(sentiment__vec_reduced_expm1)(__VA_ARGS__)
#define vec_power_of_two(...) SENTIMENT_NAME(sentiment__vec_power_of_two)(__VA_ARGS__)
#define vec_exp(...) SENTIMENT_NAME(sentiment__vec_exp)(__VA_ARGS__)
#define vec_expm1(...) SENTIMENT_NAME(sentiment__vec_expm1)(__VA_ARGS__)
#define vec_log(...) SENTIMENT_NAME(sentiment__vec_log)(__VA_ARGS__)
#define vec_tanh_precise(...) SENTIMENT_NAME(sentiment__vec_tanh_precise)(__VA_ARGS__)
#define vec_sigmoid_precise(...) SENTIMENT_NAME(sentiment__vec_sigmoid_precise)(__VA_ARGS__)
#define vec_sigmoid_slope(...) SENTIMENT_NAME(sentiment__vec_sigmoid_slope)(__VA_ARGS__)
#define vec_tanh_slope(...) SENTIMENT_NAME(sentiment__vec_tanh_slope)(__VA_ARGS__)
#define vec_log1p(...) SENTIMENT_NAME(sentiment__vec_log1p)(__VA_ARGS__)
#define vec_softplus(...) SENTIMENT_NAME(sentiment__vec_softplus)(__VA_ARGS__)
#define vec_erf_near(...) SENTIMENT_NAME(sentiment__vec_erf_near)(__VA_ARGS__)
#define vec_erfc_far(...) SENTIMENT_NAME(sentiment__vec_erfc_far)(__VA_ARGS__)
#define vec_erf(...) SENTIMENT_NAME(sentiment__vec_erf)(__VA_ARGS__)
#define vec_erfc(...) SENTIMENT_NAME(sentiment__vec_erfc)(__VA_ARGS__)
#define vec_within(...) SENTIMENT_NAME(sentiment__vec_within)(__VA_ARGS__)
#define vec_tanh(...) SENTIMENT_NAME(sentiment__vec_tanh)(__VA_ARGS__)
#define vec_sigmoid(...) SENTIMENT_NAME(sentiment__vec_sigmoid)(__VA_ARGS__)
#define clamped(...) SENTIMENT_NAME(sentiment__clamped)(__VA_ARGS__)
#define touches_rows(...) SENTIMENT_NAME(sentiment__touches_rows)(__VA_ARGS__)
#define sigmoid(...) SENTIMENT_NAME(sentiment__sigmoid)(__VA_ARGS__)
#define softplus(...) SENTIMENT_NAME(sentiment__softplus)(__VA_ARGS__)
#define sigmoid_slope(...) SENTIMENT_NAME(sentiment__sigmoid_slope)(__VA_ARGS__)
#define lstm_prepare(...) SENTIMENT_NAME(sentiment__lstm_prepare)(__VA_ARGS__)
#define sentiment_prepare_with(...) SENTIMENT_NAME(sentiment_prepare_with)(__VA_ARGS__)
#define lstm_predict(...) SENTIMENT_NAME(sentiment__lstm_predict)(__VA_ARGS__)
#define dense_predict(...) SENTIMENT_NAME(sentiment__dense_predict)(__VA_ARGS__)
#define sentiment_predict_with(...) SENTIMENT_NAME(sentiment_predict_with)(__VA_ARGS__)
#define lstm_predict_batch(...) SENTIMENT_NAME(sentiment__lstm_predict_batch)(__VA_ARGS__)
#define dense_predict_batch(...) SENTIMENT_NAME(sentiment__dense_predict_batch)(__VA_ARGS__)
#define sentiment_predict_batch_with(...) SENTIMENT_NAME(sentiment_predict_batch_with)(__VA_ARGS__)
#define sentiment_step_memory SENTIMENT_NAME(sentiment_step_memory)
#define sentiment_reset_with(...) SENTIMENT_NAME(sentiment_reset_with)(__VA_ARGS__)
#define lstm_step(...) SENTIMENT_NAME(sentiment__lstm_step)(__VA_ARGS__)
#define dense_step(...) SENTIMENT_NAME(sentiment__dense_step)(__VA_ARGS__)
#define sentiment_step_with(...) SENTIMENT_NAME(sentiment_step_with)(__VA_ARGS__)
#define sentiment_prepare_training_with(...) SENTIMENT_NAME(sentiment_prepare_training_with)(__VA_ARGS__)
#define sentiment_prepare_range_with(...) SENTIMENT_NAME(sentiment_prepare_range_with)(__VA_ARGS__)
#define sentiment_reset_tape_with(...) SENTIMENT_NAME(sentiment_reset_tape_with)(__VA_ARGS__)
#define lstm_forward(...) SENTIMENT_NAME(sentiment__lstm_forward)(__VA_ARGS__)
#define dense_forward(...) SENTIMENT_NAME(sentiment__dense_forward)(__VA_ARGS__)
#define sentiment_forward_with(...) SENTIMENT_NAME(sentiment_forward_with)(__VA_ARGS__)
#define sentiment_loss_with(...) SENTIMENT_NAME(sentiment_loss_with)(__VA_ARGS__)
#define dense_backward(...) SENTIMENT_NAME(sentiment__dense_backward)(__VA_ARGS__)
#define lstm_backward(...) SENTIMENT_NAME(sentiment__lstm_backward)(__VA_ARGS__)
#define lstm_backward_2(...) SENTIMENT_NAME(sentiment__lstm_backward_2)(__VA_ARGS__)
#define sentiment_backward_with(...) SENTIMENT_NAME(sentiment_backward_with)(__VA_ARGS__)
#define sentiment_carry_with(...) SENTIMENT_NAME(sentiment_carry_with)(__VA_ARGS__)

#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && SENTIMENT_VEC_MAX >= 8 \
    && !(defined(__AVX2__) && defined(__FMA__))
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LSTMC_VEC 8
#define SENTIMENT_ISA avx2
#include "sentiment.c"
#undef SENTIMENT_ISA
#undef LSTMC_VEC
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#define SENTIMENT_IF_AVX2(call) __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? call :
#else
#define SENTIMENT_IF_AVX2(call)
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && SENTIMENT_VEC_MAX >= 16 \
    && !defined(__AVX512F__)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx2,fma")
#endif
#define LSTMC_VEC 16
#define SENTIMENT_ISA avx512
#include "sentiment.c"
#undef SENTIMENT_ISA
#undef LSTMC_VEC
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#define SENTIMENT_IF_AVX512(call) __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? call :
#else
#define SENTIMENT_IF_AVX512(call)
#endif

#define SENTIMENT_ISA baseline
#include "sentiment.c"
#undef SENTIMENT_ISA

/* The best body that the processor can run; asking costs a load and a test, at each call. In a constructor that runs before the
 * compiler's own it is the baseline. */
#define SENTIMENT_CALL(name, arguments) \
    (SENTIMENT_IF_AVX512(name##_avx512 arguments) SENTIMENT_IF_AVX2(name##_avx2 arguments) name##_baseline arguments)

void sentiment_prepare(struct sentiment_packed *restrict packed, const struct sentiment_weights *restrict weights)
{
    SENTIMENT_CALL(sentiment_prepare_with, (packed, weights));
}

void sentiment_predict(const struct sentiment_packed *restrict packed, struct sentiment_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    SENTIMENT_CALL(sentiment_predict_with, (packed->weights, packed, scratch, x, y));
}

void sentiment_predict_batch(const struct sentiment_packed *restrict packed,
    struct sentiment_batch_scratch *restrict scratch, const int32_t *restrict x, int rows, float *restrict y)
{
    SENTIMENT_CALL(sentiment_predict_batch_with, (packed->weights, packed, scratch, x, rows, y));
}

void sentiment_reset(const struct sentiment_packed *restrict packed, struct sentiment_state *restrict state)
{
    SENTIMENT_CALL(sentiment_reset_with, (packed, state));
}

int sentiment_step(const struct sentiment_packed *restrict packed, struct sentiment_state *restrict state,
    const int32_t *restrict x, float *restrict y)
{
    return SENTIMENT_CALL(sentiment_step_with, (packed->weights, packed, state, x, y));
}

void sentiment_prepare_training(struct sentiment_training *restrict training,
    const struct sentiment_weights *restrict weights)
{
    SENTIMENT_CALL(sentiment_prepare_training_with, (training, weights));
}

void sentiment_prepare_range(struct sentiment_training *restrict training,
    const struct sentiment_weights *restrict weights, size_t first, size_t count)
{
    SENTIMENT_CALL(sentiment_prepare_range_with, (training, weights, first, count));
}

void sentiment_reset_tape(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape)
{
    SENTIMENT_CALL(sentiment_reset_tape_with, (training, tape));
}

void sentiment_forward(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape,
    const int32_t *restrict x, int rows, uint64_t seed)
{
    SENTIMENT_CALL(sentiment_forward_with, (training->weights, training, tape, x, rows, seed));
}

float sentiment_loss(struct sentiment_tape *restrict tape, const float *restrict target,
    const float *restrict sample_weight, float scale)
{
    return SENTIMENT_CALL(sentiment_loss_with, (tape, target, sample_weight, scale));
}

void sentiment_backward(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape,
    struct sentiment_gradients *restrict gradients)
{
    SENTIMENT_CALL(sentiment_backward_with, (training, tape, gradients));
}

void sentiment_carry(struct sentiment_tape *restrict tape)
{
    SENTIMENT_CALL(sentiment_carry_with, (tape));
}

static const struct lstmc_tensor sentiment_weight_tensors[] = {
    {
        .name = "embedding/embeddings", .rank = 2, .shape = { 5000, 32 },
        .offset = offsetof(struct sentiment_weights, embedding.embeddings) / sizeof(float), .count = 160000,
            .trainable = 1,
        .initializer = { .kind = LSTMC_UNIFORM, .a = -0.05f, .b = 0.05f },
    },
    {
        .name = "lstm/kernel", .rank = 2, .shape = { 32, 400 },
        .offset = offsetof(struct sentiment_weights, lstm.kernel) / sizeof(float), .count = 12800, .trainable = 1,
        .initializer = { .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f },
    },
    {
        .name = "lstm/recurrent_kernel", .rank = 2, .shape = { 100, 400 },
        .offset = offsetof(struct sentiment_weights, lstm.recurrent_kernel) / sizeof(float), .count = 40000,
            .trainable = 1,
        .initializer = { .kind = LSTMC_ORTHOGONAL, .a = 1.0f },
    },
    {
        .name = "lstm/bias", .rank = 1, .shape = { 400 },
        .offset = offsetof(struct sentiment_weights, lstm.bias) / sizeof(float), .count = 400, .trainable = 1,
        .initializer = { .kind = LSTMC_CONSTANT, .a = 0.0f, .ones_begin = 100, .ones_end = 200 },
    },
    {
        .name = "dense/kernel", .rank = 2, .shape = { 100, 1 },
        .offset = offsetof(struct sentiment_weights, dense.kernel) / sizeof(float), .count = 100, .trainable = 1,
        .initializer = { .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f },
    },
    {
        .name = "dense/bias", .rank = 1, .shape = { 1 },
        .offset = offsetof(struct sentiment_weights, dense.bias) / sizeof(float), .count = 1, .trainable = 1,
        .initializer = { .kind = LSTMC_CONSTANT, .a = 0.0f },
    },
};

static const struct lstmc_tensor sentiment_tape_tensors[] = {
    {
        .name = "embedding.y", .rank = 3, .shape = { 200, 32, 32 },
        .offset = offsetof(struct sentiment_tape, embedding.y) / sizeof(float), .count = 204800,
    },
    {
        .name = "lstm.h", .rank = 3, .shape = { 201, 32, 112 },
        .offset = offsetof(struct sentiment_tape, lstm.h) / sizeof(float), .count = 720384,
        .padding = 12,
        .carried = 1,
    },
    {
        .name = "lstm.c", .rank = 3, .shape = { 201, 32, 112 },
        .offset = offsetof(struct sentiment_tape, lstm.c) / sizeof(float), .count = 720384,
        .padding = 12,
        .carried = 1,
    },
    {
        .name = "lstm.i", .rank = 3, .shape = { 200, 32, 112 },
        .offset = offsetof(struct sentiment_tape, lstm.i) / sizeof(float), .count = 716800,
        .padding = 12,
    },
    {
        .name = "lstm.f", .rank = 3, .shape = { 200, 32, 112 },
        .offset = offsetof(struct sentiment_tape, lstm.f) / sizeof(float), .count = 716800,
        .padding = 12,
    },
    {
        .name = "lstm.g", .rank = 3, .shape = { 200, 32, 112 },
        .offset = offsetof(struct sentiment_tape, lstm.g) / sizeof(float), .count = 716800,
        .padding = 12,
    },
    {
        .name = "lstm.o", .rank = 3, .shape = { 200, 32, 112 },
        .offset = offsetof(struct sentiment_tape, lstm.o) / sizeof(float), .count = 716800,
        .padding = 12,
    },
    {
        .name = "lstm.tanh_c", .rank = 3, .shape = { 200, 32, 112 },
        .offset = offsetof(struct sentiment_tape, lstm.tanh_c) / sizeof(float), .count = 716800,
        .padding = 12,
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

static void sentiment_prepare_thunk(void *packed, const void *weights)
{
    sentiment_prepare(packed, weights);
}

static void sentiment_predict_thunk(const void *packed, void *scratch, const void *x, float *y)
{
    sentiment_predict(packed, scratch, x, y);
}

static void sentiment_predict_batch_thunk(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    sentiment_predict_batch(packed, scratch, x, rows, y);
}

static void sentiment_reset_thunk(const void *packed, void *state)
{
    sentiment_reset(packed, state);
}

static int sentiment_step_thunk(const void *packed, void *state, const void *x, float *y)
{
    return sentiment_step(packed, state, x, y);
}

static void sentiment_prepare_training_thunk(void *training, const void *weights)
{
    sentiment_prepare_training(training, weights);
}

static void sentiment_reset_tape_thunk(const void *training, void *tape)
{
    sentiment_reset_tape(training, tape);
}

static void sentiment_forward_thunk(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    sentiment_forward(training, tape, x, rows, seed);
}

static void sentiment_backward_thunk(const void *training, void *tape, void *gradients)
{
    sentiment_backward(training, tape, gradients);
}

static void sentiment_carry_thunk(void *tape)
{
    sentiment_carry(tape);
}

static void sentiment_prepare_range_thunk(void *training, const void *weights, size_t first, size_t count)
{
    sentiment_prepare_range(training, weights, first, count);
}

static float sentiment_loss_thunk(void *tape, const void *target, const float *sample_weight, float scale)
{
    return sentiment_loss(tape, target, sample_weight, scale);
}

const struct lstmc_model sentiment_model = {
    .name = "sentiment", .source = "sentiment.lua", .version = "0.1",
    .fingerprint = UINT64_C(0xe09b98ad855d34e2),
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
    .weights = sentiment_weight_tensors, .weight_tensors = 6,
    .weight_count = 213301, .gradient_count = 213301,
    .tape_tensors = sentiment_tape_tensors, .tape_tensor_count = 15,
    .packed_bytes = sizeof(struct sentiment_packed), .scratch_bytes = sizeof(struct sentiment_scratch),
    .batch_scratch_bytes = sizeof(struct sentiment_batch_scratch),
    .prepare = sentiment_prepare_thunk, .predict = sentiment_predict_thunk,
        .predict_batch = sentiment_predict_batch_thunk,
    .state_bytes = sizeof(struct sentiment_state), .reset = sentiment_reset_thunk, .step = sentiment_step_thunk,
    .output_offset = offsetof(struct sentiment_tape, output),
        .first_row_offset = offsetof(struct sentiment_tape, first_row),
    .training_bytes = sizeof(struct sentiment_training), .tape_bytes = sizeof(struct sentiment_tape),
    .prepare_training = sentiment_prepare_training_thunk, .reset_tape = sentiment_reset_tape_thunk,
        .forward = sentiment_forward_thunk,
    .backward = sentiment_backward_thunk, .carry = sentiment_carry_thunk,
    .prepare_range = sentiment_prepare_range_thunk,
    .d_output_offset = offsetof(struct sentiment_tape, d_output),
    .loss_function = sentiment_loss_thunk,
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
#undef sigmoid
#undef softplus
#undef sigmoid_slope
#undef lstm_prepare
#undef sentiment_prepare_with
#undef lstm_predict
#undef dense_predict
#undef sentiment_predict_with
#undef lstm_predict_batch
#undef dense_predict_batch
#undef sentiment_predict_batch_with
#undef sentiment_step_memory
#undef sentiment_reset_with
#undef lstm_step
#undef dense_step
#undef sentiment_step_with
#undef sentiment_prepare_training_with
#undef sentiment_prepare_range_with
#undef sentiment_reset_tape_with
#undef lstm_forward
#undef dense_forward
#undef sentiment_forward_with
#undef sentiment_loss_with
#undef dense_backward
#undef lstm_backward
#undef lstm_backward_2
#undef sentiment_backward_with
#undef sentiment_carry_with
#undef SENTIMENT_IF_AVX2
#undef SENTIMENT_IF_AVX512
#undef SENTIMENT_JOINED
#undef SENTIMENT_JOIN
#undef SENTIMENT_NAME
#undef SENTIMENT_CALL

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

static inline float sigmoid(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

/* log(1 + exp(v)) without overflow */
static inline float softplus(float v)
{
    return (v > 0.0f ? v : 0.0f) + log1pf(expf(-fabsf(v)));
}

/* the derivative of sigmoid: y * (1 - y) without the cancellation */
static inline float sigmoid_slope(float v)
{
    const float e = expf(-fabsf(v)), sum = 1.0f + e;
    return e / (sum * sum);
}

/* Static functions have the weights as a parameter of their own: of a parameter compilers know that no write changes
 * it. */

static void lstm_prepare(const struct sentiment_weights *restrict weights, struct sentiment_packed *restrict packed)
{
    /* lstm.bias[n] = lstm.bias[n] */
    for (int n = 0; n < 400; n += VEC) {
        const vec bias = vec_load(&weights->lstm.bias[n]);
        vec_store(&packed->lstm.bias[n], bias);
    }
    /* lstm.kernel[k,n] = lstm.kernel[k,n] */
    for (int n = 0; n < 400; n += VEC) {
        for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
            const vec kernel = vec_load(&weights->lstm.kernel[k][n]);
            vec_store(&packed->lstm.kernel[n / 80][k][n % 80], kernel);
        }
    }
    /* lstm.recurrent_kernel[k,n] = lstm.recurrent_kernel[k,n] */
    for (int n = 0; n < 400; n += VEC) {
        for (int k = 0; k < SENTIMENT_LSTM_UNITS; k++) {
            const vec recurrent_kernel = vec_load(&weights->lstm.recurrent_kernel[k][n]);
            vec_store(&packed->lstm.recurrent_kernel[n / 80][k][n % 80], recurrent_kernel);
        }
    }
}

static void sentiment_prepare_with(struct sentiment_packed *restrict packed,
    const struct sentiment_weights *restrict weights)
{
    memset(packed->dense.kernel, 0, sizeof packed->dense.kernel);
    packed->weights = weights;
    lstm_prepare(weights, packed);
    /* dense.kernel[n,k] = dense.kernel[k,n] */
    for (int k = 0; k < SENTIMENT_LSTM_UNITS; k += VEC) {
        const vec kernel = vec_load_part((const float *)weights->dense.kernel + k, 100 - k);
        vec_store(&packed->dense.kernel[0][k], kernel);
    }
}

static void lstm_predict(const struct sentiment_packed *restrict packed, struct sentiment_scratch *restrict scratch)
{
    /* lstm.z[t,n] = lstm.bias[n]
     * lstm.z[t,n] += lstm.kernel[k,n] * embedding.y[t,k] */
#if VEC == LANES
    for (int n = 0; n < 400; n += 5 * VEC) {
        const int n_plus_1 = n + VEC;
        const int n_plus_2 = n + 2 * VEC;
        const int n_plus_3 = n + 3 * VEC;
        const int n_plus_4 = n + 4 * VEC;
        for (int t = 0; t < SENTIMENT_TIMESTEPS; t += 4) {
            const int t_plus_1 = t + 1;
            const int t_plus_2 = t + 2;
            const int t_plus_3 = t + 3;
            const vec bias_0 = vec_load(&packed->lstm.bias[n]);
            vec z_0_0 = bias_0;
            const vec bias_1 = vec_load(&packed->lstm.bias[n_plus_1]);
            vec z_0_1 = bias_1;
            const vec bias_2 = vec_load(&packed->lstm.bias[n_plus_2]);
            vec z_0_2 = bias_2;
            const vec bias_3 = vec_load(&packed->lstm.bias[n_plus_3]);
            vec z_0_3 = bias_3;
            const vec bias_4 = vec_load(&packed->lstm.bias[n_plus_4]);
            vec z_0_4 = bias_4;
            vec z_1_0 = bias_0;
            vec z_1_1 = bias_1;
            vec z_1_2 = bias_2;
            vec z_1_3 = bias_3;
            vec z_1_4 = bias_4;
            vec z_2_0 = bias_0;
            vec z_2_1 = bias_1;
            vec z_2_2 = bias_2;
            vec z_2_3 = bias_3;
            vec z_2_4 = bias_4;
            vec z_3_0 = bias_0;
            vec z_3_1 = bias_1;
            vec z_3_2 = bias_2;
            vec z_3_3 = bias_3;
            vec z_3_4 = bias_4;
            for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
                const vec kernel_0 = vec_hold(vec_load(&packed->lstm.kernel[n / 80][k][n % 80]));
                const vec y_0 = vec_splat(scratch->embedding.y[t][k]);
                z_0_0 += kernel_0 * y_0;
                const vec y_1 = vec_splat(scratch->embedding.y[t_plus_1][k]);
                z_1_0 += kernel_0 * y_1;
                const vec y_2 = vec_splat(scratch->embedding.y[t_plus_2][k]);
                z_2_0 += kernel_0 * y_2;
                const vec y_3 = vec_splat(scratch->embedding.y[t_plus_3][k]);
                z_3_0 += kernel_0 * y_3;
                const vec kernel_1 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                z_0_1 += kernel_1 * y_0;
                z_1_1 += kernel_1 * y_1;
                z_2_1 += kernel_1 * y_2;
                z_3_1 += kernel_1 * y_3;
                const vec kernel_2 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                z_0_2 += kernel_2 * y_0;
                z_1_2 += kernel_2 * y_1;
                z_2_2 += kernel_2 * y_2;
                z_3_2 += kernel_2 * y_3;
                const vec kernel_3 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_3 / 80][k][n_plus_3 % 80]));
                z_0_3 += kernel_3 * y_0;
                z_1_3 += kernel_3 * y_1;
                z_2_3 += kernel_3 * y_2;
                z_3_3 += kernel_3 * y_3;
                const vec kernel_4 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_4 / 80][k][n_plus_4 % 80]));
                z_0_4 += kernel_4 * y_0;
                z_1_4 += kernel_4 * y_1;
                z_2_4 += kernel_4 * y_2;
                z_3_4 += kernel_4 * y_3;
            }
            vec_store(&scratch->local.lstm.z[t][n], z_0_0);
            vec_store(&scratch->local.lstm.z[t][n_plus_1], z_0_1);
            vec_store(&scratch->local.lstm.z[t][n_plus_2], z_0_2);
            vec_store(&scratch->local.lstm.z[t][n_plus_3], z_0_3);
            vec_store(&scratch->local.lstm.z[t][n_plus_4], z_0_4);
            vec_store(&scratch->local.lstm.z[t_plus_1][n], z_1_0);
            vec_store(&scratch->local.lstm.z[t_plus_1][n_plus_1], z_1_1);
            vec_store(&scratch->local.lstm.z[t_plus_1][n_plus_2], z_1_2);
            vec_store(&scratch->local.lstm.z[t_plus_1][n_plus_3], z_1_3);
            vec_store(&scratch->local.lstm.z[t_plus_1][n_plus_4], z_1_4);
            vec_store(&scratch->local.lstm.z[t_plus_2][n], z_2_0);
            vec_store(&scratch->local.lstm.z[t_plus_2][n_plus_1], z_2_1);
            vec_store(&scratch->local.lstm.z[t_plus_2][n_plus_2], z_2_2);
            vec_store(&scratch->local.lstm.z[t_plus_2][n_plus_3], z_2_3);
            vec_store(&scratch->local.lstm.z[t_plus_2][n_plus_4], z_2_4);
            vec_store(&scratch->local.lstm.z[t_plus_3][n], z_3_0);
            vec_store(&scratch->local.lstm.z[t_plus_3][n_plus_1], z_3_1);
            vec_store(&scratch->local.lstm.z[t_plus_3][n_plus_2], z_3_2);
            vec_store(&scratch->local.lstm.z[t_plus_3][n_plus_3], z_3_3);
            vec_store(&scratch->local.lstm.z[t_plus_3][n_plus_4], z_3_4);
        }
    }
#else
    for (int n = 0; n < 400; n += 2 * VEC) {
        const int n_plus_1 = n + VEC < 400 ? n + VEC : n;
        for (int t = 0; t < SENTIMENT_TIMESTEPS; t += 5) {
            const int t_plus_1 = t + 1;
            const int t_plus_2 = t + 2;
            const int t_plus_3 = t + 3;
            const int t_plus_4 = t + 4;
            const vec bias_0 = vec_load(&packed->lstm.bias[n]);
            vec z_0_0 = bias_0;
            const vec bias_1 = vec_load(&packed->lstm.bias[n_plus_1]);
            vec z_0_1 = bias_1;
            vec z_1_0 = bias_0;
            vec z_1_1 = bias_1;
            vec z_2_0 = bias_0;
            vec z_2_1 = bias_1;
            vec z_3_0 = bias_0;
            vec z_3_1 = bias_1;
            vec z_4_0 = bias_0;
            vec z_4_1 = bias_1;
            for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
                const vec kernel_0 = vec_hold(vec_load(&packed->lstm.kernel[n / 80][k][n % 80]));
                const vec y_0 = vec_splat(scratch->embedding.y[t][k]);
                z_0_0 += kernel_0 * y_0;
                const vec kernel_1 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                z_0_1 += kernel_1 * y_0;
                const vec y_1 = vec_splat(scratch->embedding.y[t_plus_1][k]);
                z_1_0 += kernel_0 * y_1;
                z_1_1 += kernel_1 * y_1;
                const vec y_2 = vec_splat(scratch->embedding.y[t_plus_2][k]);
                z_2_0 += kernel_0 * y_2;
                z_2_1 += kernel_1 * y_2;
                const vec y_3 = vec_splat(scratch->embedding.y[t_plus_3][k]);
                z_3_0 += kernel_0 * y_3;
                z_3_1 += kernel_1 * y_3;
                const vec y_4 = vec_splat(scratch->embedding.y[t_plus_4][k]);
                z_4_0 += kernel_0 * y_4;
                z_4_1 += kernel_1 * y_4;
            }
            vec_store(&scratch->local.lstm.z[t][n], z_0_0);
            vec_store(&scratch->local.lstm.z[t][n_plus_1], z_0_1);
            vec_store(&scratch->local.lstm.z[t_plus_1][n], z_1_0);
            vec_store(&scratch->local.lstm.z[t_plus_1][n_plus_1], z_1_1);
            vec_store(&scratch->local.lstm.z[t_plus_2][n], z_2_0);
            vec_store(&scratch->local.lstm.z[t_plus_2][n_plus_1], z_2_1);
            vec_store(&scratch->local.lstm.z[t_plus_3][n], z_3_0);
            vec_store(&scratch->local.lstm.z[t_plus_3][n_plus_1], z_3_1);
            vec_store(&scratch->local.lstm.z[t_plus_4][n], z_4_0);
            vec_store(&scratch->local.lstm.z[t_plus_4][n_plus_1], z_4_1);
        }
    }
#endif
    /* lstm.h, lstm.c: 2 steps are kept, step t at t % 2 */
    for (int t = 0; t < SENTIMENT_TIMESTEPS; t++) {
        /* lstm.z[t,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,k] */
        /* back and forth: caches hold what was read last */
        for (int n_forth = 0; n_forth < 400; n_forth += 5 * VEC) {
            const int n = t % 2 ? 399 / (5 * VEC) * (5 * VEC) - n_forth : n_forth;
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            vec z_0 = vec_load(&scratch->local.lstm.z[t][n]);
            vec z_0_odd = vec_splat(0.0f);
            vec z_1 = vec_load(&scratch->local.lstm.z[t][n_plus_1]);
            vec z_1_odd = vec_splat(0.0f);
            vec z_2 = vec_load(&scratch->local.lstm.z[t][n_plus_2]);
            vec z_2_odd = vec_splat(0.0f);
            vec z_3 = vec_load(&scratch->local.lstm.z[t][n_plus_3]);
            vec z_3_odd = vec_splat(0.0f);
            vec z_4 = vec_load(&scratch->local.lstm.z[t][n_plus_4]);
            vec z_4_odd = vec_splat(0.0f);
            for (int k = 0; k < SENTIMENT_LSTM_UNITS; k += 2) {
                const vec recurrent_kernel_0_0 = vec_load(&packed->lstm.recurrent_kernel[n / 80][k][n % 80]);
                const vec h_0 = vec_splat(scratch->lstm.h[t % 2][k]);
                z_0 += recurrent_kernel_0_0 * h_0;
                const vec recurrent_kernel_0_1 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 80][k][n_plus_1 % 80]);
                z_1 += recurrent_kernel_0_1 * h_0;
                const vec recurrent_kernel_0_2 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 80][k][n_plus_2 % 80]);
                z_2 += recurrent_kernel_0_2 * h_0;
                const vec recurrent_kernel_0_3 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_3 / 80][k][n_plus_3 % 80]);
                z_3 += recurrent_kernel_0_3 * h_0;
                const vec recurrent_kernel_0_4 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_4 / 80][k][n_plus_4 % 80]);
                z_4 += recurrent_kernel_0_4 * h_0;
                const vec recurrent_kernel_1_0 = vec_load(&packed->lstm.recurrent_kernel[n / 80][k + 1][n % 80]);
                const vec h_1 = vec_splat(scratch->lstm.h[t % 2][k + 1]);
                z_0_odd += recurrent_kernel_1_0 * h_1;
                const vec recurrent_kernel_1_1 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 80][k + 1][n_plus_1 % 80]);
                z_1_odd += recurrent_kernel_1_1 * h_1;
                const vec recurrent_kernel_1_2 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 80][k + 1][n_plus_2 % 80]);
                z_2_odd += recurrent_kernel_1_2 * h_1;
                const vec recurrent_kernel_1_3 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_3 / 80][k + 1][n_plus_3 % 80]);
                z_3_odd += recurrent_kernel_1_3 * h_1;
                const vec recurrent_kernel_1_4 =
                    vec_load(&packed->lstm.recurrent_kernel[n_plus_4 / 80][k + 1][n_plus_4 % 80]);
                z_4_odd += recurrent_kernel_1_4 * h_1;
            }
            z_0 += z_0_odd;
            z_1 += z_1_odd;
            z_2 += z_2_odd;
            z_3 += z_3_odd;
            z_4 += z_4_odd;
            vec_store(&scratch->local.lstm.z[t][n], z_0);
            vec_store(&scratch->local.lstm.z[t][n_plus_1], z_1);
            vec_store(&scratch->local.lstm.z[t][n_plus_2], z_2);
            vec_store(&scratch->local.lstm.z[t][n_plus_3], z_3);
            vec_store(&scratch->local.lstm.z[t][n_plus_4], z_4);
        }
        /* lstm.i[t,n] = sigmoid(lstm.z[t,n])
         * lstm.f[t,n] = sigmoid(lstm.z[t,n+100])
         * lstm.g[t,n] = tanh(lstm.z[t,n+200])
         * lstm.o[t,n] = sigmoid(lstm.z[t,n+300])
         * lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n]
         * lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n])
         * lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
        for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
            const vec z = vec_load_part(&scratch->local.lstm.z[t][n], 100 - n);
            const vec i = vec_sigmoid(z);
            const vec z_2 = vec_load_part(&scratch->local.lstm.z[t][n + 100], 100 - n);
            const vec f = vec_sigmoid(z_2);
            const vec z_3 = vec_load_part(&scratch->local.lstm.z[t][n + 200], 100 - n);
            const vec g = vec_tanh(z_3);
            const vec z_4 = vec_load_part(&scratch->local.lstm.z[t][n + 300], 100 - n);
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

static void dense_predict(const struct sentiment_weights *restrict weights,
    const struct sentiment_packed *restrict packed, struct sentiment_scratch *restrict scratch)
{
    /* dense.z[n] = dense.bias[n] */
    scratch->local.dense.z[0] = weights->dense.bias[0];
    /* dense.z[n] += dense.kernel[n,k] * lstm.h[200,k] */
    {
        vec sum_of_z = vec_splat(0.0f);
        vec sum_of_z_odd = vec_splat(0.0f);
        float rest_of_z = 0.0f;
        int k = 0;
        for (; k + 2 * VEC <= 100; k += 2 * VEC) {
            const int k_plus_1 = k + VEC;
            const vec kernel_0 = vec_load(&packed->dense.kernel[0][k]);
            const vec h_0 = vec_load(&scratch->lstm.h[200 % 2][k]);
            sum_of_z += kernel_0 * h_0;
            const vec kernel_1 = vec_load(&packed->dense.kernel[0][k_plus_1]);
            const vec h_1 = vec_load(&scratch->lstm.h[200 % 2][k_plus_1]);
            sum_of_z_odd += kernel_1 * h_1;
        }
        for (; k + VEC <= 100; k += VEC) {
            const vec kernel = vec_load(&packed->dense.kernel[0][k]);
            const vec h = vec_load(&scratch->lstm.h[200 % 2][k]);
            sum_of_z += kernel * h;
        }
        for (k = 100 - 100 % VEC; k < 100; k++) {
            rest_of_z += packed->dense.kernel[0][k] * scratch->lstm.h[200 % 2][k];
        }
        scratch->local.dense.z[0] = scratch->local.dense.z[0] + vec_sum(sum_of_z + sum_of_z_odd) + rest_of_z;
    }
    /* dense.y[n] = sigmoid(dense.z[n]) */
    scratch->dense.y[0] = sigmoid(scratch->local.dense.z[0]);
}

static void sentiment_predict_with(const struct sentiment_weights *restrict weights,
    const struct sentiment_packed *restrict packed, struct sentiment_scratch *restrict scratch,
    const int32_t *restrict x, float *restrict y)
{
    /* lstm.h[0,n] = 0
     * lstm.c[0,n] = 0 */
    for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
        const vec h = vec_splat(0.0f);
        const vec c = vec_splat(0.0f);
        vec_store(&scratch->lstm.h[0][n], h);
        vec_store(&scratch->lstm.c[0][n], c);
    }
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    for (int t = 0; t < SENTIMENT_TIMESTEPS; t++) {
        for (int n = 0; n < SENTIMENT_EMBEDDING_OUTPUT_DIM; n += VEC) {
            const vec y_ = vec_load(&weights->embedding.embeddings[clamped(x[t], 5000)][n]);
            vec_store(&scratch->embedding.y[t][n], y_);
        }
    }
    lstm_predict(packed, scratch);
    dense_predict(weights, packed, scratch);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
}

static void lstm_predict_batch(const struct sentiment_packed *restrict packed,
    struct sentiment_batch_scratch *restrict scratch, int rows)
{
    /* lstm.h, lstm.c: 2 steps are kept, step t at t % 2 */
    for (int t = 0; t < SENTIMENT_TIMESTEPS; t++) {
        /* lstm.z[t,b,n] = lstm.bias[n]
         * lstm.z[t,b,n] += lstm.kernel[k,n] * embedding.y[t,b,k]
         * lstm.z[t,b,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < 400; n += 5 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                const vec bias_0 = vec_load(&packed->lstm.bias[n]);
                vec z_0_0 = bias_0;
                const vec bias_1 = vec_load(&packed->lstm.bias[n_plus_1]);
                vec z_0_1 = bias_1;
                const vec bias_2 = vec_load(&packed->lstm.bias[n_plus_2]);
                vec z_0_2 = bias_2;
                const vec bias_3 = vec_load(&packed->lstm.bias[n_plus_3]);
                vec z_0_3 = bias_3;
                const vec bias_4 = vec_load(&packed->lstm.bias[n_plus_4]);
                vec z_0_4 = bias_4;
                vec z_1_0 = bias_0;
                vec z_1_1 = bias_1;
                vec z_1_2 = bias_2;
                vec z_1_3 = bias_3;
                vec z_1_4 = bias_4;
                vec z_2_0 = bias_0;
                vec z_2_1 = bias_1;
                vec z_2_2 = bias_2;
                vec z_2_3 = bias_3;
                vec z_2_4 = bias_4;
                vec z_3_0 = bias_0;
                vec z_3_1 = bias_1;
                vec z_3_2 = bias_2;
                vec z_3_3 = bias_3;
                vec z_3_4 = bias_4;
                for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
                    const vec kernel_0 = vec_hold(vec_load(&packed->lstm.kernel[n / 80][k][n % 80]));
                    const vec y_0 = vec_splat(scratch->embedding.y[t][b][k]);
                    z_0_0 += kernel_0 * y_0;
                    const vec y_1 = vec_splat(scratch->embedding.y[t][b_plus_1][k]);
                    z_1_0 += kernel_0 * y_1;
                    const vec y_2 = vec_splat(scratch->embedding.y[t][b_plus_2][k]);
                    z_2_0 += kernel_0 * y_2;
                    const vec y_3 = vec_splat(scratch->embedding.y[t][b_plus_3][k]);
                    z_3_0 += kernel_0 * y_3;
                    const vec kernel_1 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += kernel_1 * y_0;
                    z_1_1 += kernel_1 * y_1;
                    z_2_1 += kernel_1 * y_2;
                    z_3_1 += kernel_1 * y_3;
                    const vec kernel_2 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += kernel_2 * y_0;
                    z_1_2 += kernel_2 * y_1;
                    z_2_2 += kernel_2 * y_2;
                    z_3_2 += kernel_2 * y_3;
                    const vec kernel_3 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_3 / 80][k][n_plus_3 % 80]));
                    z_0_3 += kernel_3 * y_0;
                    z_1_3 += kernel_3 * y_1;
                    z_2_3 += kernel_3 * y_2;
                    z_3_3 += kernel_3 * y_3;
                    const vec kernel_4 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_4 / 80][k][n_plus_4 % 80]));
                    z_0_4 += kernel_4 * y_0;
                    z_1_4 += kernel_4 * y_1;
                    z_2_4 += kernel_4 * y_2;
                    z_3_4 += kernel_4 * y_3;
                }
                for (int k = 0; k < SENTIMENT_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n / 80][k][n % 80]));
                    const vec h_0 = vec_splat(scratch->lstm.h[t % 2][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec h_1 = vec_splat(scratch->lstm.h[t % 2][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    const vec h_2 = vec_splat(scratch->lstm.h[t % 2][b_plus_2][k]);
                    z_2_0 += recurrent_kernel_0 * h_2;
                    const vec h_3 = vec_splat(scratch->lstm.h[t % 2][b_plus_3][k]);
                    z_3_0 += recurrent_kernel_0 * h_3;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    z_2_1 += recurrent_kernel_1 * h_2;
                    z_3_1 += recurrent_kernel_1 * h_3;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    z_2_2 += recurrent_kernel_2 * h_2;
                    z_3_2 += recurrent_kernel_2 * h_3;
                    const vec recurrent_kernel_3 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_3 / 80][k][n_plus_3 % 80]));
                    z_0_3 += recurrent_kernel_3 * h_0;
                    z_1_3 += recurrent_kernel_3 * h_1;
                    z_2_3 += recurrent_kernel_3 * h_2;
                    z_3_3 += recurrent_kernel_3 * h_3;
                    const vec recurrent_kernel_4 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_4 / 80][k][n_plus_4 % 80]));
                    z_0_4 += recurrent_kernel_4 * h_0;
                    z_1_4 += recurrent_kernel_4 * h_1;
                    z_2_4 += recurrent_kernel_4 * h_2;
                    z_3_4 += recurrent_kernel_4 * h_3;
                }
                vec_store(&scratch->local.lstm.z[b][n], z_0_0);
                vec_store(&scratch->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&scratch->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&scratch->local.lstm.z[b][n_plus_3], z_0_3);
                vec_store(&scratch->local.lstm.z[b][n_plus_4], z_0_4);
                vec_store(&scratch->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_3], z_1_3);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_4], z_1_4);
                vec_store(&scratch->local.lstm.z[b_plus_2][n], z_2_0);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_1], z_2_1);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_2], z_2_2);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_3], z_2_3);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_4], z_2_4);
                vec_store(&scratch->local.lstm.z[b_plus_3][n], z_3_0);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_1], z_3_1);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_2], z_3_2);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_3], z_3_3);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_4], z_3_4);
            }
        }
#else
        for (int n = 0; n < 400; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < 400 ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < 400 ? n + 2 * VEC : n;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                const vec bias_0 = vec_load(&packed->lstm.bias[n]);
                vec z_0_0 = bias_0;
                const vec bias_1 = vec_load(&packed->lstm.bias[n_plus_1]);
                vec z_0_1 = bias_1;
                const vec bias_2 = vec_load(&packed->lstm.bias[n_plus_2]);
                vec z_0_2 = bias_2;
                vec z_1_0 = bias_0;
                vec z_1_1 = bias_1;
                vec z_1_2 = bias_2;
                vec z_2_0 = bias_0;
                vec z_2_1 = bias_1;
                vec z_2_2 = bias_2;
                vec z_3_0 = bias_0;
                vec z_3_1 = bias_1;
                vec z_3_2 = bias_2;
                for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
                    const vec kernel_0 = vec_hold(vec_load(&packed->lstm.kernel[n / 80][k][n % 80]));
                    const vec y_0 = vec_splat(scratch->embedding.y[t][b][k]);
                    z_0_0 += kernel_0 * y_0;
                    const vec kernel_1 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += kernel_1 * y_0;
                    const vec kernel_2 = vec_hold(vec_load(&packed->lstm.kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += kernel_2 * y_0;
                    const vec y_1 = vec_splat(scratch->embedding.y[t][b_plus_1][k]);
                    z_1_0 += kernel_0 * y_1;
                    z_1_1 += kernel_1 * y_1;
                    z_1_2 += kernel_2 * y_1;
                    const vec y_2 = vec_splat(scratch->embedding.y[t][b_plus_2][k]);
                    z_2_0 += kernel_0 * y_2;
                    z_2_1 += kernel_1 * y_2;
                    z_2_2 += kernel_2 * y_2;
                    const vec y_3 = vec_splat(scratch->embedding.y[t][b_plus_3][k]);
                    z_3_0 += kernel_0 * y_3;
                    z_3_1 += kernel_1 * y_3;
                    z_3_2 += kernel_2 * y_3;
                }
                for (int k = 0; k < SENTIMENT_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n / 80][k][n % 80]));
                    const vec h_0 = vec_splat(scratch->lstm.h[t % 2][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    const vec h_1 = vec_splat(scratch->lstm.h[t % 2][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    const vec h_2 = vec_splat(scratch->lstm.h[t % 2][b_plus_2][k]);
                    z_2_0 += recurrent_kernel_0 * h_2;
                    z_2_1 += recurrent_kernel_1 * h_2;
                    z_2_2 += recurrent_kernel_2 * h_2;
                    const vec h_3 = vec_splat(scratch->lstm.h[t % 2][b_plus_3][k]);
                    z_3_0 += recurrent_kernel_0 * h_3;
                    z_3_1 += recurrent_kernel_1 * h_3;
                    z_3_2 += recurrent_kernel_2 * h_3;
                }
                vec_store(&scratch->local.lstm.z[b][n], z_0_0);
                vec_store(&scratch->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&scratch->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&scratch->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&scratch->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&scratch->local.lstm.z[b_plus_2][n], z_2_0);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_1], z_2_1);
                vec_store(&scratch->local.lstm.z[b_plus_2][n_plus_2], z_2_2);
                vec_store(&scratch->local.lstm.z[b_plus_3][n], z_3_0);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_1], z_3_1);
                vec_store(&scratch->local.lstm.z[b_plus_3][n_plus_2], z_3_2);
            }
        }
#endif
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,n])
         * lstm.f[t,b,n] = sigmoid(lstm.z[t,b,n+100])
         * lstm.g[t,b,n] = tanh(lstm.z[t,b,n+200])
         * lstm.o[t,b,n] = sigmoid(lstm.z[t,b,n+300])
         * lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n]
         * lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n])
         * lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
                const vec z = vec_load_part(&scratch->local.lstm.z[b][n], 100 - n);
                const vec i = vec_sigmoid(z);
                const vec z_2 = vec_load_part(&scratch->local.lstm.z[b][n + 100], 100 - n);
                const vec f = vec_sigmoid(z_2);
                const vec z_3 = vec_load_part(&scratch->local.lstm.z[b][n + 200], 100 - n);
                const vec g = vec_tanh(z_3);
                const vec z_4 = vec_load_part(&scratch->local.lstm.z[b][n + 300], 100 - n);
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

static void dense_predict_batch(const struct sentiment_weights *restrict weights,
    const struct sentiment_packed *restrict packed, struct sentiment_batch_scratch *restrict scratch, int rows)
{
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        scratch->local.dense.z[b][0] = weights->dense.bias[0];
    }
    /* dense.z[b,n] += dense.kernel[n,k] * lstm.h[200,b,k] */
    for (int b = 0; b < rows; b += 4) {
        const int b_plus_1 = b + 1 < rows ? b + 1 : b;
        const int b_plus_2 = b + 2 < rows ? b + 2 : b;
        const int b_plus_3 = b + 3 < rows ? b + 3 : b;
        vec sum_of_z_0 = vec_splat(0.0f);
        float rest_of_z_0 = 0.0f;
        vec sum_of_z_1 = vec_splat(0.0f);
        float rest_of_z_1 = 0.0f;
        vec sum_of_z_2 = vec_splat(0.0f);
        float rest_of_z_2 = 0.0f;
        vec sum_of_z_3 = vec_splat(0.0f);
        float rest_of_z_3 = 0.0f;
        int k = 0;
        for (; k + VEC <= 100; k += VEC) {
            const vec kernel = vec_load(&packed->dense.kernel[0][k]);
            const vec h_0 = vec_load(&scratch->lstm.h[200 % 2][b][k]);
            const vec h_1 = vec_load(&scratch->lstm.h[200 % 2][b_plus_1][k]);
            const vec h_2 = vec_load(&scratch->lstm.h[200 % 2][b_plus_2][k]);
            const vec h_3 = vec_load(&scratch->lstm.h[200 % 2][b_plus_3][k]);
            sum_of_z_0 += kernel * h_0;
            sum_of_z_1 += kernel * h_1;
            sum_of_z_2 += kernel * h_2;
            sum_of_z_3 += kernel * h_3;
        }
        for (k = 100 - 100 % VEC; k < 100; k++) {
            rest_of_z_0 += packed->dense.kernel[0][k] * scratch->lstm.h[200 % 2][b][k];
            rest_of_z_1 += packed->dense.kernel[0][k] * scratch->lstm.h[200 % 2][b_plus_1][k];
            rest_of_z_2 += packed->dense.kernel[0][k] * scratch->lstm.h[200 % 2][b_plus_2][k];
            rest_of_z_3 += packed->dense.kernel[0][k] * scratch->lstm.h[200 % 2][b_plus_3][k];
        }
        const float z_0 = scratch->local.dense.z[b][0] + vec_sum(sum_of_z_0) + rest_of_z_0;
        const float z_1 = scratch->local.dense.z[b_plus_1][0] + vec_sum(sum_of_z_1) + rest_of_z_1;
        const float z_2 = scratch->local.dense.z[b_plus_2][0] + vec_sum(sum_of_z_2) + rest_of_z_2;
        const float z_3 = scratch->local.dense.z[b_plus_3][0] + vec_sum(sum_of_z_3) + rest_of_z_3;
        scratch->local.dense.z[b][0] = z_0;
        scratch->local.dense.z[b_plus_1][0] = z_1;
        scratch->local.dense.z[b_plus_2][0] = z_2;
        scratch->local.dense.z[b_plus_3][0] = z_3;
    }
    /* dense.y[b,n] = sigmoid(dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        scratch->dense.y[b][0] = sigmoid(scratch->local.dense.z[b][0]);
    }
}

static void sentiment_predict_batch_with(const struct sentiment_weights *restrict weights,
    const struct sentiment_packed *restrict packed, struct sentiment_batch_scratch *restrict scratch,
    const int32_t *restrict x, int rows, float *restrict y)
{
    /* lstm.h[0,b,n] = 0
     * lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
            const vec h = vec_splat(0.0f);
            const vec c = vec_splat(0.0f);
            vec_store(&scratch->lstm.h[0][b][n], h);
            vec_store(&scratch->lstm.c[0][b][n], c);
        }
    }
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int t = 0; t < SENTIMENT_TIMESTEPS; t++) {
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < SENTIMENT_EMBEDDING_OUTPUT_DIM; n += VEC) {
                const vec y_ = vec_load(&weights->embedding.embeddings[clamped(x[200 * b + t], 5000)][n]);
                vec_store(&scratch->embedding.y[t][b][n], y_);
            }
        }
    }
    lstm_predict_batch(packed, scratch, rows);
    dense_predict_batch(weights, packed, scratch, rows);
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        y[b] = scratch->dense.y[b][0];
    }
}

/* What a step computes on its way. */
struct sentiment_step_memory {
    struct {
        float y[1][SENTIMENT_EMBEDDING_OUTPUT_DIM];
    } embedding;
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float z[400];      /* one of 1 steps */
        } lstm;
        struct {
            float z[SENTIMENT_DENSE_UNITS];
        } dense;
    } local;
    struct {
        float y[SENTIMENT_DENSE_UNITS];
    } dense;
};

static void sentiment_reset_with(const struct sentiment_packed *restrict packed, struct sentiment_state *restrict state)
{
    (void)packed;
    /* lstm.h[0,n] = 0
     * lstm.c[0,n] = 0 */
    for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
        const vec h = vec_splat(0.0f);
        const vec c = vec_splat(0.0f);
        vec_store(&state->lstm.h[0][n], h);
        vec_store(&state->lstm.c[0][n], c);
    }
}

static void lstm_step(const struct sentiment_packed *restrict packed, struct sentiment_state *restrict state,
    struct sentiment_step_memory *restrict scratch)
{
    /* lstm.z[t,n] = lstm.bias[n]
     * lstm.z[t,n] += lstm.kernel[k,n] * embedding.y[t,k]
     * lstm.z[t,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,k] */
    for (int n = 0; n < 400; n += 5 * VEC) {
        const int n_plus_1 = n + VEC;
        const int n_plus_2 = n + 2 * VEC;
        const int n_plus_3 = n + 3 * VEC;
        const int n_plus_4 = n + 4 * VEC;
        vec z_0 = vec_load(&packed->lstm.bias[n]);
        vec z_1 = vec_load(&packed->lstm.bias[n_plus_1]);
        vec z_2 = vec_load(&packed->lstm.bias[n_plus_2]);
        vec z_3 = vec_load(&packed->lstm.bias[n_plus_3]);
        vec z_4 = vec_load(&packed->lstm.bias[n_plus_4]);
        vec z_0_odd = vec_splat(0.0f);
        vec z_1_odd = vec_splat(0.0f);
        vec z_2_odd = vec_splat(0.0f);
        vec z_3_odd = vec_splat(0.0f);
        vec z_4_odd = vec_splat(0.0f);
        for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k += 2) {
            const vec kernel_0_0 = vec_load(&packed->lstm.kernel[n / 80][k][n % 80]);
            const vec y_0 = vec_splat(scratch->embedding.y[0][k]);
            z_0 += kernel_0_0 * y_0;
            const vec kernel_0_1 = vec_load(&packed->lstm.kernel[n_plus_1 / 80][k][n_plus_1 % 80]);
            z_1 += kernel_0_1 * y_0;
            const vec kernel_0_2 = vec_load(&packed->lstm.kernel[n_plus_2 / 80][k][n_plus_2 % 80]);
            z_2 += kernel_0_2 * y_0;
            const vec kernel_0_3 = vec_load(&packed->lstm.kernel[n_plus_3 / 80][k][n_plus_3 % 80]);
            z_3 += kernel_0_3 * y_0;
            const vec kernel_0_4 = vec_load(&packed->lstm.kernel[n_plus_4 / 80][k][n_plus_4 % 80]);
            z_4 += kernel_0_4 * y_0;
            const vec kernel_1_0 = vec_load(&packed->lstm.kernel[n / 80][k + 1][n % 80]);
            const vec y_1 = vec_splat(scratch->embedding.y[0][k + 1]);
            z_0_odd += kernel_1_0 * y_1;
            const vec kernel_1_1 = vec_load(&packed->lstm.kernel[n_plus_1 / 80][k + 1][n_plus_1 % 80]);
            z_1_odd += kernel_1_1 * y_1;
            const vec kernel_1_2 = vec_load(&packed->lstm.kernel[n_plus_2 / 80][k + 1][n_plus_2 % 80]);
            z_2_odd += kernel_1_2 * y_1;
            const vec kernel_1_3 = vec_load(&packed->lstm.kernel[n_plus_3 / 80][k + 1][n_plus_3 % 80]);
            z_3_odd += kernel_1_3 * y_1;
            const vec kernel_1_4 = vec_load(&packed->lstm.kernel[n_plus_4 / 80][k + 1][n_plus_4 % 80]);
            z_4_odd += kernel_1_4 * y_1;
        }
        z_0 += z_0_odd;
        z_1 += z_1_odd;
        z_2 += z_2_odd;
        z_3 += z_3_odd;
        z_4 += z_4_odd;
        vec z_0_odd_2 = vec_splat(0.0f);
        vec z_1_odd_2 = vec_splat(0.0f);
        vec z_2_odd_2 = vec_splat(0.0f);
        vec z_3_odd_2 = vec_splat(0.0f);
        vec z_4_odd_2 = vec_splat(0.0f);
        for (int k = 0; k < SENTIMENT_LSTM_UNITS; k += 2) {
            const vec recurrent_kernel_0_0 = vec_load(&packed->lstm.recurrent_kernel[n / 80][k][n % 80]);
            const vec h_0 = vec_splat(state->lstm.h[0][k]);
            z_0 += recurrent_kernel_0_0 * h_0;
            const vec recurrent_kernel_0_1 = vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 80][k][n_plus_1 % 80]);
            z_1 += recurrent_kernel_0_1 * h_0;
            const vec recurrent_kernel_0_2 = vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 80][k][n_plus_2 % 80]);
            z_2 += recurrent_kernel_0_2 * h_0;
            const vec recurrent_kernel_0_3 = vec_load(&packed->lstm.recurrent_kernel[n_plus_3 / 80][k][n_plus_3 % 80]);
            z_3 += recurrent_kernel_0_3 * h_0;
            const vec recurrent_kernel_0_4 = vec_load(&packed->lstm.recurrent_kernel[n_plus_4 / 80][k][n_plus_4 % 80]);
            z_4 += recurrent_kernel_0_4 * h_0;
            const vec recurrent_kernel_1_0 = vec_load(&packed->lstm.recurrent_kernel[n / 80][k + 1][n % 80]);
            const vec h_1 = vec_splat(state->lstm.h[0][k + 1]);
            z_0_odd_2 += recurrent_kernel_1_0 * h_1;
            const vec recurrent_kernel_1_1 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_1 / 80][k + 1][n_plus_1 % 80]);
            z_1_odd_2 += recurrent_kernel_1_1 * h_1;
            const vec recurrent_kernel_1_2 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_2 / 80][k + 1][n_plus_2 % 80]);
            z_2_odd_2 += recurrent_kernel_1_2 * h_1;
            const vec recurrent_kernel_1_3 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_3 / 80][k + 1][n_plus_3 % 80]);
            z_3_odd_2 += recurrent_kernel_1_3 * h_1;
            const vec recurrent_kernel_1_4 =
                vec_load(&packed->lstm.recurrent_kernel[n_plus_4 / 80][k + 1][n_plus_4 % 80]);
            z_4_odd_2 += recurrent_kernel_1_4 * h_1;
        }
        z_0 += z_0_odd_2;
        z_1 += z_1_odd_2;
        z_2 += z_2_odd_2;
        z_3 += z_3_odd_2;
        z_4 += z_4_odd_2;
        vec_store(&scratch->local.lstm.z[n], z_0);
        vec_store(&scratch->local.lstm.z[n_plus_1], z_1);
        vec_store(&scratch->local.lstm.z[n_plus_2], z_2);
        vec_store(&scratch->local.lstm.z[n_plus_3], z_3);
        vec_store(&scratch->local.lstm.z[n_plus_4], z_4);
    }
    /* lstm.i[t,n] = sigmoid(lstm.z[t,n])
     * lstm.f[t,n] = sigmoid(lstm.z[t,n+100])
     * lstm.g[t,n] = tanh(lstm.z[t,n+200])
     * lstm.o[t,n] = sigmoid(lstm.z[t,n+300])
     * lstm.c[t+1,n] = lstm.f[t,n] * lstm.c[t,n] + lstm.i[t,n] * lstm.g[t,n]
     * lstm.tanh_c[t,n] = tanh(lstm.c[t+1,n])
     * lstm.h[t+1,n] = lstm.o[t,n] * lstm.tanh_c[t,n] */
    for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
        const vec z = vec_load_part(&scratch->local.lstm.z[n], 100 - n);
        const vec i = vec_sigmoid(z);
        const vec z_2 = vec_load_part(&scratch->local.lstm.z[n + 100], 100 - n);
        const vec f = vec_sigmoid(z_2);
        const vec z_3 = vec_load_part(&scratch->local.lstm.z[n + 200], 100 - n);
        const vec g = vec_tanh(z_3);
        const vec z_4 = vec_load_part(&scratch->local.lstm.z[n + 300], 100 - n);
        const vec o = vec_sigmoid(z_4);
        const vec c = vec_load(&state->lstm.c[0][n]);
        const vec c_next = f * c + i * g;
        const vec tanh_c = vec_tanh(c_next);
        const vec h_next = o * tanh_c;
        vec_store(&state->lstm.c[1][n], c_next);
        vec_store(&state->lstm.h[1][n], h_next);
    }
}

static void dense_step(const struct sentiment_weights *restrict weights, const struct sentiment_packed *restrict packed,
    struct sentiment_state *restrict state, struct sentiment_step_memory *restrict scratch)
{
    /* dense.z[n] = dense.bias[n] */
    scratch->local.dense.z[0] = weights->dense.bias[0];
    /* dense.z[n] += dense.kernel[n,k] * lstm.h[1,k] */
    {
        vec sum_of_z = vec_splat(0.0f);
        vec sum_of_z_odd = vec_splat(0.0f);
        float rest_of_z = 0.0f;
        int k = 0;
        for (; k + 2 * VEC <= 100; k += 2 * VEC) {
            const int k_plus_1 = k + VEC;
            const vec kernel_0 = vec_load(&packed->dense.kernel[0][k]);
            const vec h_0 = vec_load(&state->lstm.h[1][k]);
            sum_of_z += kernel_0 * h_0;
            const vec kernel_1 = vec_load(&packed->dense.kernel[0][k_plus_1]);
            const vec h_1 = vec_load(&state->lstm.h[1][k_plus_1]);
            sum_of_z_odd += kernel_1 * h_1;
        }
        for (; k + VEC <= 100; k += VEC) {
            const vec kernel = vec_load(&packed->dense.kernel[0][k]);
            const vec h = vec_load(&state->lstm.h[1][k]);
            sum_of_z += kernel * h;
        }
        for (k = 100 - 100 % VEC; k < 100; k++) {
            rest_of_z += packed->dense.kernel[0][k] * state->lstm.h[1][k];
        }
        scratch->local.dense.z[0] = scratch->local.dense.z[0] + vec_sum(sum_of_z + sum_of_z_odd) + rest_of_z;
    }
    /* dense.y[n] = sigmoid(dense.z[n]) */
    scratch->dense.y[0] = sigmoid(scratch->local.dense.z[0]);
}

static int sentiment_step_with(const struct sentiment_weights *restrict weights,
    const struct sentiment_packed *restrict packed, struct sentiment_state *restrict state, const int32_t *restrict x,
    float *restrict y)
{
    _Alignas(LANES * sizeof(float)) struct sentiment_step_memory memory, *const scratch = &memory;
    /* embedding.y[t,n] = embedding.embeddings[x[t],n] */
    for (int n = 0; n < SENTIMENT_EMBEDDING_OUTPUT_DIM; n += VEC) {
        const vec y_ = vec_load(&weights->embedding.embeddings[clamped(x[0], 5000)][n]);
        vec_store(&scratch->embedding.y[0][n], y_);
    }
    lstm_step(packed, state, scratch);
    dense_step(weights, packed, state, scratch);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
    /* lstm.h[0,n] = lstm.h[1,n] */
    for (int n = 0; n < SENTIMENT_LSTM_UNITS; n++) {
        state->lstm.h[0][n] = state->lstm.h[1][n];
    }
    /* lstm.c[0,n] = lstm.c[1,n] */
    for (int n = 0; n < SENTIMENT_LSTM_UNITS; n++) {
        state->lstm.c[0][n] = state->lstm.c[1][n];
    }
    return 1;
}

static void sentiment_prepare_training_with(struct sentiment_training *restrict training,
    const struct sentiment_weights *restrict weights)
{
    memset(training->dense.kernel, 0, sizeof training->dense.kernel);
    memset(training->dense.kernel_transposed[6], 0, sizeof training->dense.kernel_transposed[6]);
    memset(training->lstm.recurrent_kernel_transposed[6], 0, sizeof training->lstm.recurrent_kernel_transposed[6]);
    training->weights = weights;
    sentiment_prepare_range(training, weights, 0, sizeof *weights / sizeof(float));
}

static void sentiment_prepare_range_with(struct sentiment_training *restrict training,
    const struct sentiment_weights *restrict weights, size_t first, size_t count)
{
    int first_row, end_row;
    if (touches_rows(first, count, offsetof(struct sentiment_weights, lstm.kernel), 400, 32, &first_row, &end_row)) {
        /* lstm.kernel[k,n] = lstm.kernel[k,n] */
        for (int n = 0; n < 400; n += VEC) {
            for (int k = first_row; k < end_row; k++) {
                const vec kernel = vec_load(&weights->lstm.kernel[k][n]);
                vec_store(&training->lstm.kernel[n / 80][k][n % 80], kernel);
            }
        }
        /* lstm.kernel_transposed[n,m] = lstm.kernel[m,n] */
        for (int m = first_row; m < end_row; m += VEC) {
            for (int n = 0; n < 400; n += VEC) {
                vec_transpose(&weights->lstm.kernel[m][n], 400, VEC, VEC,
                    &training->lstm.kernel_transposed[m / 16][n][m % 16], 16);
            }
        }
    }
    if (touches_rows(first, count, offsetof(struct sentiment_weights, lstm.recurrent_kernel), 400, 100, &first_row,
        &end_row)) {
        /* lstm.recurrent_kernel[k,n] = lstm.recurrent_kernel[k,n] */
        for (int n = 0; n < 400; n += VEC) {
            for (int k = first_row; k < end_row; k++) {
                const vec recurrent_kernel = vec_load(&weights->lstm.recurrent_kernel[k][n]);
                vec_store(&training->lstm.recurrent_kernel[n / 80][k][n % 80], recurrent_kernel);
            }
        }
        /* lstm.recurrent_kernel_transposed[n,m] = lstm.recurrent_kernel[m,n] */
        for (int m = first_row; m < end_row; m += VEC) {
            for (int n = 0; n < 400; n += VEC) {
                vec_transpose(&weights->lstm.recurrent_kernel[m][n], 400, SENTIMENT_LSTM_UNITS - m, VEC,
                    &training->lstm.recurrent_kernel_transposed[m / 16][n][m % 16], 16);
            }
        }
    }
    if (touches_rows(first, count, offsetof(struct sentiment_weights, lstm.bias), 400, 1, &first_row, &end_row)) {
        /* lstm.bias[n] = lstm.bias[n] */
        for (int n = 0; n < 400; n += VEC) {
            const vec bias = vec_load(&weights->lstm.bias[n]);
            vec_store(&training->lstm.bias[n], bias);
        }
    }
    if (touches_rows(first, count, offsetof(struct sentiment_weights, dense.kernel), 1, 100, &first_row, &end_row)) {
        /* dense.kernel[n,k] = dense.kernel[k,n] */
        for (int k = first_row; k < end_row; k += VEC) {
            const vec kernel = vec_load_part((const float *)weights->dense.kernel + k, 100 - k);
            vec_store(&training->dense.kernel[0][k], kernel);
        }
        /* dense.kernel_transposed[n,m] = dense.kernel[m,n] */
        for (int m = first_row; m < end_row; m += VEC) {
            const vec kernel_transposed = vec_load_part((const float *)weights->dense.kernel + m, 100 - m);
            vec_store(&training->dense.kernel_transposed[m / 16][0][m % 16], kernel_transposed);
        }
    }
}

static void sentiment_reset_tape_with(const struct sentiment_training *restrict training,
    struct sentiment_tape *restrict tape)
{
    (void)training;
    const int rows = SENTIMENT_BATCH;
    tape->rows = 0;
    tape->first_row = 0;
    /* lstm.h[0,b,n] = 0
     * lstm.c[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
            const vec h = vec_splat(0.0f);
            const vec c = vec_splat(0.0f);
            vec_store(&tape->lstm.h[0][b][n], h);
            vec_store(&tape->lstm.c[0][b][n], c);
        }
    }
}

static void lstm_forward(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape,
    int rows)
{
    for (int t = 0; t < SENTIMENT_TIMESTEPS; t++) {
        /* lstm.z[t,b,n] = lstm.bias[n]
         * lstm.z[t,b,n] += lstm.kernel[k,n] * embedding.y[t,b,k]
         * lstm.z[t,b,n] += lstm.recurrent_kernel[k,n] * lstm.h[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < 400; n += 5 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
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
                vec z_1_0 = bias_0;
                vec z_1_1 = bias_1;
                vec z_1_2 = bias_2;
                vec z_1_3 = bias_3;
                vec z_1_4 = bias_4;
                vec z_2_0 = bias_0;
                vec z_2_1 = bias_1;
                vec z_2_2 = bias_2;
                vec z_2_3 = bias_3;
                vec z_2_4 = bias_4;
                vec z_3_0 = bias_0;
                vec z_3_1 = bias_1;
                vec z_3_2 = bias_2;
                vec z_3_3 = bias_3;
                vec z_3_4 = bias_4;
                for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
                    const vec kernel_0 = vec_hold(vec_load(&training->lstm.kernel[n / 80][k][n % 80]));
                    const vec y_0 = vec_splat(tape->embedding.y[t][b][k]);
                    z_0_0 += kernel_0 * y_0;
                    const vec y_1 = vec_splat(tape->embedding.y[t][b_plus_1][k]);
                    z_1_0 += kernel_0 * y_1;
                    const vec y_2 = vec_splat(tape->embedding.y[t][b_plus_2][k]);
                    z_2_0 += kernel_0 * y_2;
                    const vec y_3 = vec_splat(tape->embedding.y[t][b_plus_3][k]);
                    z_3_0 += kernel_0 * y_3;
                    const vec kernel_1 = vec_hold(vec_load(&training->lstm.kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += kernel_1 * y_0;
                    z_1_1 += kernel_1 * y_1;
                    z_2_1 += kernel_1 * y_2;
                    z_3_1 += kernel_1 * y_3;
                    const vec kernel_2 = vec_hold(vec_load(&training->lstm.kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += kernel_2 * y_0;
                    z_1_2 += kernel_2 * y_1;
                    z_2_2 += kernel_2 * y_2;
                    z_3_2 += kernel_2 * y_3;
                    const vec kernel_3 = vec_hold(vec_load(&training->lstm.kernel[n_plus_3 / 80][k][n_plus_3 % 80]));
                    z_0_3 += kernel_3 * y_0;
                    z_1_3 += kernel_3 * y_1;
                    z_2_3 += kernel_3 * y_2;
                    z_3_3 += kernel_3 * y_3;
                    const vec kernel_4 = vec_hold(vec_load(&training->lstm.kernel[n_plus_4 / 80][k][n_plus_4 % 80]));
                    z_0_4 += kernel_4 * y_0;
                    z_1_4 += kernel_4 * y_1;
                    z_2_4 += kernel_4 * y_2;
                    z_3_4 += kernel_4 * y_3;
                }
                for (int k = 0; k < SENTIMENT_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n / 80][k][n % 80]));
                    const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec h_1 = vec_splat(tape->lstm.h[t][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    const vec h_2 = vec_splat(tape->lstm.h[t][b_plus_2][k]);
                    z_2_0 += recurrent_kernel_0 * h_2;
                    const vec h_3 = vec_splat(tape->lstm.h[t][b_plus_3][k]);
                    z_3_0 += recurrent_kernel_0 * h_3;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    z_2_1 += recurrent_kernel_1 * h_2;
                    z_3_1 += recurrent_kernel_1 * h_3;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    z_2_2 += recurrent_kernel_2 * h_2;
                    z_3_2 += recurrent_kernel_2 * h_3;
                    const vec recurrent_kernel_3 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_3 / 80][k][n_plus_3 % 80]));
                    z_0_3 += recurrent_kernel_3 * h_0;
                    z_1_3 += recurrent_kernel_3 * h_1;
                    z_2_3 += recurrent_kernel_3 * h_2;
                    z_3_3 += recurrent_kernel_3 * h_3;
                    const vec recurrent_kernel_4 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_4 / 80][k][n_plus_4 % 80]));
                    z_0_4 += recurrent_kernel_4 * h_0;
                    z_1_4 += recurrent_kernel_4 * h_1;
                    z_2_4 += recurrent_kernel_4 * h_2;
                    z_3_4 += recurrent_kernel_4 * h_3;
                }
                vec_store(&tape->local.lstm.z[b][n], z_0_0);
                vec_store(&tape->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&tape->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&tape->local.lstm.z[b][n_plus_3], z_0_3);
                vec_store(&tape->local.lstm.z[b][n_plus_4], z_0_4);
                vec_store(&tape->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_3], z_1_3);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_4], z_1_4);
                vec_store(&tape->local.lstm.z[b_plus_2][n], z_2_0);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_1], z_2_1);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_2], z_2_2);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_3], z_2_3);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_4], z_2_4);
                vec_store(&tape->local.lstm.z[b_plus_3][n], z_3_0);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_1], z_3_1);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_2], z_3_2);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_3], z_3_3);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_4], z_3_4);
            }
        }
#else
        for (int n = 0; n < 400; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < 400 ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < 400 ? n + 2 * VEC : n;
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
                vec z_1_0 = bias_0;
                vec z_1_1 = bias_1;
                vec z_1_2 = bias_2;
                vec z_2_0 = bias_0;
                vec z_2_1 = bias_1;
                vec z_2_2 = bias_2;
                vec z_3_0 = bias_0;
                vec z_3_1 = bias_1;
                vec z_3_2 = bias_2;
                for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
                    const vec kernel_0 = vec_hold(vec_load(&training->lstm.kernel[n / 80][k][n % 80]));
                    const vec y_0 = vec_splat(tape->embedding.y[t][b][k]);
                    z_0_0 += kernel_0 * y_0;
                    const vec kernel_1 = vec_hold(vec_load(&training->lstm.kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += kernel_1 * y_0;
                    const vec kernel_2 = vec_hold(vec_load(&training->lstm.kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += kernel_2 * y_0;
                    const vec y_1 = vec_splat(tape->embedding.y[t][b_plus_1][k]);
                    z_1_0 += kernel_0 * y_1;
                    z_1_1 += kernel_1 * y_1;
                    z_1_2 += kernel_2 * y_1;
                    const vec y_2 = vec_splat(tape->embedding.y[t][b_plus_2][k]);
                    z_2_0 += kernel_0 * y_2;
                    z_2_1 += kernel_1 * y_2;
                    z_2_2 += kernel_2 * y_2;
                    const vec y_3 = vec_splat(tape->embedding.y[t][b_plus_3][k]);
                    z_3_0 += kernel_0 * y_3;
                    z_3_1 += kernel_1 * y_3;
                    z_3_2 += kernel_2 * y_3;
                }
                for (int k = 0; k < SENTIMENT_LSTM_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n / 80][k][n % 80]));
                    const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                    z_0_0 += recurrent_kernel_0 * h_0;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_1 / 80][k][n_plus_1 % 80]));
                    z_0_1 += recurrent_kernel_1 * h_0;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&training->lstm.recurrent_kernel[n_plus_2 / 80][k][n_plus_2 % 80]));
                    z_0_2 += recurrent_kernel_2 * h_0;
                    const vec h_1 = vec_splat(tape->lstm.h[t][b_plus_1][k]);
                    z_1_0 += recurrent_kernel_0 * h_1;
                    z_1_1 += recurrent_kernel_1 * h_1;
                    z_1_2 += recurrent_kernel_2 * h_1;
                    const vec h_2 = vec_splat(tape->lstm.h[t][b_plus_2][k]);
                    z_2_0 += recurrent_kernel_0 * h_2;
                    z_2_1 += recurrent_kernel_1 * h_2;
                    z_2_2 += recurrent_kernel_2 * h_2;
                    const vec h_3 = vec_splat(tape->lstm.h[t][b_plus_3][k]);
                    z_3_0 += recurrent_kernel_0 * h_3;
                    z_3_1 += recurrent_kernel_1 * h_3;
                    z_3_2 += recurrent_kernel_2 * h_3;
                }
                vec_store(&tape->local.lstm.z[b][n], z_0_0);
                vec_store(&tape->local.lstm.z[b][n_plus_1], z_0_1);
                vec_store(&tape->local.lstm.z[b][n_plus_2], z_0_2);
                vec_store(&tape->local.lstm.z[b_plus_1][n], z_1_0);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_1], z_1_1);
                vec_store(&tape->local.lstm.z[b_plus_1][n_plus_2], z_1_2);
                vec_store(&tape->local.lstm.z[b_plus_2][n], z_2_0);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_1], z_2_1);
                vec_store(&tape->local.lstm.z[b_plus_2][n_plus_2], z_2_2);
                vec_store(&tape->local.lstm.z[b_plus_3][n], z_3_0);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_1], z_3_1);
                vec_store(&tape->local.lstm.z[b_plus_3][n_plus_2], z_3_2);
            }
        }
#endif
        /* lstm.i[t,b,n] = sigmoid(lstm.z[t,b,n])
         * lstm.f[t,b,n] = sigmoid(lstm.z[t,b,n+100])
         * lstm.g[t,b,n] = tanh(lstm.z[t,b,n+200])
         * lstm.o[t,b,n] = sigmoid(lstm.z[t,b,n+300])
         * lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n]
         * lstm.tanh_c[t,b,n] = tanh(lstm.c[t+1,b,n])
         * lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tanh_c[t,b,n] */
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
                const vec z = vec_load_part(&tape->local.lstm.z[b][n], 100 - n);
                const vec i = vec_sigmoid(z);
                const vec z_2 = vec_load_part(&tape->local.lstm.z[b][n + 100], 100 - n);
                const vec f = vec_sigmoid(z_2);
                const vec z_3 = vec_load_part(&tape->local.lstm.z[b][n + 200], 100 - n);
                const vec g = vec_tanh(z_3);
                const vec z_4 = vec_load_part(&tape->local.lstm.z[b][n + 300], 100 - n);
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

static void dense_forward(const struct sentiment_weights *restrict weights,
    const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape, int rows)
{
    /* dense.z[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.z[b][0] = weights->dense.bias[0];
    }
    /* dense.z[b,n] += dense.kernel[n,k] * lstm.h[200,b,k] */
    for (int b = 0; b < rows; b += 4) {
        const int b_plus_1 = b + 1 < rows ? b + 1 : b;
        const int b_plus_2 = b + 2 < rows ? b + 2 : b;
        const int b_plus_3 = b + 3 < rows ? b + 3 : b;
        vec sum_of_z_0 = vec_splat(0.0f);
        float rest_of_z_0 = 0.0f;
        vec sum_of_z_1 = vec_splat(0.0f);
        float rest_of_z_1 = 0.0f;
        vec sum_of_z_2 = vec_splat(0.0f);
        float rest_of_z_2 = 0.0f;
        vec sum_of_z_3 = vec_splat(0.0f);
        float rest_of_z_3 = 0.0f;
        int k = 0;
        for (; k + VEC <= 100; k += VEC) {
            const vec kernel = vec_load(&training->dense.kernel[0][k]);
            const vec h_0 = vec_load(&tape->lstm.h[200][b][k]);
            const vec h_1 = vec_load(&tape->lstm.h[200][b_plus_1][k]);
            const vec h_2 = vec_load(&tape->lstm.h[200][b_plus_2][k]);
            const vec h_3 = vec_load(&tape->lstm.h[200][b_plus_3][k]);
            sum_of_z_0 += kernel * h_0;
            sum_of_z_1 += kernel * h_1;
            sum_of_z_2 += kernel * h_2;
            sum_of_z_3 += kernel * h_3;
        }
        for (k = 100 - 100 % VEC; k < 100; k++) {
            rest_of_z_0 += training->dense.kernel[0][k] * tape->lstm.h[200][b][k];
            rest_of_z_1 += training->dense.kernel[0][k] * tape->lstm.h[200][b_plus_1][k];
            rest_of_z_2 += training->dense.kernel[0][k] * tape->lstm.h[200][b_plus_2][k];
            rest_of_z_3 += training->dense.kernel[0][k] * tape->lstm.h[200][b_plus_3][k];
        }
        const float z_0 = tape->dense.z[b][0] + vec_sum(sum_of_z_0) + rest_of_z_0;
        const float z_1 = tape->dense.z[b_plus_1][0] + vec_sum(sum_of_z_1) + rest_of_z_1;
        const float z_2 = tape->dense.z[b_plus_2][0] + vec_sum(sum_of_z_2) + rest_of_z_2;
        const float z_3 = tape->dense.z[b_plus_3][0] + vec_sum(sum_of_z_3) + rest_of_z_3;
        tape->dense.z[b][0] = z_0;
        tape->dense.z[b_plus_1][0] = z_1;
        tape->dense.z[b_plus_2][0] = z_2;
        tape->dense.z[b_plus_3][0] = z_3;
    }
    /* dense.y[b,n] = sigmoid(dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        tape->dense.y[b][0] = sigmoid(tape->dense.z[b][0]);
    }
}

static void sentiment_forward_with(const struct sentiment_weights *restrict weights,
    const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape, const int32_t *restrict x,
    int rows, uint64_t seed)
{
    tape->rows = rows;
    memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);
    memset(tape->d_output, 0, sizeof tape->d_output);
    (void)seed;
    /* embedding.y[t,b,n] = embedding.embeddings[x[b,t],n] */
    for (int t = 0; t < SENTIMENT_TIMESTEPS; t++) {
        for (int b = 0; b < rows; b++) {
            for (int n = 0; n < SENTIMENT_EMBEDDING_OUTPUT_DIM; n += VEC) {
                const vec y_ = vec_load(&weights->embedding.embeddings[clamped(tape->input[b][t], 5000)][n]);
                vec_store(&tape->embedding.y[t][b][n], y_);
            }
        }
    }
    lstm_forward(training, tape, rows);
    dense_forward(weights, training, tape, rows);
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->output[b][0] = tape->dense.y[b][0];
    }
    /* dense.d_z[b,0] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] = 0.0f;
    }
}

static float sentiment_loss_with(struct sentiment_tape *restrict tape, const float *restrict target,
    const float *restrict sample_weight, float scale)
{
    const int rows = tape->rows;
    float loss = 0.0f;
    /* side[b,n] = greater(dense.z[b,n], 0) */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.side[b][0] = (tape->dense.z[b][0] > 0.0f ? 1.0f : 0.0f);
    }
    /* softplus_z[b,n] = softplus((1 - 2 * side[b,n]) * dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.softplus_z[b][0] = softplus((1.0f - 2.0f * tape->local.model_loss.side[b][0])
            * tape->dense.z[b][0]);
    }
    /* l[b] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.l[b] = 0.0f;
    }
    /* l[b] += softplus_z[b,k] + (side[b,k] - target[b,k]) * dense.z[b,k] */
    for (int b = 0; b < rows; b++) {
        tape->local.model_loss.l[b] += tape->local.model_loss.softplus_z[b][0] +
            (tape->local.model_loss.side[b][0] - target[b]) * tape->dense.z[b][0];
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
    /* dense.d_z[b,k] = d_l[b] * (side[b,k] - target[b,k]) */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] = tape->local.model_loss.d_l[b] * (tape->local.model_loss.side[b][0] - target[b]);
    }
    /* dense.d_z[b,n] += d_softplus_z[b,n] * sigmoid((1 - 2 * side[b,n]) * dense.z[b,n]) * (1 - 2 * side[b,n]) */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] += tape->local.model_loss.d_softplus_z[b][0]
            * sigmoid((1.0f - 2.0f * tape->local.model_loss.side[b][0]) * tape->dense.z[b][0])
            * (1.0f - 2.0f * tape->local.model_loss.side[b][0]);
    }
    /* d_output[b,0] = 0 */
    for (int b = 0; b < rows; b++) {
        tape->d_output[b][0] = 0.0f;
    }
    return loss;
}

static void dense_backward(struct sentiment_tape *restrict tape, struct sentiment_gradients *restrict gradients,
    int rows)
{
    /* dense.d_z[b,n] += dense.d_y[b,n] * sigmoid_slope(dense.z[b,n]) */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_z[b][0] += tape->dense.d_y[b][0] * sigmoid_slope(tape->dense.z[b][0]);
    }
    /* dense.d_kernel[k,n] += dense.d_z[b,n] * lstm.h[200,b,k] */
#if VEC == LANES
    for (int k = 0; k < SENTIMENT_LSTM_UNITS; k += 7 * VEC) {
        const int k_plus_1 = k + VEC < SENTIMENT_LSTM_UNITS ? k + VEC : k;
        const int k_plus_2 = k + 2 * VEC < SENTIMENT_LSTM_UNITS ? k + 2 * VEC : k;
        const int k_plus_3 = k + 3 * VEC < SENTIMENT_LSTM_UNITS ? k + 3 * VEC : k;
        const int k_plus_4 = k + 4 * VEC < SENTIMENT_LSTM_UNITS ? k + 4 * VEC : k;
        const int k_plus_5 = k + 5 * VEC < SENTIMENT_LSTM_UNITS ? k + 5 * VEC : k;
        const int k_plus_6 = k + 6 * VEC < SENTIMENT_LSTM_UNITS ? k + 6 * VEC : k;
        vec d_kernel_0 = vec_load_part((const float *)gradients->dense.kernel + k, 100 - k);
        vec d_kernel_1 = vec_load_part((const float *)gradients->dense.kernel + k_plus_1, 100 - k_plus_1);
        vec d_kernel_2 = vec_load_part((const float *)gradients->dense.kernel + k_plus_2, 100 - k_plus_2);
        vec d_kernel_3 = vec_load_part((const float *)gradients->dense.kernel + k_plus_3, 100 - k_plus_3);
        vec d_kernel_4 = vec_load_part((const float *)gradients->dense.kernel + k_plus_4, 100 - k_plus_4);
        vec d_kernel_5 = vec_load_part((const float *)gradients->dense.kernel + k_plus_5, 100 - k_plus_5);
        vec d_kernel_6 = vec_load_part((const float *)gradients->dense.kernel + k_plus_6, 100 - k_plus_6);
        for (int b = 0; b < rows; b++) {
            const vec d_z = vec_splat(tape->dense.d_z[b][0]);
            const vec h_0 = vec_load(&tape->lstm.h[200][b][k]);
            d_kernel_0 += d_z * h_0;
            const vec h_1 = vec_load(&tape->lstm.h[200][b][k_plus_1]);
            d_kernel_1 += d_z * h_1;
            const vec h_2 = vec_load(&tape->lstm.h[200][b][k_plus_2]);
            d_kernel_2 += d_z * h_2;
            const vec h_3 = vec_load(&tape->lstm.h[200][b][k_plus_3]);
            d_kernel_3 += d_z * h_3;
            const vec h_4 = vec_load(&tape->lstm.h[200][b][k_plus_4]);
            d_kernel_4 += d_z * h_4;
            const vec h_5 = vec_load(&tape->lstm.h[200][b][k_plus_5]);
            d_kernel_5 += d_z * h_5;
            const vec h_6 = vec_load(&tape->lstm.h[200][b][k_plus_6]);
            d_kernel_6 += d_z * h_6;
        }
        vec_store_part((float *)gradients->dense.kernel + k, d_kernel_0, 100 - k);
        vec_store_part((float *)gradients->dense.kernel + k_plus_1, d_kernel_1, 100 - k_plus_1);
        vec_store_part((float *)gradients->dense.kernel + k_plus_2, d_kernel_2, 100 - k_plus_2);
        vec_store_part((float *)gradients->dense.kernel + k_plus_3, d_kernel_3, 100 - k_plus_3);
        vec_store_part((float *)gradients->dense.kernel + k_plus_4, d_kernel_4, 100 - k_plus_4);
        vec_store_part((float *)gradients->dense.kernel + k_plus_5, d_kernel_5, 100 - k_plus_5);
        vec_store_part((float *)gradients->dense.kernel + k_plus_6, d_kernel_6, 100 - k_plus_6);
    }
#else
    for (int k = 0; k < SENTIMENT_LSTM_UNITS; k += VEC) {
        vec d_kernel = vec_load_part((const float *)gradients->dense.kernel + k, 100 - k);
        for (int b = 0; b < rows; b++) {
            const vec d_z = vec_splat(tape->dense.d_z[b][0]);
            const vec h = vec_load(&tape->lstm.h[200][b][k]);
            d_kernel += d_z * h;
        }
        vec_store_part((float *)gradients->dense.kernel + k, d_kernel, 100 - k);
    }
#endif
}

static void lstm_backward(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape,
    struct sentiment_gradients *restrict gradients, int rows)
{
    /* lstm.d_h[200,b,n] = 0
     * lstm.d_h[200,b,n] += dense.d_z[b,m] * dense.kernel_transposed[m,n] */
#if VEC == LANES
    for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += 7 * VEC) {
        const int n_plus_1 = n + VEC < SENTIMENT_LSTM_UNITS ? n + VEC : n;
        const int n_plus_2 = n + 2 * VEC < SENTIMENT_LSTM_UNITS ? n + 2 * VEC : n;
        const int n_plus_3 = n + 3 * VEC < SENTIMENT_LSTM_UNITS ? n + 3 * VEC : n;
        const int n_plus_4 = n + 4 * VEC < SENTIMENT_LSTM_UNITS ? n + 4 * VEC : n;
        const int n_plus_5 = n + 5 * VEC < SENTIMENT_LSTM_UNITS ? n + 5 * VEC : n;
        const int n_plus_6 = n + 6 * VEC < SENTIMENT_LSTM_UNITS ? n + 6 * VEC : n;
        for (int b = 0; b < rows; b += 2) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            vec d_h_0_0 = vec_splat(0.0f);
            vec d_h_0_1 = vec_splat(0.0f);
            vec d_h_0_2 = vec_splat(0.0f);
            vec d_h_0_3 = vec_splat(0.0f);
            vec d_h_0_4 = vec_splat(0.0f);
            vec d_h_0_5 = vec_splat(0.0f);
            vec d_h_0_6 = vec_splat(0.0f);
            vec d_h_1_0 = vec_splat(0.0f);
            vec d_h_1_1 = vec_splat(0.0f);
            vec d_h_1_2 = vec_splat(0.0f);
            vec d_h_1_3 = vec_splat(0.0f);
            vec d_h_1_4 = vec_splat(0.0f);
            vec d_h_1_5 = vec_splat(0.0f);
            vec d_h_1_6 = vec_splat(0.0f);
            const vec d_z_0 = vec_splat(tape->dense.d_z[b][0]);
            const vec kernel_transposed_0 = vec_hold(vec_load(&training->dense.kernel_transposed[n / 16][0][n % 16]));
            d_h_0_0 += d_z_0 * kernel_transposed_0;
            const vec d_z_1 = vec_splat(tape->dense.d_z[b_plus_1][0]);
            d_h_1_0 += d_z_1 * kernel_transposed_0;
            const vec kernel_transposed_1 =
                vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_1 / 16][0][n_plus_1 % 16]));
            d_h_0_1 += d_z_0 * kernel_transposed_1;
            d_h_1_1 += d_z_1 * kernel_transposed_1;
            const vec kernel_transposed_2 =
                vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_2 / 16][0][n_plus_2 % 16]));
            d_h_0_2 += d_z_0 * kernel_transposed_2;
            d_h_1_2 += d_z_1 * kernel_transposed_2;
            const vec kernel_transposed_3 =
                vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_3 / 16][0][n_plus_3 % 16]));
            d_h_0_3 += d_z_0 * kernel_transposed_3;
            d_h_1_3 += d_z_1 * kernel_transposed_3;
            const vec kernel_transposed_4 =
                vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_4 / 16][0][n_plus_4 % 16]));
            d_h_0_4 += d_z_0 * kernel_transposed_4;
            d_h_1_4 += d_z_1 * kernel_transposed_4;
            const vec kernel_transposed_5 =
                vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_5 / 16][0][n_plus_5 % 16]));
            d_h_0_5 += d_z_0 * kernel_transposed_5;
            d_h_1_5 += d_z_1 * kernel_transposed_5;
            const vec kernel_transposed_6 =
                vec_hold(vec_load(&training->dense.kernel_transposed[n_plus_6 / 16][0][n_plus_6 % 16]));
            d_h_0_6 += d_z_0 * kernel_transposed_6;
            d_h_1_6 += d_z_1 * kernel_transposed_6;
            vec_store(&tape->lstm.d_h[200 % 2][b][n], d_h_0_0);
            vec_store(&tape->lstm.d_h[200 % 2][b][n_plus_1], d_h_0_1);
            vec_store(&tape->lstm.d_h[200 % 2][b][n_plus_2], d_h_0_2);
            vec_store(&tape->lstm.d_h[200 % 2][b][n_plus_3], d_h_0_3);
            vec_store(&tape->lstm.d_h[200 % 2][b][n_plus_4], d_h_0_4);
            vec_store(&tape->lstm.d_h[200 % 2][b][n_plus_5], d_h_0_5);
            vec_store(&tape->lstm.d_h[200 % 2][b][n_plus_6], d_h_0_6);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n], d_h_1_0);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n_plus_1], d_h_1_1);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n_plus_2], d_h_1_2);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n_plus_3], d_h_1_3);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n_plus_4], d_h_1_4);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n_plus_5], d_h_1_5);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n_plus_6], d_h_1_6);
        }
    }
#else
    for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += 2 * VEC) {
        const int n_plus_1 = n + VEC < SENTIMENT_LSTM_UNITS ? n + VEC : n;
        for (int b = 0; b < rows; b += 2) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            vec d_h_0_0 = vec_splat(0.0f);
            vec d_h_0_1 = vec_splat(0.0f);
            vec d_h_1_0 = vec_splat(0.0f);
            vec d_h_1_1 = vec_splat(0.0f);
            const vec d_z_0 = vec_splat(tape->dense.d_z[b][0]);
            const vec kernel_transposed_0 = vec_keep(vec_load(&training->dense.kernel_transposed[n / 16][0][n % 16]));
            d_h_0_0 += d_z_0 * kernel_transposed_0;
            const vec d_z_1 = vec_splat(tape->dense.d_z[b_plus_1][0]);
            d_h_1_0 += d_z_1 * kernel_transposed_0;
            const vec kernel_transposed_1 =
                vec_keep(vec_load(&training->dense.kernel_transposed[n_plus_1 / 16][0][n_plus_1 % 16]));
            d_h_0_1 += d_z_0 * kernel_transposed_1;
            d_h_1_1 += d_z_1 * kernel_transposed_1;
            vec_store(&tape->lstm.d_h[200 % 2][b][n], d_h_0_0);
            vec_store(&tape->lstm.d_h[200 % 2][b][n_plus_1], d_h_0_1);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n], d_h_1_0);
            vec_store(&tape->lstm.d_h[200 % 2][b_plus_1][n_plus_1], d_h_1_1);
        }
    }
#endif
    /* dense.d_bias[n] += dense.d_z[b,n] */
    {
        float sum = gradients->dense.bias[0];
        for (int b = 0; b < rows; b++) {
            sum += tape->dense.d_z[b][0];
        }
        gradients->dense.bias[0] = sum;
    }
}

static void lstm_backward_2(const struct sentiment_training *restrict training, struct sentiment_tape *restrict tape,
    struct sentiment_gradients *restrict gradients, int rows)
{
    /* lstm.d_c[200,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
            const vec d_c = vec_splat(0.0f);
            vec_store(&tape->local.lstm_backward.d_c[200 % 2][b][n], d_c);
        }
    }
    /* lstm.d_recurrent_kernel_sum[k,n] = 0 */
    for (int k = 0; k < SENTIMENT_LSTM_UNITS; k++) {
        for (int n = 0; n < 400; n += VEC) {
            const vec d_recurrent_kernel_sum = vec_splat(0.0f);
            vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16], d_recurrent_kernel_sum);
        }
    }
    /* lstm.d_kernel_sum[k,n] = 0 */
    for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
        for (int n = 0; n < 400; n += VEC) {
            const vec d_kernel_sum = vec_splat(0.0f);
            vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16], d_kernel_sum);
        }
    }
    /* lstm.d_bias_sum[n] = 0 */
    for (int n = 0; n < 400; n += VEC) {
        const vec d_bias_sum = vec_splat(0.0f);
        vec_store(&tape->local.lstm_backward.d_bias_sum[n], d_bias_sum);
    }
    /* lstm.d_h, lstm.d_c: 2 steps are kept, step t at t % 2 */
    for (int t_end = SENTIMENT_TIMESTEPS; t_end > 0; t_end -= 1) {
        const int t_start = t_end - 1;
        for (int t = t_end - 1; t >= t_start; t--) {
            /* lstm.d_o[t,b,n] = lstm.d_h[t+1,b,n] * lstm.tanh_c[t,b,n]
             * lstm.d_tanh_c[t,b,n] = lstm.d_h[t+1,b,n] * lstm.o[t,b,n]
             * lstm.d_c[t+1,b,n] += lstm.d_tanh_c[t,b,n] * (1 - lstm.tanh_c[t,b,n] * lstm.tanh_c[t,b,n])
             * lstm.d_f[t,b,n] = lstm.d_c[t+1,b,n] * lstm.c[t,b,n]
             * lstm.d_c[t,b,n] = lstm.d_c[t+1,b,n] * lstm.f[t,b,n]
             * lstm.d_i[t,b,n] = lstm.d_c[t+1,b,n] * lstm.g[t,b,n]
             * lstm.d_g[t,b,n] = lstm.d_c[t+1,b,n] * lstm.i[t,b,n]
             * lstm.d_z[t,b,n+300] = lstm.d_o[t,b,n] * (lstm.o[t,b,n] * (1 - lstm.o[t,b,n]))
             * lstm.d_z[t,b,n+200] = lstm.d_g[t,b,n] * (1 - lstm.g[t,b,n] * lstm.g[t,b,n])
             * lstm.d_z[t,b,n+100] = lstm.d_f[t,b,n] * (lstm.f[t,b,n] * (1 - lstm.f[t,b,n]))
             * lstm.d_z[t,b,n] = lstm.d_i[t,b,n] * (lstm.i[t,b,n] * (1 - lstm.i[t,b,n])) */
            for (int b = 0; b < rows; b++) {
                for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += VEC) {
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
                    vec_store_part(&tape->local.lstm_backward.d_z[b][n + 300], d_z, 100 - n);
                    vec_store_part(&tape->local.lstm_backward.d_z[b][n + 200], d_z_2, 100 - n);
                    vec_store_part(&tape->local.lstm_backward.d_z[b][n + 100], d_z_3, 100 - n);
                    vec_store_part(&tape->local.lstm_backward.d_z[b][n], d_z_4, 100 - n);
                }
            }
            /* lstm.d_h[t,b,n] = 0
             * lstm.d_h[t,b,n] += lstm.d_z[t,b,m] * lstm.recurrent_kernel_transposed[m,n] */
#if VEC == LANES
            for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += 7 * VEC) {
                const int n_plus_1 = n + VEC < SENTIMENT_LSTM_UNITS ? n + VEC : n;
                const int n_plus_2 = n + 2 * VEC < SENTIMENT_LSTM_UNITS ? n + 2 * VEC : n;
                const int n_plus_3 = n + 3 * VEC < SENTIMENT_LSTM_UNITS ? n + 3 * VEC : n;
                const int n_plus_4 = n + 4 * VEC < SENTIMENT_LSTM_UNITS ? n + 4 * VEC : n;
                const int n_plus_5 = n + 5 * VEC < SENTIMENT_LSTM_UNITS ? n + 5 * VEC : n;
                const int n_plus_6 = n + 6 * VEC < SENTIMENT_LSTM_UNITS ? n + 6 * VEC : n;
                for (int b = 0; b < rows; b += 3) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    vec d_h_0_0 = vec_splat(0.0f);
                    vec d_h_0_1 = vec_splat(0.0f);
                    vec d_h_0_2 = vec_splat(0.0f);
                    vec d_h_0_3 = vec_splat(0.0f);
                    vec d_h_0_4 = vec_splat(0.0f);
                    vec d_h_0_5 = vec_splat(0.0f);
                    vec d_h_0_6 = vec_splat(0.0f);
                    vec d_h_1_0 = vec_splat(0.0f);
                    vec d_h_1_1 = vec_splat(0.0f);
                    vec d_h_1_2 = vec_splat(0.0f);
                    vec d_h_1_3 = vec_splat(0.0f);
                    vec d_h_1_4 = vec_splat(0.0f);
                    vec d_h_1_5 = vec_splat(0.0f);
                    vec d_h_1_6 = vec_splat(0.0f);
                    vec d_h_2_0 = vec_splat(0.0f);
                    vec d_h_2_1 = vec_splat(0.0f);
                    vec d_h_2_2 = vec_splat(0.0f);
                    vec d_h_2_3 = vec_splat(0.0f);
                    vec d_h_2_4 = vec_splat(0.0f);
                    vec d_h_2_5 = vec_splat(0.0f);
                    vec d_h_2_6 = vec_splat(0.0f);
                    for (int m = 0; m < 400; m++) {
                        const vec d_z_0 = vec_splat(tape->local.lstm_backward.d_z[b][m]);
                        const vec recurrent_kernel_transposed_0 =
                            vec_hold(vec_load(&training->lstm.recurrent_kernel_transposed[n / 16][m][n % 16]));
                        d_h_0_0 += d_z_0 * recurrent_kernel_transposed_0;
                        const vec d_z_1 = vec_splat(tape->local.lstm_backward.d_z[b_plus_1][m]);
                        d_h_1_0 += d_z_1 * recurrent_kernel_transposed_0;
                        const vec d_z_2 = vec_splat(tape->local.lstm_backward.d_z[b_plus_2][m]);
                        d_h_2_0 += d_z_2 * recurrent_kernel_transposed_0;
                        const vec recurrent_kernel_transposed_1 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_h_0_1 += d_z_0 * recurrent_kernel_transposed_1;
                        d_h_1_1 += d_z_1 * recurrent_kernel_transposed_1;
                        d_h_2_1 += d_z_2 * recurrent_kernel_transposed_1;
                        const vec recurrent_kernel_transposed_2 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_2 / 16][m][n_plus_2 % 16]));
                        d_h_0_2 += d_z_0 * recurrent_kernel_transposed_2;
                        d_h_1_2 += d_z_1 * recurrent_kernel_transposed_2;
                        d_h_2_2 += d_z_2 * recurrent_kernel_transposed_2;
                        const vec recurrent_kernel_transposed_3 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_3 / 16][m][n_plus_3 % 16]));
                        d_h_0_3 += d_z_0 * recurrent_kernel_transposed_3;
                        d_h_1_3 += d_z_1 * recurrent_kernel_transposed_3;
                        d_h_2_3 += d_z_2 * recurrent_kernel_transposed_3;
                        const vec recurrent_kernel_transposed_4 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_4 / 16][m][n_plus_4 % 16]));
                        d_h_0_4 += d_z_0 * recurrent_kernel_transposed_4;
                        d_h_1_4 += d_z_1 * recurrent_kernel_transposed_4;
                        d_h_2_4 += d_z_2 * recurrent_kernel_transposed_4;
                        const vec recurrent_kernel_transposed_5 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_5 / 16][m][n_plus_5 % 16]));
                        d_h_0_5 += d_z_0 * recurrent_kernel_transposed_5;
                        d_h_1_5 += d_z_1 * recurrent_kernel_transposed_5;
                        d_h_2_5 += d_z_2 * recurrent_kernel_transposed_5;
                        const vec recurrent_kernel_transposed_6 =
                            vec_hold(vec_load(
                            &training->lstm.recurrent_kernel_transposed[n_plus_6 / 16][m][n_plus_6 % 16]));
                        d_h_0_6 += d_z_0 * recurrent_kernel_transposed_6;
                        d_h_1_6 += d_z_1 * recurrent_kernel_transposed_6;
                        d_h_2_6 += d_z_2 * recurrent_kernel_transposed_6;
                    }
                    vec_store(&tape->lstm.d_h[t % 2][b][n], d_h_0_0);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_1], d_h_0_1);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_2], d_h_0_2);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_3], d_h_0_3);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_4], d_h_0_4);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_5], d_h_0_5);
                    vec_store(&tape->lstm.d_h[t % 2][b][n_plus_6], d_h_0_6);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n], d_h_1_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_1], d_h_1_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_2], d_h_1_2);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_3], d_h_1_3);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_4], d_h_1_4);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_5], d_h_1_5);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_1][n_plus_6], d_h_1_6);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n], d_h_2_0);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_1], d_h_2_1);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_2], d_h_2_2);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_3], d_h_2_3);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_4], d_h_2_4);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_5], d_h_2_5);
                    vec_store(&tape->lstm.d_h[t % 2][b_plus_2][n_plus_6], d_h_2_6);
                }
            }
#else
            for (int n = 0; n < SENTIMENT_LSTM_UNITS; n += 3 * VEC) {
                const int n_plus_1 = n + VEC < SENTIMENT_LSTM_UNITS ? n + VEC : n;
                const int n_plus_2 = n + 2 * VEC < SENTIMENT_LSTM_UNITS ? n + 2 * VEC : n;
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
                    for (int m = 0; m < 400; m++) {
                        const vec d_z_0 = vec_splat(tape->local.lstm_backward.d_z[b][m]);
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
                        const vec d_z_1 = vec_splat(tape->local.lstm_backward.d_z[b_plus_1][m]);
                        d_h_1_0 += d_z_1 * recurrent_kernel_transposed_0;
                        d_h_1_1 += d_z_1 * recurrent_kernel_transposed_1;
                        d_h_1_2 += d_z_1 * recurrent_kernel_transposed_2;
                        const vec d_z_2 = vec_splat(tape->local.lstm_backward.d_z[b_plus_2][m]);
                        d_h_2_0 += d_z_2 * recurrent_kernel_transposed_0;
                        d_h_2_1 += d_z_2 * recurrent_kernel_transposed_1;
                        d_h_2_2 += d_z_2 * recurrent_kernel_transposed_2;
                        const vec d_z_3 = vec_splat(tape->local.lstm_backward.d_z[b_plus_3][m]);
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
        for (int n = 0; n < 400; n += 5 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            for (int k = 0; k < SENTIMENT_LSTM_UNITS; k += 4) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                vec d_recurrent_kernel_sum_0_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_4 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_4 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_4 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_3 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_4 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_z_0 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n]));
                        const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                        d_recurrent_kernel_sum_0_0 += d_z_0 * h_0;
                        const vec h_1 = vec_splat(tape->lstm.h[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_1_0 += d_z_0 * h_1;
                        const vec h_2 = vec_splat(tape->lstm.h[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_0 += d_z_0 * h_2;
                        const vec h_3 = vec_splat(tape->lstm.h[t][b][k_plus_3]);
                        d_recurrent_kernel_sum_3_0 += d_z_0 * h_3;
                        const vec d_z_1 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_1]));
                        d_recurrent_kernel_sum_0_1 += d_z_1 * h_0;
                        d_recurrent_kernel_sum_1_1 += d_z_1 * h_1;
                        d_recurrent_kernel_sum_2_1 += d_z_1 * h_2;
                        d_recurrent_kernel_sum_3_1 += d_z_1 * h_3;
                        const vec d_z_2 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_2]));
                        d_recurrent_kernel_sum_0_2 += d_z_2 * h_0;
                        d_recurrent_kernel_sum_1_2 += d_z_2 * h_1;
                        d_recurrent_kernel_sum_2_2 += d_z_2 * h_2;
                        d_recurrent_kernel_sum_3_2 += d_z_2 * h_3;
                        const vec d_z_3 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_3]));
                        d_recurrent_kernel_sum_0_3 += d_z_3 * h_0;
                        d_recurrent_kernel_sum_1_3 += d_z_3 * h_1;
                        d_recurrent_kernel_sum_2_3 += d_z_3 * h_2;
                        d_recurrent_kernel_sum_3_3 += d_z_3 * h_3;
                        const vec d_z_4 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_4]));
                        d_recurrent_kernel_sum_0_4 += d_z_4 * h_0;
                        d_recurrent_kernel_sum_1_4 += d_z_4 * h_1;
                        d_recurrent_kernel_sum_2_4 += d_z_4 * h_2;
                        d_recurrent_kernel_sum_3_4 += d_z_4 * h_3;
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
            }
        }
#else
        for (int n = 0; n < 400; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < 400 ? n + VEC : n;
            for (int k = 0; k < SENTIMENT_LSTM_UNITS; k += 5) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                const int k_plus_4 = k + 4;
                vec d_recurrent_kernel_sum_0_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_4_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_4_1 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_z_0 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n]));
                        const vec h_0 = vec_splat(tape->lstm.h[t][b][k]);
                        d_recurrent_kernel_sum_0_0 += d_z_0 * h_0;
                        const vec d_z_1 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_1]));
                        d_recurrent_kernel_sum_0_1 += d_z_1 * h_0;
                        const vec h_1 = vec_splat(tape->lstm.h[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_1_0 += d_z_0 * h_1;
                        d_recurrent_kernel_sum_1_1 += d_z_1 * h_1;
                        const vec h_2 = vec_splat(tape->lstm.h[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_0 += d_z_0 * h_2;
                        d_recurrent_kernel_sum_2_1 += d_z_1 * h_2;
                        const vec h_3 = vec_splat(tape->lstm.h[t][b][k_plus_3]);
                        d_recurrent_kernel_sum_3_0 += d_z_0 * h_3;
                        d_recurrent_kernel_sum_3_1 += d_z_1 * h_3;
                        const vec h_4 = vec_splat(tape->lstm.h[t][b][k_plus_4]);
                        d_recurrent_kernel_sum_4_0 += d_z_0 * h_4;
                        d_recurrent_kernel_sum_4_1 += d_z_1 * h_4;
                    }
                }
                d_recurrent_kernel_sum_0_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
                d_recurrent_kernel_sum_0_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_recurrent_kernel_sum_1_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16]);
                d_recurrent_kernel_sum_1_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16]);
                d_recurrent_kernel_sum_2_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_recurrent_kernel_sum_3_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16]);
                d_recurrent_kernel_sum_3_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_recurrent_kernel_sum_4_0 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_4][n % 16]);
                d_recurrent_kernel_sum_4_1 +=
                    vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_4][n_plus_1 % 16]);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16],
                    d_recurrent_kernel_sum_0_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16],
                    d_recurrent_kernel_sum_0_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16],
                    d_recurrent_kernel_sum_1_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_recurrent_kernel_sum_1_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16],
                    d_recurrent_kernel_sum_2_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16],
                    d_recurrent_kernel_sum_3_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_recurrent_kernel_sum_3_1);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k_plus_4][n % 16],
                    d_recurrent_kernel_sum_4_0);
                vec_store(&tape->local.lstm_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_4][n_plus_1 % 16],
                    d_recurrent_kernel_sum_4_1);
            }
        }
#endif
        /* lstm.d_kernel_sum[k,n] += lstm.d_z[t,b,n] * embedding.y[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < 400; n += 5 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k += 4) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                vec d_kernel_sum_0_0 = vec_splat(0.0f);
                vec d_kernel_sum_0_1 = vec_splat(0.0f);
                vec d_kernel_sum_0_2 = vec_splat(0.0f);
                vec d_kernel_sum_0_3 = vec_splat(0.0f);
                vec d_kernel_sum_0_4 = vec_splat(0.0f);
                vec d_kernel_sum_1_0 = vec_splat(0.0f);
                vec d_kernel_sum_1_1 = vec_splat(0.0f);
                vec d_kernel_sum_1_2 = vec_splat(0.0f);
                vec d_kernel_sum_1_3 = vec_splat(0.0f);
                vec d_kernel_sum_1_4 = vec_splat(0.0f);
                vec d_kernel_sum_2_0 = vec_splat(0.0f);
                vec d_kernel_sum_2_1 = vec_splat(0.0f);
                vec d_kernel_sum_2_2 = vec_splat(0.0f);
                vec d_kernel_sum_2_3 = vec_splat(0.0f);
                vec d_kernel_sum_2_4 = vec_splat(0.0f);
                vec d_kernel_sum_3_0 = vec_splat(0.0f);
                vec d_kernel_sum_3_1 = vec_splat(0.0f);
                vec d_kernel_sum_3_2 = vec_splat(0.0f);
                vec d_kernel_sum_3_3 = vec_splat(0.0f);
                vec d_kernel_sum_3_4 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_z_0 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n]));
                        const vec y_0 = vec_splat(tape->embedding.y[t][b][k]);
                        d_kernel_sum_0_0 += d_z_0 * y_0;
                        const vec y_1 = vec_splat(tape->embedding.y[t][b][k_plus_1]);
                        d_kernel_sum_1_0 += d_z_0 * y_1;
                        const vec y_2 = vec_splat(tape->embedding.y[t][b][k_plus_2]);
                        d_kernel_sum_2_0 += d_z_0 * y_2;
                        const vec y_3 = vec_splat(tape->embedding.y[t][b][k_plus_3]);
                        d_kernel_sum_3_0 += d_z_0 * y_3;
                        const vec d_z_1 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_1]));
                        d_kernel_sum_0_1 += d_z_1 * y_0;
                        d_kernel_sum_1_1 += d_z_1 * y_1;
                        d_kernel_sum_2_1 += d_z_1 * y_2;
                        d_kernel_sum_3_1 += d_z_1 * y_3;
                        const vec d_z_2 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_2]));
                        d_kernel_sum_0_2 += d_z_2 * y_0;
                        d_kernel_sum_1_2 += d_z_2 * y_1;
                        d_kernel_sum_2_2 += d_z_2 * y_2;
                        d_kernel_sum_3_2 += d_z_2 * y_3;
                        const vec d_z_3 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_3]));
                        d_kernel_sum_0_3 += d_z_3 * y_0;
                        d_kernel_sum_1_3 += d_z_3 * y_1;
                        d_kernel_sum_2_3 += d_z_3 * y_2;
                        d_kernel_sum_3_3 += d_z_3 * y_3;
                        const vec d_z_4 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_4]));
                        d_kernel_sum_0_4 += d_z_4 * y_0;
                        d_kernel_sum_1_4 += d_z_4 * y_1;
                        d_kernel_sum_2_4 += d_z_4 * y_2;
                        d_kernel_sum_3_4 += d_z_4 * y_3;
                    }
                }
                d_kernel_sum_0_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16]);
                d_kernel_sum_0_1 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_kernel_sum_0_2 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16]);
                d_kernel_sum_0_3 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k][n_plus_3 % 16]);
                d_kernel_sum_0_4 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k][n_plus_4 % 16]);
                d_kernel_sum_1_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_1][n % 16]);
                d_kernel_sum_1_1 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_kernel_sum_1_2 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16]);
                d_kernel_sum_1_3 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k_plus_1][n_plus_3 % 16]);
                d_kernel_sum_1_4 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k_plus_1][n_plus_4 % 16]);
                d_kernel_sum_2_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_2][n % 16]);
                d_kernel_sum_2_1 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_kernel_sum_2_2 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16]);
                d_kernel_sum_2_3 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k_plus_2][n_plus_3 % 16]);
                d_kernel_sum_2_4 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k_plus_2][n_plus_4 % 16]);
                d_kernel_sum_3_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_3][n % 16]);
                d_kernel_sum_3_1 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_kernel_sum_3_2 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16]);
                d_kernel_sum_3_3 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k_plus_3][n_plus_3 % 16]);
                d_kernel_sum_3_4 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k_plus_3][n_plus_4 % 16]);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16], d_kernel_sum_0_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16], d_kernel_sum_0_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16], d_kernel_sum_0_2);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k][n_plus_3 % 16], d_kernel_sum_0_3);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k][n_plus_4 % 16], d_kernel_sum_0_4);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_1][n % 16], d_kernel_sum_1_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_kernel_sum_1_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16],
                    d_kernel_sum_1_2);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k_plus_1][n_plus_3 % 16],
                    d_kernel_sum_1_3);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k_plus_1][n_plus_4 % 16],
                    d_kernel_sum_1_4);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_2][n % 16], d_kernel_sum_2_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_kernel_sum_2_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16],
                    d_kernel_sum_2_2);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k_plus_2][n_plus_3 % 16],
                    d_kernel_sum_2_3);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k_plus_2][n_plus_4 % 16],
                    d_kernel_sum_2_4);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_3][n % 16], d_kernel_sum_3_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_kernel_sum_3_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16],
                    d_kernel_sum_3_2);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_3 / 16][k_plus_3][n_plus_3 % 16],
                    d_kernel_sum_3_3);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_4 / 16][k_plus_3][n_plus_4 % 16],
                    d_kernel_sum_3_4);
            }
        }
#else
        for (int n = 0; n < 400; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < 400 ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < 400 ? n + 2 * VEC : n;
            for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k += 4) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                vec d_kernel_sum_0_0 = vec_splat(0.0f);
                vec d_kernel_sum_0_1 = vec_splat(0.0f);
                vec d_kernel_sum_0_2 = vec_splat(0.0f);
                vec d_kernel_sum_1_0 = vec_splat(0.0f);
                vec d_kernel_sum_1_1 = vec_splat(0.0f);
                vec d_kernel_sum_1_2 = vec_splat(0.0f);
                vec d_kernel_sum_2_0 = vec_splat(0.0f);
                vec d_kernel_sum_2_1 = vec_splat(0.0f);
                vec d_kernel_sum_2_2 = vec_splat(0.0f);
                vec d_kernel_sum_3_0 = vec_splat(0.0f);
                vec d_kernel_sum_3_1 = vec_splat(0.0f);
                vec d_kernel_sum_3_2 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_z_0 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n]));
                        const vec y_0 = vec_splat(tape->embedding.y[t][b][k]);
                        d_kernel_sum_0_0 += d_z_0 * y_0;
                        const vec d_z_1 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_1]));
                        d_kernel_sum_0_1 += d_z_1 * y_0;
                        const vec d_z_2 = vec_hold(vec_load(&tape->local.lstm_backward.d_z[b][n_plus_2]));
                        d_kernel_sum_0_2 += d_z_2 * y_0;
                        const vec y_1 = vec_splat(tape->embedding.y[t][b][k_plus_1]);
                        d_kernel_sum_1_0 += d_z_0 * y_1;
                        d_kernel_sum_1_1 += d_z_1 * y_1;
                        d_kernel_sum_1_2 += d_z_2 * y_1;
                        const vec y_2 = vec_splat(tape->embedding.y[t][b][k_plus_2]);
                        d_kernel_sum_2_0 += d_z_0 * y_2;
                        d_kernel_sum_2_1 += d_z_1 * y_2;
                        d_kernel_sum_2_2 += d_z_2 * y_2;
                        const vec y_3 = vec_splat(tape->embedding.y[t][b][k_plus_3]);
                        d_kernel_sum_3_0 += d_z_0 * y_3;
                        d_kernel_sum_3_1 += d_z_1 * y_3;
                        d_kernel_sum_3_2 += d_z_2 * y_3;
                    }
                }
                d_kernel_sum_0_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16]);
                d_kernel_sum_0_1 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_kernel_sum_0_2 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16]);
                d_kernel_sum_1_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_1][n % 16]);
                d_kernel_sum_1_1 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_kernel_sum_1_2 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16]);
                d_kernel_sum_2_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_2][n % 16]);
                d_kernel_sum_2_1 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_kernel_sum_2_2 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16]);
                d_kernel_sum_3_0 += vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_3][n % 16]);
                d_kernel_sum_3_1 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_kernel_sum_3_2 +=
                    vec_load(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16]);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16], d_kernel_sum_0_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16], d_kernel_sum_0_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16], d_kernel_sum_0_2);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_1][n % 16], d_kernel_sum_1_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_kernel_sum_1_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16],
                    d_kernel_sum_1_2);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_2][n % 16], d_kernel_sum_2_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_kernel_sum_2_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16],
                    d_kernel_sum_2_2);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n / 16][k_plus_3][n % 16], d_kernel_sum_3_0);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_kernel_sum_3_1);
                vec_store(&tape->local.lstm_backward.d_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16],
                    d_kernel_sum_3_2);
            }
        }
#endif
        /* embedding.d_y[t,b,n] = 0
         * embedding.d_y[t,b,n] += lstm.d_z[t,b,m] * lstm.kernel_transposed[m,n] */
#if VEC == LANES
        for (int t = t_start; t < t_end; t++) {
            for (int n = 0; n < SENTIMENT_EMBEDDING_OUTPUT_DIM; n += 2 * VEC) {
                const int n_plus_1 = n + VEC;
                for (int b = 0; b < rows; b += 5) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                    const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                    vec d_y_0_0 = vec_splat(0.0f);
                    vec d_y_0_1 = vec_splat(0.0f);
                    vec d_y_1_0 = vec_splat(0.0f);
                    vec d_y_1_1 = vec_splat(0.0f);
                    vec d_y_2_0 = vec_splat(0.0f);
                    vec d_y_2_1 = vec_splat(0.0f);
                    vec d_y_3_0 = vec_splat(0.0f);
                    vec d_y_3_1 = vec_splat(0.0f);
                    vec d_y_4_0 = vec_splat(0.0f);
                    vec d_y_4_1 = vec_splat(0.0f);
                    for (int m = 0; m < 400; m++) {
                        const vec d_z_0 = vec_splat(tape->local.lstm_backward.d_z[b][m]);
                        const vec kernel_transposed_0 =
                            vec_hold(vec_load(&training->lstm.kernel_transposed[n / 16][m][n % 16]));
                        d_y_0_0 += d_z_0 * kernel_transposed_0;
                        const vec kernel_transposed_1 =
                            vec_hold(vec_load(&training->lstm.kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_y_0_1 += d_z_0 * kernel_transposed_1;
                        const vec d_z_1 = vec_splat(tape->local.lstm_backward.d_z[b_plus_1][m]);
                        d_y_1_0 += d_z_1 * kernel_transposed_0;
                        d_y_1_1 += d_z_1 * kernel_transposed_1;
                        const vec d_z_2 = vec_splat(tape->local.lstm_backward.d_z[b_plus_2][m]);
                        d_y_2_0 += d_z_2 * kernel_transposed_0;
                        d_y_2_1 += d_z_2 * kernel_transposed_1;
                        const vec d_z_3 = vec_splat(tape->local.lstm_backward.d_z[b_plus_3][m]);
                        d_y_3_0 += d_z_3 * kernel_transposed_0;
                        d_y_3_1 += d_z_3 * kernel_transposed_1;
                        const vec d_z_4 = vec_splat(tape->local.lstm_backward.d_z[b_plus_4][m]);
                        d_y_4_0 += d_z_4 * kernel_transposed_0;
                        d_y_4_1 += d_z_4 * kernel_transposed_1;
                    }
                    vec_store(&tape->embedding.d_y[t][b][n], d_y_0_0);
                    vec_store(&tape->embedding.d_y[t][b][n_plus_1], d_y_0_1);
                    vec_store(&tape->embedding.d_y[t][b_plus_1][n], d_y_1_0);
                    vec_store(&tape->embedding.d_y[t][b_plus_1][n_plus_1], d_y_1_1);
                    vec_store(&tape->embedding.d_y[t][b_plus_2][n], d_y_2_0);
                    vec_store(&tape->embedding.d_y[t][b_plus_2][n_plus_1], d_y_2_1);
                    vec_store(&tape->embedding.d_y[t][b_plus_3][n], d_y_3_0);
                    vec_store(&tape->embedding.d_y[t][b_plus_3][n_plus_1], d_y_3_1);
                    vec_store(&tape->embedding.d_y[t][b_plus_4][n], d_y_4_0);
                    vec_store(&tape->embedding.d_y[t][b_plus_4][n_plus_1], d_y_4_1);
                }
            }
        }
#else
        for (int t = t_start; t < t_end; t++) {
            for (int n = 0; n < SENTIMENT_EMBEDDING_OUTPUT_DIM; n += 4 * VEC) {
                const int n_plus_1 = n + VEC < SENTIMENT_EMBEDDING_OUTPUT_DIM ? n + VEC : n;
                const int n_plus_2 = n + 2 * VEC < SENTIMENT_EMBEDDING_OUTPUT_DIM ? n + 2 * VEC : n;
                const int n_plus_3 = n + 3 * VEC < SENTIMENT_EMBEDDING_OUTPUT_DIM ? n + 3 * VEC : n;
                for (int b = 0; b < rows; b += 3) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    vec d_y_0_0 = vec_splat(0.0f);
                    vec d_y_0_1 = vec_splat(0.0f);
                    vec d_y_0_2 = vec_splat(0.0f);
                    vec d_y_0_3 = vec_splat(0.0f);
                    vec d_y_1_0 = vec_splat(0.0f);
                    vec d_y_1_1 = vec_splat(0.0f);
                    vec d_y_1_2 = vec_splat(0.0f);
                    vec d_y_1_3 = vec_splat(0.0f);
                    vec d_y_2_0 = vec_splat(0.0f);
                    vec d_y_2_1 = vec_splat(0.0f);
                    vec d_y_2_2 = vec_splat(0.0f);
                    vec d_y_2_3 = vec_splat(0.0f);
                    for (int m = 0; m < 400; m++) {
                        const vec d_z_0 = vec_splat(tape->local.lstm_backward.d_z[b][m]);
                        const vec kernel_transposed_0 =
                            vec_hold(vec_load(&training->lstm.kernel_transposed[n / 16][m][n % 16]));
                        d_y_0_0 += d_z_0 * kernel_transposed_0;
                        const vec d_z_1 = vec_splat(tape->local.lstm_backward.d_z[b_plus_1][m]);
                        d_y_1_0 += d_z_1 * kernel_transposed_0;
                        const vec d_z_2 = vec_splat(tape->local.lstm_backward.d_z[b_plus_2][m]);
                        d_y_2_0 += d_z_2 * kernel_transposed_0;
                        const vec kernel_transposed_1 =
                            vec_hold(vec_load(&training->lstm.kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_y_0_1 += d_z_0 * kernel_transposed_1;
                        d_y_1_1 += d_z_1 * kernel_transposed_1;
                        d_y_2_1 += d_z_2 * kernel_transposed_1;
                        const vec kernel_transposed_2 =
                            vec_hold(vec_load(&training->lstm.kernel_transposed[n_plus_2 / 16][m][n_plus_2 % 16]));
                        d_y_0_2 += d_z_0 * kernel_transposed_2;
                        d_y_1_2 += d_z_1 * kernel_transposed_2;
                        d_y_2_2 += d_z_2 * kernel_transposed_2;
                        const vec kernel_transposed_3 =
                            vec_hold(vec_load(&training->lstm.kernel_transposed[n_plus_3 / 16][m][n_plus_3 % 16]));
                        d_y_0_3 += d_z_0 * kernel_transposed_3;
                        d_y_1_3 += d_z_1 * kernel_transposed_3;
                        d_y_2_3 += d_z_2 * kernel_transposed_3;
                    }
                    vec_store(&tape->embedding.d_y[t][b][n], d_y_0_0);
                    vec_store(&tape->embedding.d_y[t][b][n_plus_1], d_y_0_1);
                    vec_store(&tape->embedding.d_y[t][b][n_plus_2], d_y_0_2);
                    vec_store(&tape->embedding.d_y[t][b][n_plus_3], d_y_0_3);
                    vec_store(&tape->embedding.d_y[t][b_plus_1][n], d_y_1_0);
                    vec_store(&tape->embedding.d_y[t][b_plus_1][n_plus_1], d_y_1_1);
                    vec_store(&tape->embedding.d_y[t][b_plus_1][n_plus_2], d_y_1_2);
                    vec_store(&tape->embedding.d_y[t][b_plus_1][n_plus_3], d_y_1_3);
                    vec_store(&tape->embedding.d_y[t][b_plus_2][n], d_y_2_0);
                    vec_store(&tape->embedding.d_y[t][b_plus_2][n_plus_1], d_y_2_1);
                    vec_store(&tape->embedding.d_y[t][b_plus_2][n_plus_2], d_y_2_2);
                    vec_store(&tape->embedding.d_y[t][b_plus_2][n_plus_3], d_y_2_3);
                }
            }
        }
#endif
        /* lstm.d_bias_sum[n] += lstm.d_z[t,b,n] */
        for (int n = 0; n < 400; n += 5 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            const int n_plus_3 = n + 3 * VEC;
            const int n_plus_4 = n + 4 * VEC;
            vec d_bias_sum_0 = vec_splat(0.0f);
            vec d_bias_sum_1 = vec_splat(0.0f);
            vec d_bias_sum_2 = vec_splat(0.0f);
            vec d_bias_sum_3 = vec_splat(0.0f);
            vec d_bias_sum_4 = vec_splat(0.0f);
            for (int t = t_start; t < t_end; t++) {
                for (int b = 0; b < rows; b++) {
                    const vec d_z_0 = vec_load(&tape->local.lstm_backward.d_z[b][n]);
                    d_bias_sum_0 += d_z_0;
                    const vec d_z_1 = vec_load(&tape->local.lstm_backward.d_z[b][n_plus_1]);
                    d_bias_sum_1 += d_z_1;
                    const vec d_z_2 = vec_load(&tape->local.lstm_backward.d_z[b][n_plus_2]);
                    d_bias_sum_2 += d_z_2;
                    const vec d_z_3 = vec_load(&tape->local.lstm_backward.d_z[b][n_plus_3]);
                    d_bias_sum_3 += d_z_3;
                    const vec d_z_4 = vec_load(&tape->local.lstm_backward.d_z[b][n_plus_4]);
                    d_bias_sum_4 += d_z_4;
                }
            }
            d_bias_sum_0 += vec_load(&tape->local.lstm_backward.d_bias_sum[n]);
            d_bias_sum_1 += vec_load(&tape->local.lstm_backward.d_bias_sum[n_plus_1]);
            d_bias_sum_2 += vec_load(&tape->local.lstm_backward.d_bias_sum[n_plus_2]);
            d_bias_sum_3 += vec_load(&tape->local.lstm_backward.d_bias_sum[n_plus_3]);
            d_bias_sum_4 += vec_load(&tape->local.lstm_backward.d_bias_sum[n_plus_4]);
            vec_store(&tape->local.lstm_backward.d_bias_sum[n], d_bias_sum_0);
            vec_store(&tape->local.lstm_backward.d_bias_sum[n_plus_1], d_bias_sum_1);
            vec_store(&tape->local.lstm_backward.d_bias_sum[n_plus_2], d_bias_sum_2);
            vec_store(&tape->local.lstm_backward.d_bias_sum[n_plus_3], d_bias_sum_3);
            vec_store(&tape->local.lstm_backward.d_bias_sum[n_plus_4], d_bias_sum_4);
        }
    }
    /* lstm.d_bias[n] += lstm.d_bias_sum[n] */
    for (int n = 0; n < 400; n += VEC) {
        const vec d_bias_sum = vec_load(&tape->local.lstm_backward.d_bias_sum[n]);
        vec d_bias = vec_load(&gradients->lstm.bias[n]);
        d_bias += d_bias_sum;
        vec_store(&gradients->lstm.bias[n], d_bias);
    }
    /* lstm.d_kernel[k,n] += lstm.d_kernel_sum[k,n] */
    for (int k = 0; k < SENTIMENT_EMBEDDING_OUTPUT_DIM; k++) {
        for (int n = 0; n < 400; n += VEC) {
            const vec d_kernel_sum = vec_load(&tape->local.lstm_backward.d_kernel_sum[n / 16][k][n % 16]);
            vec d_kernel = vec_load(&gradients->lstm.kernel[k][n]);
            d_kernel += d_kernel_sum;
            vec_store(&gradients->lstm.kernel[k][n], d_kernel);
        }
    }
    /* lstm.d_recurrent_kernel[k,n] += lstm.d_recurrent_kernel_sum[k,n] */
    for (int k = 0; k < SENTIMENT_LSTM_UNITS; k++) {
        for (int n = 0; n < 400; n += VEC) {
            const vec d_recurrent_kernel_sum =
                vec_load(&tape->local.lstm_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
            vec d_recurrent_kernel = vec_load(&gradients->lstm.recurrent_kernel[k][n]);
            d_recurrent_kernel += d_recurrent_kernel_sum;
            vec_store(&gradients->lstm.recurrent_kernel[k][n], d_recurrent_kernel);
        }
    }
}

static void sentiment_backward_with(const struct sentiment_training *restrict training,
    struct sentiment_tape *restrict tape, struct sentiment_gradients *restrict gradients)
{
    const int rows = tape->rows;
    /* dense.d_y[b,n] = d_output[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_y[b][0] = tape->d_output[b][0];
    }
    dense_backward(tape, gradients, rows);
    lstm_backward(training, tape, gradients, rows);
    lstm_backward_2(training, tape, gradients, rows);
    /* embedding.d_embeddings[x[b,t],n] += embedding.d_y[t,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < SENTIMENT_TIMESTEPS; t++) {
            for (int n = 0; n < SENTIMENT_EMBEDDING_OUTPUT_DIM; n += VEC) {
                const vec d_y = vec_load(&tape->embedding.d_y[t][b][n]);
                vec d_embeddings = vec_load(&gradients->embedding.embeddings[clamped(tape->input[b][t], 5000)][n]);
                d_embeddings += d_y;
                vec_store(&gradients->embedding.embeddings[clamped(tape->input[b][t], 5000)][n], d_embeddings);
            }
        }
    }
}

static void sentiment_carry_with(struct sentiment_tape *restrict tape)
{
    const int rows = tape->rows;
    /* lstm.h[0,b,n] = lstm.h[200,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < SENTIMENT_LSTM_UNITS; n++) {
            tape->lstm.h[0][b][n] = tape->lstm.h[200][b][n];
        }
    }
    /* lstm.c[0,b,n] = lstm.c[200,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < SENTIMENT_LSTM_UNITS; n++) {
            tape->lstm.c[0][b][n] = tape->lstm.c[200][b][n];
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
