/* mgu.c: written by lstmc 0.1 from mgu.lua. Do not edit.           SPDX-License-Identifier: 0BSD
 *   x[30, 2] -> MGU[24] -> Dense[1]
 *   1 321 weights   step: 1 272 mul-adds, 48 activations
 *   tape 19.7 KB a row   state 256 B   scratch 6.1 KB   16 lanes
 */
#ifndef MGU_ISA

#include "mgu.h"

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
 * MGU_VEC_MAX, a macro: floats of the widest vector that there is a body for beside that one; 4: none. */
#ifndef MGU_VEC_MAX
#define MGU_VEC_MAX 16
#endif

/* What a body defines is called so: mgu__vec_load_avx2. */
#define MGU_JOINED(name, isa) name##_##isa
#define MGU_JOIN(name, isa) MGU_JOINED(name, isa)
#define MGU_NAME(name) MGU_JOIN(name, MGU_ISA)
#define vec MGU_NAME(mgu__vec)
#define vec_mask MGU_NAME(mgu__vec_mask)
#define vec_memory MGU_NAME(mgu__vec_memory)
#define vec_load(...) MGU_NAME(mgu__vec_load)(__VA_ARGS__)
#define vec_store(...) MGU_NAME(mgu__vec_store)(__VA_ARGS__)
#define vec_splat(...) MGU_NAME(mgu__vec_splat)(__VA_ARGS__)
#define vec_keep(...) MGU_NAME(mgu__vec_keep)(__VA_ARGS__)
#define vec_hold(...) MGU_NAME(mgu__vec_hold)(__VA_ARGS__)
#define vec_select(...) MGU_NAME(mgu__vec_select)(__VA_ARGS__)
#define vec_load_part(...) MGU_NAME(mgu__vec_load_part)(__VA_ARGS__)
#define vec_store_part(...) MGU_NAME(mgu__vec_store_part)(__VA_ARGS__)
#define vec_sum(...) MGU_NAME(mgu__vec_sum)(__VA_ARGS__)
#define vec_maximum(...) MGU_NAME(mgu__vec_maximum)(__VA_ARGS__)
#define vec_minimum(...) MGU_NAME(mgu__vec_minimum)(__VA_ARGS__)
#define vec_largest(...) MGU_NAME(mgu__vec_largest)(__VA_ARGS__)
#define vec_iota(...) MGU_NAME(mgu__vec_iota)(__VA_ARGS__)
#define vec_absolute(...) MGU_NAME(mgu__vec_absolute)(__VA_ARGS__)
#define vec_greater(...) MGU_NAME(mgu__vec_greater)(__VA_ARGS__)
#define vec_equal(...) MGU_NAME(mgu__vec_equal)(__VA_ARGS__)
#define vec_where(...) MGU_NAME(mgu__vec_where)(__VA_ARGS__)
#define vec_sqrt(...) MGU_NAME(mgu__vec_sqrt)(__VA_ARGS__)
#define vec_between(...) MGU_NAME(mgu__vec_between)(__VA_ARGS__)
#define vec_clamp(...) MGU_NAME(mgu__vec_clamp)(__VA_ARGS__)
#define vec_transpose(...) MGU_NAME(mgu__vec_transpose)(__VA_ARGS__)
#define vec_reduced_expm1(...) MGU_NAME(mgu__vec_reduced_expm1)(__VA_ARGS__)
#define vec_power_of_two(...) MGU_NAME(mgu__vec_power_of_two)(__VA_ARGS__)
#define vec_exp(...) MGU_NAME(mgu__vec_exp)(__VA_ARGS__)
#define vec_expm1(...) MGU_NAME(mgu__vec_expm1)(__VA_ARGS__)
#define vec_log(...) MGU_NAME(mgu__vec_log)(__VA_ARGS__)
#define vec_tanh_precise(...) MGU_NAME(mgu__vec_tanh_precise)(__VA_ARGS__)
#define vec_sigmoid_precise(...) MGU_NAME(mgu__vec_sigmoid_precise)(__VA_ARGS__)
#define vec_sigmoid_slope(...) MGU_NAME(mgu__vec_sigmoid_slope)(__VA_ARGS__)
#define vec_tanh_slope(...) MGU_NAME(mgu__vec_tanh_slope)(__VA_ARGS__)
#define vec_log1p(...) MGU_NAME(mgu__vec_log1p)(__VA_ARGS__)
#define vec_softplus(...) MGU_NAME(mgu__vec_softplus)(__VA_ARGS__)
#define vec_erf_near(...) MGU_NAME(mgu__vec_erf_near)(__VA_ARGS__)
#define vec_erfc_far(...) MGU_NAME(mgu__vec_erfc_far)(__VA_ARGS__)
#define vec_erf(...) MGU_NAME(mgu__vec_erf)(__VA_ARGS__)
#define vec_erfc(...) MGU_NAME(mgu__vec_erfc)(__VA_ARGS__)
#define vec_within(...) MGU_NAME(mgu__vec_within)(__VA_ARGS__)
#define vec_tanh(...) MGU_NAME(mgu__vec_tanh)(__VA_ARGS__)
#define vec_sigmoid(...) MGU_NAME(mgu__vec_sigmoid)(__VA_ARGS__)
#define touches_rows(...) MGU_NAME(mgu__touches_rows)(__VA_ARGS__)
#define mgu_layer_prepare(...) MGU_NAME(mgu__mgu_layer_prepare)(__VA_ARGS__)
#define mgu_prepare_with(...) MGU_NAME(mgu_prepare_with)(__VA_ARGS__)
#define mgu_layer_predict(...) MGU_NAME(mgu__mgu_layer_predict)(__VA_ARGS__)
#define dense_predict(...) MGU_NAME(mgu__dense_predict)(__VA_ARGS__)
#define mgu_predict_with(...) MGU_NAME(mgu_predict_with)(__VA_ARGS__)
#define mgu_layer_predict_batch(...) MGU_NAME(mgu__mgu_layer_predict_batch)(__VA_ARGS__)
#define dense_predict_batch(...) MGU_NAME(mgu__dense_predict_batch)(__VA_ARGS__)
#define mgu_predict_batch_with(...) MGU_NAME(mgu_predict_batch_with)(__VA_ARGS__)
#define mgu_step_memory MGU_NAME(mgu_step_memory)
#define mgu_reset_with(...) MGU_NAME(mgu_reset_with)(__VA_ARGS__)
#define mgu_layer_step(...) MGU_NAME(mgu__mgu_layer_step)(__VA_ARGS__)
#define dense_step(...) MGU_NAME(mgu__dense_step)(__VA_ARGS__)
#define mgu_step_with(...) MGU_NAME(mgu_step_with)(__VA_ARGS__)
#define mgu_prepare_training_with(...) MGU_NAME(mgu_prepare_training_with)(__VA_ARGS__)
#define mgu_prepare_range_with(...) MGU_NAME(mgu_prepare_range_with)(__VA_ARGS__)
#define mgu_reset_tape_with(...) MGU_NAME(mgu_reset_tape_with)(__VA_ARGS__)
#define mgu_layer_forward(...) MGU_NAME(mgu__mgu_layer_forward)(__VA_ARGS__)
#define dense_forward(...) MGU_NAME(mgu__dense_forward)(__VA_ARGS__)
#define mgu_forward_with(...) MGU_NAME(mgu_forward_with)(__VA_ARGS__)
#define mgu_loss_with(...) MGU_NAME(mgu_loss_with)(__VA_ARGS__)
#define dense_backward(...) MGU_NAME(mgu__dense_backward)(__VA_ARGS__)
#define mgu_layer_backward(...) MGU_NAME(mgu__mgu_layer_backward)(__VA_ARGS__)
#define mgu_layer_backward_2(...) MGU_NAME(mgu__mgu_layer_backward_2)(__VA_ARGS__)
#define mgu_backward_with(...) MGU_NAME(mgu_backward_with)(__VA_ARGS__)
#define mgu_carry_with(...) MGU_NAME(mgu_carry_with)(__VA_ARGS__)

#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && MGU_VEC_MAX >= 8 \
    && !(defined(__AVX2__) && defined(__FMA__))
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define LSTMC_VEC 8
#define MGU_ISA avx2
#include "mgu.c"
#undef MGU_ISA
#undef LSTMC_VEC
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#define MGU_IF_AVX2(call) __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? call :
#else
#define MGU_IF_AVX2(call)
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(LSTMC_NO_VECTORS) && MGU_VEC_MAX >= 16 \
    && !defined(__AVX512F__)
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx2,fma")
#endif
#define LSTMC_VEC 16
#define MGU_ISA avx512
#include "mgu.c"
#undef MGU_ISA
#undef LSTMC_VEC
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#define MGU_IF_AVX512(call) __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? call :
#else
#define MGU_IF_AVX512(call)
#endif

#define MGU_ISA baseline
#include "mgu.c"
#undef MGU_ISA

/* The best body that the processor can run; asking costs a load and a test, at each call. In a constructor that runs before the
 * compiler's own it is the baseline. */
#define MGU_CALL(name, arguments) \
    (MGU_IF_AVX512(name##_avx512 arguments) MGU_IF_AVX2(name##_avx2 arguments) name##_baseline arguments)

void mgu_prepare(struct mgu_packed *restrict packed, const struct mgu_weights *restrict weights)
{
    MGU_CALL(mgu_prepare_with, (packed, weights));
}

void mgu_predict(const struct mgu_packed *restrict packed, struct mgu_scratch *restrict scratch,
    const float *restrict x, float *restrict y)
{
    MGU_CALL(mgu_predict_with, (packed->weights, packed, scratch, x, y));
}

void mgu_predict_batch(const struct mgu_packed *restrict packed, struct mgu_batch_scratch *restrict scratch,
    const float *restrict x, int rows, float *restrict y)
{
    MGU_CALL(mgu_predict_batch_with, (packed->weights, packed, scratch, x, rows, y));
}

void mgu_reset(const struct mgu_packed *restrict packed, struct mgu_state *restrict state)
{
    MGU_CALL(mgu_reset_with, (packed, state));
}

int mgu_step(const struct mgu_packed *restrict packed, struct mgu_state *restrict state, const float *restrict x,
    float *restrict y)
{
    return MGU_CALL(mgu_step_with, (packed->weights, packed, state, x, y));
}

void mgu_prepare_training(struct mgu_training *restrict training, const struct mgu_weights *restrict weights)
{
    MGU_CALL(mgu_prepare_training_with, (training, weights));
}

void mgu_prepare_range(struct mgu_training *restrict training, const struct mgu_weights *restrict weights, size_t first,
    size_t count)
{
    MGU_CALL(mgu_prepare_range_with, (training, weights, first, count));
}

void mgu_reset_tape(const struct mgu_training *restrict training, struct mgu_tape *restrict tape)
{
    MGU_CALL(mgu_reset_tape_with, (training, tape));
}

void mgu_forward(const struct mgu_training *restrict training, struct mgu_tape *restrict tape, const float *restrict x,
    int rows, uint64_t seed)
{
    MGU_CALL(mgu_forward_with, (training->weights, training, tape, x, rows, seed));
}

float mgu_loss(struct mgu_tape *restrict tape, const float *restrict target, const float *restrict sample_weight,
    float scale)
{
    return MGU_CALL(mgu_loss_with, (tape, target, sample_weight, scale));
}

void mgu_backward(const struct mgu_training *restrict training, struct mgu_tape *restrict tape,
    struct mgu_gradients *restrict gradients)
{
    MGU_CALL(mgu_backward_with, (training, tape, gradients));
}

void mgu_carry(struct mgu_tape *restrict tape)
{
    MGU_CALL(mgu_carry_with, (tape));
}

static const struct lstmc_tensor mgu_weight_tensors[] = {
    {
        .name = "mgu/kernel", .rank = 2, .shape = { 2, 48 },
        .offset = offsetof(struct mgu_weights, mgu.kernel) / sizeof(float), .count = 96, .trainable = 1,
        .initializer = { .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f },
    },
    {
        .name = "mgu/recurrent_kernel", .rank = 2, .shape = { 24, 48 },
        .offset = offsetof(struct mgu_weights, mgu.recurrent_kernel) / sizeof(float), .count = 1152, .trainable = 1,
        .initializer = { .kind = LSTMC_ORTHOGONAL, .a = 1.0f },
    },
    {
        .name = "mgu/bias", .rank = 1, .shape = { 48 },
        .offset = offsetof(struct mgu_weights, mgu.bias) / sizeof(float), .count = 48, .trainable = 1,
        .initializer = { .kind = LSTMC_CONSTANT, .a = 1.0f },
    },
    {
        .name = "dense/kernel", .rank = 2, .shape = { 24, 1 },
        .offset = offsetof(struct mgu_weights, dense.kernel) / sizeof(float), .count = 24, .trainable = 1,
        .initializer = { .kind = LSTMC_VARIANCE_UNIFORM, .fan = LSTMC_FAN_AVERAGE, .a = 1.0f },
    },
    {
        .name = "dense/bias", .rank = 1, .shape = { 1 },
        .offset = offsetof(struct mgu_weights, dense.bias) / sizeof(float), .count = 1, .trainable = 1,
        .initializer = { .kind = LSTMC_CONSTANT, .a = 0.0f },
    },
};

static const struct lstmc_tensor mgu_tape_tensors[] = {
    {
        .name = "input", .rank = 3, .shape = { 16, 30, 2 },
        .offset = offsetof(struct mgu_tape, input) / sizeof(float), .count = 960,
    },
    {
        .name = "mgu.h", .rank = 3, .shape = { 31, 16, 32 },
        .offset = offsetof(struct mgu_tape, mgu.h) / sizeof(float), .count = 15872,
        .padding = 8,
        .carried = 1,
    },
    {
        .name = "mgu.f", .rank = 3, .shape = { 30, 16, 32 },
        .offset = offsetof(struct mgu_tape, mgu.f) / sizeof(float), .count = 15360,
        .padding = 8,
    },
    {
        .name = "mgu.m", .rank = 3, .shape = { 30, 16, 32 },
        .offset = offsetof(struct mgu_tape, mgu.m) / sizeof(float), .count = 15360,
        .padding = 8,
    },
    {
        .name = "mgu.candidate", .rank = 3, .shape = { 30, 16, 32 },
        .offset = offsetof(struct mgu_tape, mgu.candidate) / sizeof(float), .count = 15360,
        .padding = 8,
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

static void mgu_prepare_thunk(void *packed, const void *weights)
{
    mgu_prepare(packed, weights);
}

static void mgu_predict_thunk(const void *packed, void *scratch, const void *x, float *y)
{
    mgu_predict(packed, scratch, x, y);
}

static void mgu_predict_batch_thunk(const void *packed, void *scratch, const void *x, int rows, float *y)
{
    mgu_predict_batch(packed, scratch, x, rows, y);
}

static void mgu_reset_thunk(const void *packed, void *state)
{
    mgu_reset(packed, state);
}

static int mgu_step_thunk(const void *packed, void *state, const void *x, float *y)
{
    return mgu_step(packed, state, x, y);
}

static void mgu_prepare_training_thunk(void *training, const void *weights)
{
    mgu_prepare_training(training, weights);
}

static void mgu_reset_tape_thunk(const void *training, void *tape)
{
    mgu_reset_tape(training, tape);
}

static void mgu_forward_thunk(const void *training, void *tape, const void *x, int rows, uint64_t seed)
{
    mgu_forward(training, tape, x, rows, seed);
}

static void mgu_backward_thunk(const void *training, void *tape, void *gradients)
{
    mgu_backward(training, tape, gradients);
}

static void mgu_carry_thunk(void *tape)
{
    mgu_carry(tape);
}

static void mgu_prepare_range_thunk(void *training, const void *weights, size_t first, size_t count)
{
    mgu_prepare_range(training, weights, first, count);
}

static float mgu_loss_thunk(void *tape, const void *target, const float *sample_weight, float scale)
{
    return mgu_loss(tape, target, sample_weight, scale);
}

const struct lstmc_model mgu_model = {
    .name = "mgu", .source = "mgu.lua", .version = "0.1",
    .fingerprint = UINT64_C(0x1ec2616aa454a76a),
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
    .weights = mgu_weight_tensors, .weight_tensors = 5,
    .weight_count = 1321, .gradient_count = 1321,
    .tape_tensors = mgu_tape_tensors, .tape_tensor_count = 9,
    .packed_bytes = sizeof(struct mgu_packed), .scratch_bytes = sizeof(struct mgu_scratch),
    .batch_scratch_bytes = sizeof(struct mgu_batch_scratch),
    .prepare = mgu_prepare_thunk, .predict = mgu_predict_thunk, .predict_batch = mgu_predict_batch_thunk,
    .state_bytes = sizeof(struct mgu_state), .reset = mgu_reset_thunk, .step = mgu_step_thunk,
    .output_offset = offsetof(struct mgu_tape, output), .first_row_offset = offsetof(struct mgu_tape, first_row),
    .training_bytes = sizeof(struct mgu_training), .tape_bytes = sizeof(struct mgu_tape),
    .prepare_training = mgu_prepare_training_thunk, .reset_tape = mgu_reset_tape_thunk, .forward = mgu_forward_thunk,
    .backward = mgu_backward_thunk, .carry = mgu_carry_thunk,
    .prepare_range = mgu_prepare_range_thunk,
    .d_output_offset = offsetof(struct mgu_tape, d_output),
    .loss_function = mgu_loss_thunk,
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
#undef touches_rows
#undef mgu_layer_prepare
#undef mgu_prepare_with
#undef mgu_layer_predict
#undef dense_predict
#undef mgu_predict_with
#undef mgu_layer_predict_batch
#undef dense_predict_batch
#undef mgu_predict_batch_with
#undef mgu_step_memory
#undef mgu_reset_with
#undef mgu_layer_step
#undef dense_step
#undef mgu_step_with
#undef mgu_prepare_training_with
#undef mgu_prepare_range_with
#undef mgu_reset_tape_with
#undef mgu_layer_forward
#undef dense_forward
#undef mgu_forward_with
#undef mgu_loss_with
#undef dense_backward
#undef mgu_layer_backward
#undef mgu_layer_backward_2
#undef mgu_backward_with
#undef mgu_carry_with
#undef MGU_IF_AVX2
#undef MGU_IF_AVX512
#undef MGU_JOINED
#undef MGU_JOIN
#undef MGU_NAME
#undef MGU_CALL

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

/* Static functions have the weights as a parameter of their own: of a parameter compilers know that no write changes
 * it. */

static void mgu_layer_prepare(const struct mgu_weights *restrict weights, struct mgu_packed *restrict packed)
{
    /* mgu.bias[n] = mgu.bias[n] */
    for (int n = 0; n < 48; n += VEC) {
        const vec bias = vec_load(&weights->mgu.bias[n]);
        vec_store(&packed->mgu.bias[n], bias);
    }
    /* mgu.kernel[k,n] = mgu.kernel[k,n] */
    for (int n = 0; n < 48; n += VEC) {
        for (int k = 0; k < MGU_FEATURES; k++) {
            const vec kernel = vec_load(&weights->mgu.kernel[k][n]);
            vec_store(&packed->mgu.kernel[n / 48][k][n % 48], kernel);
        }
    }
    /* mgu.recurrent_kernel[k,n] = mgu.recurrent_kernel[k,n] */
    for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
        for (int k = 0; k < MGU_MGU_UNITS; k++) {
            const vec recurrent_kernel = vec_load_part(&weights->mgu.recurrent_kernel[k][n], 24 - n);
            vec_store(&packed->mgu.recurrent_kernel[n / 16][k][n % 16], recurrent_kernel);
        }
    }
    /* mgu.recurrent_kernel_2[k,n] = mgu.recurrent_kernel[k,n+24] */
    for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
        for (int k = 0; k < MGU_MGU_UNITS; k++) {
            const vec recurrent_kernel_2 = vec_load_part(&weights->mgu.recurrent_kernel[k][n + 24], 24 - n);
            vec_store(&packed->mgu.recurrent_kernel_2[n / 16][k][n % 16], recurrent_kernel_2);
        }
    }
}

static void mgu_prepare_with(struct mgu_packed *restrict packed, const struct mgu_weights *restrict weights)
{
    memset(packed->mgu.recurrent_kernel[1], 0, sizeof packed->mgu.recurrent_kernel[1]);
    memset(packed->mgu.recurrent_kernel_2[1], 0, sizeof packed->mgu.recurrent_kernel_2[1]);
    memset(packed->dense.kernel, 0, sizeof packed->dense.kernel);
    packed->weights = weights;
    mgu_layer_prepare(weights, packed);
    /* dense.kernel[n,k] = dense.kernel[k,n] */
    for (int k = 0; k < MGU_MGU_UNITS; k += VEC) {
        const vec kernel = vec_load_part((const float *)weights->dense.kernel + k, 24 - k);
        vec_store(&packed->dense.kernel[0][k], kernel);
    }
}

static void mgu_layer_predict(const struct mgu_packed *restrict packed, struct mgu_scratch *restrict scratch,
    const float *restrict x)
{
    /* mgu.p[t,n] = mgu.bias[n]
     * mgu.p[t,n] += mgu.kernel[k,n] * x[t,k] */
#if VEC == LANES
    for (int n = 0; n < 48; n += 3 * VEC) {
        const int n_plus_1 = n + VEC;
        const int n_plus_2 = n + 2 * VEC;
        for (int t = 0; t < MGU_TIMESTEPS; t += 2) {
            const int t_plus_1 = t + 1;
            const vec bias_0 = vec_load(&packed->mgu.bias[n]);
            vec p_0_0 = bias_0;
            const vec bias_1 = vec_load(&packed->mgu.bias[n_plus_1]);
            vec p_0_1 = bias_1;
            const vec bias_2 = vec_load(&packed->mgu.bias[n_plus_2]);
            vec p_0_2 = bias_2;
            vec p_1_0 = bias_0;
            vec p_1_1 = bias_1;
            vec p_1_2 = bias_2;
            const vec kernel_0_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][0][n % 48]));
            const vec x_0_0 = vec_splat(x[2 * t]);
            p_0_0 += kernel_0_0 * x_0_0;
            const vec x_1_0 = vec_splat(x[2 * t_plus_1]);
            p_1_0 += kernel_0_0 * x_1_0;
            const vec kernel_0_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][0][n_plus_1 % 48]));
            p_0_1 += kernel_0_1 * x_0_0;
            p_1_1 += kernel_0_1 * x_1_0;
            const vec kernel_0_2 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_2 / 48][0][n_plus_2 % 48]));
            p_0_2 += kernel_0_2 * x_0_0;
            p_1_2 += kernel_0_2 * x_1_0;
            const vec kernel_1_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][1][n % 48]));
            const vec x_0_1 = vec_splat(x[2 * t + 1]);
            p_0_0 += kernel_1_0 * x_0_1;
            const vec x_1_1 = vec_splat(x[2 * t_plus_1 + 1]);
            p_1_0 += kernel_1_0 * x_1_1;
            const vec kernel_1_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][1][n_plus_1 % 48]));
            p_0_1 += kernel_1_1 * x_0_1;
            p_1_1 += kernel_1_1 * x_1_1;
            const vec kernel_1_2 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_2 / 48][1][n_plus_2 % 48]));
            p_0_2 += kernel_1_2 * x_0_1;
            p_1_2 += kernel_1_2 * x_1_1;
            vec_store(&scratch->local.mgu.p[t][n], p_0_0);
            vec_store(&scratch->local.mgu.p[t][n_plus_1], p_0_1);
            vec_store(&scratch->local.mgu.p[t][n_plus_2], p_0_2);
            vec_store(&scratch->local.mgu.p[t_plus_1][n], p_1_0);
            vec_store(&scratch->local.mgu.p[t_plus_1][n_plus_1], p_1_1);
            vec_store(&scratch->local.mgu.p[t_plus_1][n_plus_2], p_1_2);
        }
    }
#else
    for (int n = 0; n < 48; n += 2 * VEC) {
        const int n_plus_1 = n + VEC < 48 ? n + VEC : n;
        for (int t = 0; t < MGU_TIMESTEPS; t += 2) {
            const int t_plus_1 = t + 1;
            const vec bias_0 = vec_load(&packed->mgu.bias[n]);
            vec p_0_0 = bias_0;
            const vec bias_1 = vec_load(&packed->mgu.bias[n_plus_1]);
            vec p_0_1 = bias_1;
            vec p_1_0 = bias_0;
            vec p_1_1 = bias_1;
            const vec kernel_0_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][0][n % 48]));
            const vec x_0_0 = vec_splat(x[2 * t]);
            p_0_0 += kernel_0_0 * x_0_0;
            const vec x_1_0 = vec_splat(x[2 * t_plus_1]);
            p_1_0 += kernel_0_0 * x_1_0;
            const vec kernel_0_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][0][n_plus_1 % 48]));
            p_0_1 += kernel_0_1 * x_0_0;
            p_1_1 += kernel_0_1 * x_1_0;
            const vec kernel_1_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][1][n % 48]));
            const vec x_0_1 = vec_splat(x[2 * t + 1]);
            p_0_0 += kernel_1_0 * x_0_1;
            const vec x_1_1 = vec_splat(x[2 * t_plus_1 + 1]);
            p_1_0 += kernel_1_0 * x_1_1;
            const vec kernel_1_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][1][n_plus_1 % 48]));
            p_0_1 += kernel_1_1 * x_0_1;
            p_1_1 += kernel_1_1 * x_1_1;
            vec_store(&scratch->local.mgu.p[t][n], p_0_0);
            vec_store(&scratch->local.mgu.p[t][n_plus_1], p_0_1);
            vec_store(&scratch->local.mgu.p[t_plus_1][n], p_1_0);
            vec_store(&scratch->local.mgu.p[t_plus_1][n_plus_1], p_1_1);
        }
    }
#endif
    /* mgu.h: 2 steps are kept, step t at t % 2 */
    for (int t = 0; t < MGU_TIMESTEPS; t++) {
        /* mgu.sum[t,n] = mgu.p[t,n]
         * mgu.sum[t,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,k]
         * mgu.f[t,n] = sigmoid(mgu.sum[t,n])
         * mgu.m[t,n] = mgu.f[t,n] * mgu.h[t,n] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            vec sum_0 = vec_load_part(&scratch->local.mgu.p[t][n], 24 - n);
            vec sum_1 = vec_load_part(&scratch->local.mgu.p[t][n_plus_1], 24 - n_plus_1);
            vec sum_0_odd = vec_splat(0.0f);
            vec sum_1_odd = vec_splat(0.0f);
            for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
                const vec recurrent_kernel_0_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k][n % 16]);
                const vec h_0 = vec_splat(scratch->mgu.h[t % 2][k]);
                sum_0 += recurrent_kernel_0_0 * h_0;
                const vec recurrent_kernel_0_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]);
                sum_1 += recurrent_kernel_0_1 * h_0;
                const vec recurrent_kernel_1_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 1][n % 16]);
                const vec h_1 = vec_splat(scratch->mgu.h[t % 2][k + 1]);
                sum_0_odd += recurrent_kernel_1_0 * h_1;
                const vec recurrent_kernel_1_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
                sum_1_odd += recurrent_kernel_1_1 * h_1;
                const vec recurrent_kernel_2_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 2][n % 16]);
                const vec h_2 = vec_splat(scratch->mgu.h[t % 2][k + 2]);
                sum_0 += recurrent_kernel_2_0 * h_2;
                const vec recurrent_kernel_2_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
                sum_1 += recurrent_kernel_2_1 * h_2;
                const vec recurrent_kernel_3_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 3][n % 16]);
                const vec h_3 = vec_splat(scratch->mgu.h[t % 2][k + 3]);
                sum_0_odd += recurrent_kernel_3_0 * h_3;
                const vec recurrent_kernel_3_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
                sum_1_odd += recurrent_kernel_3_1 * h_3;
            }
            sum_0 += sum_0_odd;
            sum_1 += sum_1_odd;
            const vec f_0 = vec_sigmoid(sum_0);
            const vec f_1 = vec_sigmoid(sum_1);
            const vec h_0 = vec_load(&scratch->mgu.h[t % 2][n]);
            const vec m_0 = f_0 * h_0;
            const vec h_1 = vec_load(&scratch->mgu.h[t % 2][n_plus_1]);
            const vec m_1 = f_1 * h_1;
            vec_store(&scratch->local.mgu.f[n], f_0);
            vec_store(&scratch->local.mgu.f[n_plus_1], f_1);
            vec_store(&scratch->local.mgu.m[n], m_0);
            vec_store(&scratch->local.mgu.m[n_plus_1], m_1);
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            vec sum_0 = vec_load_part(&scratch->local.mgu.p[t][n], 24 - n);
            vec sum_1 = vec_load_part(&scratch->local.mgu.p[t][n_plus_1], 24 - n_plus_1);
            vec sum_2 = vec_load_part(&scratch->local.mgu.p[t][n_plus_2], 24 - n_plus_2);
            vec sum_0_odd = vec_splat(0.0f);
            vec sum_1_odd = vec_splat(0.0f);
            vec sum_2_odd = vec_splat(0.0f);
            for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
                const vec recurrent_kernel_0_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k][n % 16]);
                const vec h_0 = vec_splat(scratch->mgu.h[t % 2][k]);
                sum_0 += recurrent_kernel_0_0 * h_0;
                const vec recurrent_kernel_0_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]);
                sum_1 += recurrent_kernel_0_1 * h_0;
                const vec recurrent_kernel_0_2 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k][n_plus_2 % 16]);
                sum_2 += recurrent_kernel_0_2 * h_0;
                const vec recurrent_kernel_1_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 1][n % 16]);
                const vec h_1 = vec_splat(scratch->mgu.h[t % 2][k + 1]);
                sum_0_odd += recurrent_kernel_1_0 * h_1;
                const vec recurrent_kernel_1_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
                sum_1_odd += recurrent_kernel_1_1 * h_1;
                const vec recurrent_kernel_1_2 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k + 1][n_plus_2 % 16]);
                sum_2_odd += recurrent_kernel_1_2 * h_1;
                const vec recurrent_kernel_2_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 2][n % 16]);
                const vec h_2 = vec_splat(scratch->mgu.h[t % 2][k + 2]);
                sum_0 += recurrent_kernel_2_0 * h_2;
                const vec recurrent_kernel_2_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
                sum_1 += recurrent_kernel_2_1 * h_2;
                const vec recurrent_kernel_2_2 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k + 2][n_plus_2 % 16]);
                sum_2 += recurrent_kernel_2_2 * h_2;
                const vec recurrent_kernel_3_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 3][n % 16]);
                const vec h_3 = vec_splat(scratch->mgu.h[t % 2][k + 3]);
                sum_0_odd += recurrent_kernel_3_0 * h_3;
                const vec recurrent_kernel_3_1 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
                sum_1_odd += recurrent_kernel_3_1 * h_3;
                const vec recurrent_kernel_3_2 =
                    vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k + 3][n_plus_2 % 16]);
                sum_2_odd += recurrent_kernel_3_2 * h_3;
            }
            sum_0 += sum_0_odd;
            sum_1 += sum_1_odd;
            sum_2 += sum_2_odd;
            const vec f_0 = vec_sigmoid(sum_0);
            const vec f_1 = vec_sigmoid(sum_1);
            const vec f_2 = vec_sigmoid(sum_2);
            const vec h_0 = vec_load(&scratch->mgu.h[t % 2][n]);
            const vec m_0 = f_0 * h_0;
            const vec h_1 = vec_load(&scratch->mgu.h[t % 2][n_plus_1]);
            const vec m_1 = f_1 * h_1;
            const vec h_2 = vec_load(&scratch->mgu.h[t % 2][n_plus_2]);
            const vec m_2 = f_2 * h_2;
            vec_store(&scratch->local.mgu.f[n], f_0);
            vec_store(&scratch->local.mgu.f[n_plus_1], f_1);
            vec_store(&scratch->local.mgu.f[n_plus_2], f_2);
            vec_store(&scratch->local.mgu.m[n], m_0);
            vec_store(&scratch->local.mgu.m[n_plus_1], m_1);
            vec_store(&scratch->local.mgu.m[n_plus_2], m_2);
        }
#endif
        /* mgu.sum_1[t,n] = mgu.p[t,n+24]
         * mgu.sum_1[t,n] += mgu.recurrent_kernel_2[k,n] * mgu.m[t,k]
         * mgu.candidate[t,n] = tanh(mgu.sum_1[t,n])
         * mgu.h[t+1,n] = (1 - mgu.f[t,n]) * mgu.h[t,n] + mgu.f[t,n] * mgu.candidate[t,n] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            vec sum_1_0 = vec_load_part(&scratch->local.mgu.p[t][n + 24], 24 - n);
            vec sum_1_1 = vec_load_part(&scratch->local.mgu.p[t][n_plus_1 + 24], 24 - n_plus_1);
            vec sum_1_0_odd = vec_splat(0.0f);
            vec sum_1_1_odd = vec_splat(0.0f);
            for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
                const vec recurrent_kernel_2_0_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k][n % 16]);
                const vec m_0 = vec_splat(scratch->local.mgu.m[k]);
                sum_1_0 += recurrent_kernel_2_0_0 * m_0;
                const vec recurrent_kernel_2_0_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]);
                sum_1_1 += recurrent_kernel_2_0_1 * m_0;
                const vec recurrent_kernel_2_1_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 1][n % 16]);
                const vec m_1 = vec_splat(scratch->local.mgu.m[k + 1]);
                sum_1_0_odd += recurrent_kernel_2_1_0 * m_1;
                const vec recurrent_kernel_2_1_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
                sum_1_1_odd += recurrent_kernel_2_1_1 * m_1;
                const vec recurrent_kernel_2_2_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 2][n % 16]);
                const vec m_2 = vec_splat(scratch->local.mgu.m[k + 2]);
                sum_1_0 += recurrent_kernel_2_2_0 * m_2;
                const vec recurrent_kernel_2_2_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
                sum_1_1 += recurrent_kernel_2_2_1 * m_2;
                const vec recurrent_kernel_2_3_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 3][n % 16]);
                const vec m_3 = vec_splat(scratch->local.mgu.m[k + 3]);
                sum_1_0_odd += recurrent_kernel_2_3_0 * m_3;
                const vec recurrent_kernel_2_3_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
                sum_1_1_odd += recurrent_kernel_2_3_1 * m_3;
            }
            sum_1_0 += sum_1_0_odd;
            sum_1_1 += sum_1_1_odd;
            const vec candidate_0 = vec_tanh(sum_1_0);
            const vec candidate_1 = vec_tanh(sum_1_1);
            const vec f_0 = vec_load(&scratch->local.mgu.f[n]);
            const vec h_0 = vec_load(&scratch->mgu.h[t % 2][n]);
            const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
            const vec f_1 = vec_load(&scratch->local.mgu.f[n_plus_1]);
            const vec h_1 = vec_load(&scratch->mgu.h[t % 2][n_plus_1]);
            const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
            vec_store(&scratch->mgu.h[(t + 1) % 2][n], h_next_0);
            vec_store(&scratch->mgu.h[(t + 1) % 2][n_plus_1], h_next_1);
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            vec sum_1_0 = vec_load_part(&scratch->local.mgu.p[t][n + 24], 24 - n);
            vec sum_1_1 = vec_load_part(&scratch->local.mgu.p[t][n_plus_1 + 24], 24 - n_plus_1);
            vec sum_1_2 = vec_load_part(&scratch->local.mgu.p[t][n_plus_2 + 24], 24 - n_plus_2);
            vec sum_1_0_odd = vec_splat(0.0f);
            vec sum_1_1_odd = vec_splat(0.0f);
            vec sum_1_2_odd = vec_splat(0.0f);
            for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
                const vec recurrent_kernel_2_0_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k][n % 16]);
                const vec m_0 = vec_splat(scratch->local.mgu.m[k]);
                sum_1_0 += recurrent_kernel_2_0_0 * m_0;
                const vec recurrent_kernel_2_0_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]);
                sum_1_1 += recurrent_kernel_2_0_1 * m_0;
                const vec recurrent_kernel_2_0_2 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k][n_plus_2 % 16]);
                sum_1_2 += recurrent_kernel_2_0_2 * m_0;
                const vec recurrent_kernel_2_1_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 1][n % 16]);
                const vec m_1 = vec_splat(scratch->local.mgu.m[k + 1]);
                sum_1_0_odd += recurrent_kernel_2_1_0 * m_1;
                const vec recurrent_kernel_2_1_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
                sum_1_1_odd += recurrent_kernel_2_1_1 * m_1;
                const vec recurrent_kernel_2_1_2 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k + 1][n_plus_2 % 16]);
                sum_1_2_odd += recurrent_kernel_2_1_2 * m_1;
                const vec recurrent_kernel_2_2_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 2][n % 16]);
                const vec m_2 = vec_splat(scratch->local.mgu.m[k + 2]);
                sum_1_0 += recurrent_kernel_2_2_0 * m_2;
                const vec recurrent_kernel_2_2_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
                sum_1_1 += recurrent_kernel_2_2_1 * m_2;
                const vec recurrent_kernel_2_2_2 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k + 2][n_plus_2 % 16]);
                sum_1_2 += recurrent_kernel_2_2_2 * m_2;
                const vec recurrent_kernel_2_3_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 3][n % 16]);
                const vec m_3 = vec_splat(scratch->local.mgu.m[k + 3]);
                sum_1_0_odd += recurrent_kernel_2_3_0 * m_3;
                const vec recurrent_kernel_2_3_1 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
                sum_1_1_odd += recurrent_kernel_2_3_1 * m_3;
                const vec recurrent_kernel_2_3_2 =
                    vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k + 3][n_plus_2 % 16]);
                sum_1_2_odd += recurrent_kernel_2_3_2 * m_3;
            }
            sum_1_0 += sum_1_0_odd;
            sum_1_1 += sum_1_1_odd;
            sum_1_2 += sum_1_2_odd;
            const vec candidate_0 = vec_tanh(sum_1_0);
            const vec candidate_1 = vec_tanh(sum_1_1);
            const vec candidate_2 = vec_tanh(sum_1_2);
            const vec f_0 = vec_load(&scratch->local.mgu.f[n]);
            const vec h_0 = vec_load(&scratch->mgu.h[t % 2][n]);
            const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
            const vec f_1 = vec_load(&scratch->local.mgu.f[n_plus_1]);
            const vec h_1 = vec_load(&scratch->mgu.h[t % 2][n_plus_1]);
            const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
            const vec f_2 = vec_load(&scratch->local.mgu.f[n_plus_2]);
            const vec h_2 = vec_load(&scratch->mgu.h[t % 2][n_plus_2]);
            const vec h_next_2 = (1.0f - f_2) * h_2 + f_2 * candidate_2;
            vec_store(&scratch->mgu.h[(t + 1) % 2][n], h_next_0);
            vec_store(&scratch->mgu.h[(t + 1) % 2][n_plus_1], h_next_1);
            vec_store(&scratch->mgu.h[(t + 1) % 2][n_plus_2], h_next_2);
        }
#endif
    }
}

static void dense_predict(const struct mgu_weights *restrict weights, const struct mgu_packed *restrict packed,
    struct mgu_scratch *restrict scratch)
{
    /* dense.y[n] = dense.bias[n] */
    scratch->dense.y[0] = weights->dense.bias[0];
    /* dense.y[n] += dense.kernel[n,k] * mgu.h[30,k] */
    {
        vec sum_of_y = vec_splat(0.0f);
        float rest_of_y = 0.0f;
        int k = 0;
        for (; k + VEC <= 24; k += VEC) {
            const vec kernel = vec_load(&packed->dense.kernel[0][k]);
            const vec h = vec_load(&scratch->mgu.h[30 % 2][k]);
            sum_of_y += kernel * h;
        }
        for (k = 24 - 24 % VEC; k < 24; k++) {
            rest_of_y += packed->dense.kernel[0][k] * scratch->mgu.h[30 % 2][k];
        }
        scratch->dense.y[0] = scratch->dense.y[0] + vec_sum(sum_of_y) + rest_of_y;
    }
}

static void mgu_predict_with(const struct mgu_weights *restrict weights, const struct mgu_packed *restrict packed,
    struct mgu_scratch *restrict scratch, const float *restrict x, float *restrict y)
{
    /* mgu.h[0,n] = 0 */
    for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
        const vec h = vec_splat(0.0f);
        vec_store(&scratch->mgu.h[0][n], h);
    }
    mgu_layer_predict(packed, scratch, x);
    dense_predict(weights, packed, scratch);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
}

static void mgu_layer_predict_batch(const struct mgu_packed *restrict packed,
    struct mgu_batch_scratch *restrict scratch, const float *restrict x, int rows)
{
    /* mgu.h: 2 steps are kept, step t at t % 2 */
    for (int t = 0; t < MGU_TIMESTEPS; t++) {
        /* mgu.p[t,b,n] = mgu.bias[n]
         * mgu.p[t,b,n] += mgu.kernel[k,n] * x[b,t,k] */
#if VEC == LANES
        for (int n = 0; n < 48; n += 3 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            for (int b = 0; b < rows; b += 2) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const vec bias_0 = vec_load(&packed->mgu.bias[n]);
                vec p_0_0 = bias_0;
                const vec bias_1 = vec_load(&packed->mgu.bias[n_plus_1]);
                vec p_0_1 = bias_1;
                const vec bias_2 = vec_load(&packed->mgu.bias[n_plus_2]);
                vec p_0_2 = bias_2;
                vec p_1_0 = bias_0;
                vec p_1_1 = bias_1;
                vec p_1_2 = bias_2;
                const vec kernel_0_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][0][n % 48]));
                const vec x_0_0 = vec_splat(x[60 * b + 2 * t]);
                p_0_0 += kernel_0_0 * x_0_0;
                const vec x_1_0 = vec_splat(x[60 * b_plus_1 + 2 * t]);
                p_1_0 += kernel_0_0 * x_1_0;
                const vec kernel_0_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][0][n_plus_1 % 48]));
                p_0_1 += kernel_0_1 * x_0_0;
                p_1_1 += kernel_0_1 * x_1_0;
                const vec kernel_0_2 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_2 / 48][0][n_plus_2 % 48]));
                p_0_2 += kernel_0_2 * x_0_0;
                p_1_2 += kernel_0_2 * x_1_0;
                const vec kernel_1_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][1][n % 48]));
                const vec x_0_1 = vec_splat(x[60 * b + 2 * t + 1]);
                p_0_0 += kernel_1_0 * x_0_1;
                const vec x_1_1 = vec_splat(x[60 * b_plus_1 + 2 * t + 1]);
                p_1_0 += kernel_1_0 * x_1_1;
                const vec kernel_1_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][1][n_plus_1 % 48]));
                p_0_1 += kernel_1_1 * x_0_1;
                p_1_1 += kernel_1_1 * x_1_1;
                const vec kernel_1_2 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_2 / 48][1][n_plus_2 % 48]));
                p_0_2 += kernel_1_2 * x_0_1;
                p_1_2 += kernel_1_2 * x_1_1;
                vec_store(&scratch->local.mgu.p[b][n], p_0_0);
                vec_store(&scratch->local.mgu.p[b][n_plus_1], p_0_1);
                vec_store(&scratch->local.mgu.p[b][n_plus_2], p_0_2);
                vec_store(&scratch->local.mgu.p[b_plus_1][n], p_1_0);
                vec_store(&scratch->local.mgu.p[b_plus_1][n_plus_1], p_1_1);
                vec_store(&scratch->local.mgu.p[b_plus_1][n_plus_2], p_1_2);
            }
        }
#else
        for (int n = 0; n < 48; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < 48 ? n + VEC : n;
            for (int b = 0; b < rows; b += 2) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const vec bias_0 = vec_load(&packed->mgu.bias[n]);
                vec p_0_0 = bias_0;
                const vec bias_1 = vec_load(&packed->mgu.bias[n_plus_1]);
                vec p_0_1 = bias_1;
                vec p_1_0 = bias_0;
                vec p_1_1 = bias_1;
                const vec kernel_0_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][0][n % 48]));
                const vec x_0_0 = vec_splat(x[60 * b + 2 * t]);
                p_0_0 += kernel_0_0 * x_0_0;
                const vec x_1_0 = vec_splat(x[60 * b_plus_1 + 2 * t]);
                p_1_0 += kernel_0_0 * x_1_0;
                const vec kernel_0_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][0][n_plus_1 % 48]));
                p_0_1 += kernel_0_1 * x_0_0;
                p_1_1 += kernel_0_1 * x_1_0;
                const vec kernel_1_0 = vec_keep(vec_load(&packed->mgu.kernel[n / 48][1][n % 48]));
                const vec x_0_1 = vec_splat(x[60 * b + 2 * t + 1]);
                p_0_0 += kernel_1_0 * x_0_1;
                const vec x_1_1 = vec_splat(x[60 * b_plus_1 + 2 * t + 1]);
                p_1_0 += kernel_1_0 * x_1_1;
                const vec kernel_1_1 = vec_keep(vec_load(&packed->mgu.kernel[n_plus_1 / 48][1][n_plus_1 % 48]));
                p_0_1 += kernel_1_1 * x_0_1;
                p_1_1 += kernel_1_1 * x_1_1;
                vec_store(&scratch->local.mgu.p[b][n], p_0_0);
                vec_store(&scratch->local.mgu.p[b][n_plus_1], p_0_1);
                vec_store(&scratch->local.mgu.p[b_plus_1][n], p_1_0);
                vec_store(&scratch->local.mgu.p[b_plus_1][n_plus_1], p_1_1);
            }
        }
#endif
        /* mgu.sum[t,b,n] = mgu.p[t,b,n]
         * mgu.sum[t,b,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,b,k]
         * mgu.f[t,b,n] = sigmoid(mgu.sum[t,b,n])
         * mgu.m[t,b,n] = mgu.f[t,b,n] * mgu.h[t,b,n] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            for (int b = 0; b < rows; b += 6) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                const int b_plus_5 = b + 5 < rows ? b + 5 : b;
                vec sum_0_0 = vec_load_part(&scratch->local.mgu.p[b][n], 24 - n);
                vec sum_0_1 = vec_load_part(&scratch->local.mgu.p[b][n_plus_1], 24 - n_plus_1);
                vec sum_1_0 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n], 24 - n);
                vec sum_1_1 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n_plus_1], 24 - n_plus_1);
                vec sum_2_0 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n], 24 - n);
                vec sum_2_1 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n_plus_1], 24 - n_plus_1);
                vec sum_3_0 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n], 24 - n);
                vec sum_3_1 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n_plus_1], 24 - n_plus_1);
                vec sum_4_0 = vec_load_part(&scratch->local.mgu.p[b_plus_4][n], 24 - n);
                vec sum_4_1 = vec_load_part(&scratch->local.mgu.p[b_plus_4][n_plus_1], 24 - n_plus_1);
                vec sum_5_0 = vec_load_part(&scratch->local.mgu.p[b_plus_5][n], 24 - n);
                vec sum_5_1 = vec_load_part(&scratch->local.mgu.p[b_plus_5][n_plus_1], 24 - n_plus_1);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_0 = vec_hold(vec_load(&packed->mgu.recurrent_kernel[n / 16][k][n % 16]));
                    const vec h_0 = vec_splat(scratch->mgu.h[t % 2][b][k]);
                    sum_0_0 += recurrent_kernel_0 * h_0;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_0_1 += recurrent_kernel_1 * h_0;
                    const vec h_1 = vec_splat(scratch->mgu.h[t % 2][b_plus_1][k]);
                    sum_1_0 += recurrent_kernel_0 * h_1;
                    sum_1_1 += recurrent_kernel_1 * h_1;
                    const vec h_2 = vec_splat(scratch->mgu.h[t % 2][b_plus_2][k]);
                    sum_2_0 += recurrent_kernel_0 * h_2;
                    sum_2_1 += recurrent_kernel_1 * h_2;
                    const vec h_3 = vec_splat(scratch->mgu.h[t % 2][b_plus_3][k]);
                    sum_3_0 += recurrent_kernel_0 * h_3;
                    sum_3_1 += recurrent_kernel_1 * h_3;
                    const vec h_4 = vec_splat(scratch->mgu.h[t % 2][b_plus_4][k]);
                    sum_4_0 += recurrent_kernel_0 * h_4;
                    sum_4_1 += recurrent_kernel_1 * h_4;
                    const vec h_5 = vec_splat(scratch->mgu.h[t % 2][b_plus_5][k]);
                    sum_5_0 += recurrent_kernel_0 * h_5;
                    sum_5_1 += recurrent_kernel_1 * h_5;
                }
                vec sum_[6][2] = {
                    { sum_0_0, sum_0_1 },
                    { sum_1_0, sum_1_1 },
                    { sum_2_0, sum_2_1 },
                    { sum_3_0, sum_3_1 },
                    { sum_4_0, sum_4_1 },
                    { sum_5_0, sum_5_1 },
                };
                for (int r = 0; r < 6 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec f_0 = vec_sigmoid(sum_[r][0]);
                    const vec f_1 = vec_sigmoid(sum_[r][1]);
                    const vec h_0 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n]);
                    const vec m_0 = f_0 * h_0;
                    const vec h_1 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n_plus_1]);
                    const vec m_1 = f_1 * h_1;
                    vec_store(&scratch->local.mgu.f[b_plus_r][n], f_0);
                    vec_store(&scratch->local.mgu.f[b_plus_r][n_plus_1], f_1);
                    vec_store(&scratch->local.mgu.m[b_plus_r][n], m_0);
                    vec_store(&scratch->local.mgu.m[b_plus_r][n_plus_1], m_1);
                }
            }
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                vec sum_0_0 = vec_load_part(&scratch->local.mgu.p[b][n], 24 - n);
                vec sum_0_1 = vec_load_part(&scratch->local.mgu.p[b][n_plus_1], 24 - n_plus_1);
                vec sum_0_2 = vec_load_part(&scratch->local.mgu.p[b][n_plus_2], 24 - n_plus_2);
                vec sum_1_0 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n], 24 - n);
                vec sum_1_1 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n_plus_1], 24 - n_plus_1);
                vec sum_1_2 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n_plus_2], 24 - n_plus_2);
                vec sum_2_0 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n], 24 - n);
                vec sum_2_1 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n_plus_1], 24 - n_plus_1);
                vec sum_2_2 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n_plus_2], 24 - n_plus_2);
                vec sum_3_0 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n], 24 - n);
                vec sum_3_1 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n_plus_1], 24 - n_plus_1);
                vec sum_3_2 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n_plus_2], 24 - n_plus_2);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_0 = vec_hold(vec_load(&packed->mgu.recurrent_kernel[n / 16][k][n % 16]));
                    const vec h_0 = vec_splat(scratch->mgu.h[t % 2][b][k]);
                    sum_0_0 += recurrent_kernel_0 * h_0;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_0_1 += recurrent_kernel_1 * h_0;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k][n_plus_2 % 16]));
                    sum_0_2 += recurrent_kernel_2 * h_0;
                    const vec h_1 = vec_splat(scratch->mgu.h[t % 2][b_plus_1][k]);
                    sum_1_0 += recurrent_kernel_0 * h_1;
                    sum_1_1 += recurrent_kernel_1 * h_1;
                    sum_1_2 += recurrent_kernel_2 * h_1;
                    const vec h_2 = vec_splat(scratch->mgu.h[t % 2][b_plus_2][k]);
                    sum_2_0 += recurrent_kernel_0 * h_2;
                    sum_2_1 += recurrent_kernel_1 * h_2;
                    sum_2_2 += recurrent_kernel_2 * h_2;
                    const vec h_3 = vec_splat(scratch->mgu.h[t % 2][b_plus_3][k]);
                    sum_3_0 += recurrent_kernel_0 * h_3;
                    sum_3_1 += recurrent_kernel_1 * h_3;
                    sum_3_2 += recurrent_kernel_2 * h_3;
                }
                vec sum_[4][3] = {
                    { sum_0_0, sum_0_1, sum_0_2 },
                    { sum_1_0, sum_1_1, sum_1_2 },
                    { sum_2_0, sum_2_1, sum_2_2 },
                    { sum_3_0, sum_3_1, sum_3_2 },
                };
                for (int r = 0; r < 4 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec f_0 = vec_sigmoid(sum_[r][0]);
                    const vec f_1 = vec_sigmoid(sum_[r][1]);
                    const vec f_2 = vec_sigmoid(sum_[r][2]);
                    const vec h_0 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n]);
                    const vec m_0 = f_0 * h_0;
                    const vec h_1 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n_plus_1]);
                    const vec m_1 = f_1 * h_1;
                    const vec h_2 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n_plus_2]);
                    const vec m_2 = f_2 * h_2;
                    vec_store(&scratch->local.mgu.f[b_plus_r][n], f_0);
                    vec_store(&scratch->local.mgu.f[b_plus_r][n_plus_1], f_1);
                    vec_store(&scratch->local.mgu.f[b_plus_r][n_plus_2], f_2);
                    vec_store(&scratch->local.mgu.m[b_plus_r][n], m_0);
                    vec_store(&scratch->local.mgu.m[b_plus_r][n_plus_1], m_1);
                    vec_store(&scratch->local.mgu.m[b_plus_r][n_plus_2], m_2);
                }
            }
        }
#endif
        /* mgu.sum_1[t,b,n] = mgu.p[t,b,n+24]
         * mgu.sum_1[t,b,n] += mgu.recurrent_kernel_2[k,n] * mgu.m[t,b,k]
         * mgu.candidate[t,b,n] = tanh(mgu.sum_1[t,b,n])
         * mgu.h[t+1,b,n] = (1 - mgu.f[t,b,n]) * mgu.h[t,b,n] + mgu.f[t,b,n] * mgu.candidate[t,b,n] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            for (int b = 0; b < rows; b += 6) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                const int b_plus_5 = b + 5 < rows ? b + 5 : b;
                vec sum_1_0_0 = vec_load_part(&scratch->local.mgu.p[b][n + 24], 24 - n);
                vec sum_1_0_1 = vec_load_part(&scratch->local.mgu.p[b][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_1_0 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n + 24], 24 - n);
                vec sum_1_1_1 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_2_0 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n + 24], 24 - n);
                vec sum_1_2_1 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_3_0 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n + 24], 24 - n);
                vec sum_1_3_1 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_4_0 = vec_load_part(&scratch->local.mgu.p[b_plus_4][n + 24], 24 - n);
                vec sum_1_4_1 = vec_load_part(&scratch->local.mgu.p[b_plus_4][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_5_0 = vec_load_part(&scratch->local.mgu.p[b_plus_5][n + 24], 24 - n);
                vec sum_1_5_1 = vec_load_part(&scratch->local.mgu.p[b_plus_5][n_plus_1 + 24], 24 - n_plus_1);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_2_0 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k][n % 16]));
                    const vec m_0 = vec_splat(scratch->local.mgu.m[b][k]);
                    sum_1_0_0 += recurrent_kernel_2_0 * m_0;
                    const vec recurrent_kernel_2_1 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_1_0_1 += recurrent_kernel_2_1 * m_0;
                    const vec m_1 = vec_splat(scratch->local.mgu.m[b_plus_1][k]);
                    sum_1_1_0 += recurrent_kernel_2_0 * m_1;
                    sum_1_1_1 += recurrent_kernel_2_1 * m_1;
                    const vec m_2 = vec_splat(scratch->local.mgu.m[b_plus_2][k]);
                    sum_1_2_0 += recurrent_kernel_2_0 * m_2;
                    sum_1_2_1 += recurrent_kernel_2_1 * m_2;
                    const vec m_3 = vec_splat(scratch->local.mgu.m[b_plus_3][k]);
                    sum_1_3_0 += recurrent_kernel_2_0 * m_3;
                    sum_1_3_1 += recurrent_kernel_2_1 * m_3;
                    const vec m_4 = vec_splat(scratch->local.mgu.m[b_plus_4][k]);
                    sum_1_4_0 += recurrent_kernel_2_0 * m_4;
                    sum_1_4_1 += recurrent_kernel_2_1 * m_4;
                    const vec m_5 = vec_splat(scratch->local.mgu.m[b_plus_5][k]);
                    sum_1_5_0 += recurrent_kernel_2_0 * m_5;
                    sum_1_5_1 += recurrent_kernel_2_1 * m_5;
                }
                vec sum_1[6][2] = {
                    { sum_1_0_0, sum_1_0_1 },
                    { sum_1_1_0, sum_1_1_1 },
                    { sum_1_2_0, sum_1_2_1 },
                    { sum_1_3_0, sum_1_3_1 },
                    { sum_1_4_0, sum_1_4_1 },
                    { sum_1_5_0, sum_1_5_1 },
                };
                for (int r = 0; r < 6 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec candidate_0 = vec_tanh(sum_1[r][0]);
                    const vec candidate_1 = vec_tanh(sum_1[r][1]);
                    const vec f_0 = vec_load(&scratch->local.mgu.f[b_plus_r][n]);
                    const vec h_0 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n]);
                    const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
                    const vec f_1 = vec_load(&scratch->local.mgu.f[b_plus_r][n_plus_1]);
                    const vec h_1 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n_plus_1]);
                    const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
                    vec_store(&scratch->mgu.h[(t + 1) % 2][b_plus_r][n], h_next_0);
                    vec_store(&scratch->mgu.h[(t + 1) % 2][b_plus_r][n_plus_1], h_next_1);
                }
            }
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                vec sum_1_0_0 = vec_load_part(&scratch->local.mgu.p[b][n + 24], 24 - n);
                vec sum_1_0_1 = vec_load_part(&scratch->local.mgu.p[b][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_0_2 = vec_load_part(&scratch->local.mgu.p[b][n_plus_2 + 24], 24 - n_plus_2);
                vec sum_1_1_0 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n + 24], 24 - n);
                vec sum_1_1_1 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_1_2 = vec_load_part(&scratch->local.mgu.p[b_plus_1][n_plus_2 + 24], 24 - n_plus_2);
                vec sum_1_2_0 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n + 24], 24 - n);
                vec sum_1_2_1 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_2_2 = vec_load_part(&scratch->local.mgu.p[b_plus_2][n_plus_2 + 24], 24 - n_plus_2);
                vec sum_1_3_0 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n + 24], 24 - n);
                vec sum_1_3_1 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_3_2 = vec_load_part(&scratch->local.mgu.p[b_plus_3][n_plus_2 + 24], 24 - n_plus_2);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_2_0 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k][n % 16]));
                    const vec m_0 = vec_splat(scratch->local.mgu.m[b][k]);
                    sum_1_0_0 += recurrent_kernel_2_0 * m_0;
                    const vec recurrent_kernel_2_1 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_1_0_1 += recurrent_kernel_2_1 * m_0;
                    const vec recurrent_kernel_2_2 =
                        vec_hold(vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k][n_plus_2 % 16]));
                    sum_1_0_2 += recurrent_kernel_2_2 * m_0;
                    const vec m_1 = vec_splat(scratch->local.mgu.m[b_plus_1][k]);
                    sum_1_1_0 += recurrent_kernel_2_0 * m_1;
                    sum_1_1_1 += recurrent_kernel_2_1 * m_1;
                    sum_1_1_2 += recurrent_kernel_2_2 * m_1;
                    const vec m_2 = vec_splat(scratch->local.mgu.m[b_plus_2][k]);
                    sum_1_2_0 += recurrent_kernel_2_0 * m_2;
                    sum_1_2_1 += recurrent_kernel_2_1 * m_2;
                    sum_1_2_2 += recurrent_kernel_2_2 * m_2;
                    const vec m_3 = vec_splat(scratch->local.mgu.m[b_plus_3][k]);
                    sum_1_3_0 += recurrent_kernel_2_0 * m_3;
                    sum_1_3_1 += recurrent_kernel_2_1 * m_3;
                    sum_1_3_2 += recurrent_kernel_2_2 * m_3;
                }
                vec sum_1[4][3] = {
                    { sum_1_0_0, sum_1_0_1, sum_1_0_2 },
                    { sum_1_1_0, sum_1_1_1, sum_1_1_2 },
                    { sum_1_2_0, sum_1_2_1, sum_1_2_2 },
                    { sum_1_3_0, sum_1_3_1, sum_1_3_2 },
                };
                for (int r = 0; r < 4 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec candidate_0 = vec_tanh(sum_1[r][0]);
                    const vec candidate_1 = vec_tanh(sum_1[r][1]);
                    const vec candidate_2 = vec_tanh(sum_1[r][2]);
                    const vec f_0 = vec_load(&scratch->local.mgu.f[b_plus_r][n]);
                    const vec h_0 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n]);
                    const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
                    const vec f_1 = vec_load(&scratch->local.mgu.f[b_plus_r][n_plus_1]);
                    const vec h_1 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n_plus_1]);
                    const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
                    const vec f_2 = vec_load(&scratch->local.mgu.f[b_plus_r][n_plus_2]);
                    const vec h_2 = vec_load(&scratch->mgu.h[t % 2][b_plus_r][n_plus_2]);
                    const vec h_next_2 = (1.0f - f_2) * h_2 + f_2 * candidate_2;
                    vec_store(&scratch->mgu.h[(t + 1) % 2][b_plus_r][n], h_next_0);
                    vec_store(&scratch->mgu.h[(t + 1) % 2][b_plus_r][n_plus_1], h_next_1);
                    vec_store(&scratch->mgu.h[(t + 1) % 2][b_plus_r][n_plus_2], h_next_2);
                }
            }
        }
#endif
    }
}

static void dense_predict_batch(const struct mgu_weights *restrict weights, const struct mgu_packed *restrict packed,
    struct mgu_batch_scratch *restrict scratch, int rows)
{
    /* dense.y[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        scratch->dense.y[b][0] = weights->dense.bias[0];
    }
    /* dense.y[b,n] += dense.kernel[n,k] * mgu.h[30,b,k] */
    for (int b = 0; b < rows; b++) {
        vec sum_of_y = vec_splat(0.0f);
        float rest_of_y = 0.0f;
        int k = 0;
        for (; k + VEC <= 24; k += VEC) {
            const vec kernel = vec_load(&packed->dense.kernel[0][k]);
            const vec h = vec_load(&scratch->mgu.h[30 % 2][b][k]);
            sum_of_y += kernel * h;
        }
        for (k = 24 - 24 % VEC; k < 24; k++) {
            rest_of_y += packed->dense.kernel[0][k] * scratch->mgu.h[30 % 2][b][k];
        }
        scratch->dense.y[b][0] = scratch->dense.y[b][0] + vec_sum(sum_of_y) + rest_of_y;
    }
}

static void mgu_predict_batch_with(const struct mgu_weights *restrict weights, const struct mgu_packed *restrict packed,
    struct mgu_batch_scratch *restrict scratch, const float *restrict x, int rows, float *restrict y)
{
    /* mgu.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            const vec h = vec_splat(0.0f);
            vec_store(&scratch->mgu.h[0][b][n], h);
        }
    }
    mgu_layer_predict_batch(packed, scratch, x, rows);
    dense_predict_batch(weights, packed, scratch, rows);
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        y[b] = scratch->dense.y[b][0];
    }
}

/* What a step computes on its way. */
struct mgu_step_memory {
    union {                 /* intermediate values; only one of these is alive at a time */
        struct {
            float p[48];      /* one of 1 steps */
            float f[32];      /* one of 1 steps */
            float m[32];      /* one of 1 steps */
        } mgu;
    } local;
    struct {
        float y[MGU_DENSE_UNITS];
    } dense;
};

static void mgu_reset_with(const struct mgu_packed *restrict packed, struct mgu_state *restrict state)
{
    (void)packed;
    /* mgu.h[0,n] = 0 */
    for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
        const vec h = vec_splat(0.0f);
        vec_store(&state->mgu.h[0][n], h);
    }
}

static void mgu_layer_step(const struct mgu_packed *restrict packed, struct mgu_state *restrict state,
    struct mgu_step_memory *restrict scratch, const float *restrict x)
{
    /* mgu.p[t,n] = mgu.bias[n]
     * mgu.p[t,n] += mgu.kernel[k,n] * x[t,k] */
    for (int n = 0; n < 48; n += 3 * VEC) {
        const int n_plus_1 = n + VEC;
        const int n_plus_2 = n + 2 * VEC;
        vec p_0 = vec_load(&packed->mgu.bias[n]);
        vec p_1 = vec_load(&packed->mgu.bias[n_plus_1]);
        vec p_2 = vec_load(&packed->mgu.bias[n_plus_2]);
        vec p_0_odd = vec_splat(0.0f);
        vec p_1_odd = vec_splat(0.0f);
        vec p_2_odd = vec_splat(0.0f);
        const vec kernel_0_0 = vec_load(&packed->mgu.kernel[n / 48][0][n % 48]);
        const vec x_0 = vec_splat(x[0]);
        p_0 += kernel_0_0 * x_0;
        const vec kernel_0_1 = vec_load(&packed->mgu.kernel[n_plus_1 / 48][0][n_plus_1 % 48]);
        p_1 += kernel_0_1 * x_0;
        const vec kernel_0_2 = vec_load(&packed->mgu.kernel[n_plus_2 / 48][0][n_plus_2 % 48]);
        p_2 += kernel_0_2 * x_0;
        const vec kernel_1_0 = vec_load(&packed->mgu.kernel[n / 48][1][n % 48]);
        const vec x_1 = vec_splat(x[1]);
        p_0_odd += kernel_1_0 * x_1;
        const vec kernel_1_1 = vec_load(&packed->mgu.kernel[n_plus_1 / 48][1][n_plus_1 % 48]);
        p_1_odd += kernel_1_1 * x_1;
        const vec kernel_1_2 = vec_load(&packed->mgu.kernel[n_plus_2 / 48][1][n_plus_2 % 48]);
        p_2_odd += kernel_1_2 * x_1;
        p_0 += p_0_odd;
        p_1 += p_1_odd;
        p_2 += p_2_odd;
        vec_store(&scratch->local.mgu.p[n], p_0);
        vec_store(&scratch->local.mgu.p[n_plus_1], p_1);
        vec_store(&scratch->local.mgu.p[n_plus_2], p_2);
    }
    /* mgu.sum[t,n] = mgu.p[t,n]
     * mgu.sum[t,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,k]
     * mgu.f[t,n] = sigmoid(mgu.sum[t,n])
     * mgu.m[t,n] = mgu.f[t,n] * mgu.h[t,n] */
#if VEC == LANES
    for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
        const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
        vec sum_0 = vec_load_part(&scratch->local.mgu.p[n], 24 - n);
        vec sum_1 = vec_load_part(&scratch->local.mgu.p[n_plus_1], 24 - n_plus_1);
        vec sum_0_odd = vec_splat(0.0f);
        vec sum_1_odd = vec_splat(0.0f);
        for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
            const vec recurrent_kernel_0_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k][n % 16]);
            const vec h_0 = vec_splat(state->mgu.h[0][k]);
            sum_0 += recurrent_kernel_0_0 * h_0;
            const vec recurrent_kernel_0_1 = vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]);
            sum_1 += recurrent_kernel_0_1 * h_0;
            const vec recurrent_kernel_1_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 1][n % 16]);
            const vec h_1 = vec_splat(state->mgu.h[0][k + 1]);
            sum_0_odd += recurrent_kernel_1_0 * h_1;
            const vec recurrent_kernel_1_1 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
            sum_1_odd += recurrent_kernel_1_1 * h_1;
            const vec recurrent_kernel_2_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 2][n % 16]);
            const vec h_2 = vec_splat(state->mgu.h[0][k + 2]);
            sum_0 += recurrent_kernel_2_0 * h_2;
            const vec recurrent_kernel_2_1 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
            sum_1 += recurrent_kernel_2_1 * h_2;
            const vec recurrent_kernel_3_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 3][n % 16]);
            const vec h_3 = vec_splat(state->mgu.h[0][k + 3]);
            sum_0_odd += recurrent_kernel_3_0 * h_3;
            const vec recurrent_kernel_3_1 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
            sum_1_odd += recurrent_kernel_3_1 * h_3;
        }
        sum_0 += sum_0_odd;
        sum_1 += sum_1_odd;
        const vec f_0 = vec_sigmoid(sum_0);
        const vec f_1 = vec_sigmoid(sum_1);
        const vec h_0 = vec_load(&state->mgu.h[0][n]);
        const vec m_0 = f_0 * h_0;
        const vec h_1 = vec_load(&state->mgu.h[0][n_plus_1]);
        const vec m_1 = f_1 * h_1;
        vec_store(&scratch->local.mgu.f[n], f_0);
        vec_store(&scratch->local.mgu.f[n_plus_1], f_1);
        vec_store(&scratch->local.mgu.m[n], m_0);
        vec_store(&scratch->local.mgu.m[n_plus_1], m_1);
    }
#else
    for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
        const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
        const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
        vec sum_0 = vec_load_part(&scratch->local.mgu.p[n], 24 - n);
        vec sum_1 = vec_load_part(&scratch->local.mgu.p[n_plus_1], 24 - n_plus_1);
        vec sum_2 = vec_load_part(&scratch->local.mgu.p[n_plus_2], 24 - n_plus_2);
        vec sum_0_odd = vec_splat(0.0f);
        vec sum_1_odd = vec_splat(0.0f);
        vec sum_2_odd = vec_splat(0.0f);
        for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
            const vec recurrent_kernel_0_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k][n % 16]);
            const vec h_0 = vec_splat(state->mgu.h[0][k]);
            sum_0 += recurrent_kernel_0_0 * h_0;
            const vec recurrent_kernel_0_1 = vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]);
            sum_1 += recurrent_kernel_0_1 * h_0;
            const vec recurrent_kernel_0_2 = vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k][n_plus_2 % 16]);
            sum_2 += recurrent_kernel_0_2 * h_0;
            const vec recurrent_kernel_1_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 1][n % 16]);
            const vec h_1 = vec_splat(state->mgu.h[0][k + 1]);
            sum_0_odd += recurrent_kernel_1_0 * h_1;
            const vec recurrent_kernel_1_1 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
            sum_1_odd += recurrent_kernel_1_1 * h_1;
            const vec recurrent_kernel_1_2 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k + 1][n_plus_2 % 16]);
            sum_2_odd += recurrent_kernel_1_2 * h_1;
            const vec recurrent_kernel_2_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 2][n % 16]);
            const vec h_2 = vec_splat(state->mgu.h[0][k + 2]);
            sum_0 += recurrent_kernel_2_0 * h_2;
            const vec recurrent_kernel_2_1 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
            sum_1 += recurrent_kernel_2_1 * h_2;
            const vec recurrent_kernel_2_2 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k + 2][n_plus_2 % 16]);
            sum_2 += recurrent_kernel_2_2 * h_2;
            const vec recurrent_kernel_3_0 = vec_load(&packed->mgu.recurrent_kernel[n / 16][k + 3][n % 16]);
            const vec h_3 = vec_splat(state->mgu.h[0][k + 3]);
            sum_0_odd += recurrent_kernel_3_0 * h_3;
            const vec recurrent_kernel_3_1 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
            sum_1_odd += recurrent_kernel_3_1 * h_3;
            const vec recurrent_kernel_3_2 =
                vec_load(&packed->mgu.recurrent_kernel[n_plus_2 / 16][k + 3][n_plus_2 % 16]);
            sum_2_odd += recurrent_kernel_3_2 * h_3;
        }
        sum_0 += sum_0_odd;
        sum_1 += sum_1_odd;
        sum_2 += sum_2_odd;
        const vec f_0 = vec_sigmoid(sum_0);
        const vec f_1 = vec_sigmoid(sum_1);
        const vec f_2 = vec_sigmoid(sum_2);
        const vec h_0 = vec_load(&state->mgu.h[0][n]);
        const vec m_0 = f_0 * h_0;
        const vec h_1 = vec_load(&state->mgu.h[0][n_plus_1]);
        const vec m_1 = f_1 * h_1;
        const vec h_2 = vec_load(&state->mgu.h[0][n_plus_2]);
        const vec m_2 = f_2 * h_2;
        vec_store(&scratch->local.mgu.f[n], f_0);
        vec_store(&scratch->local.mgu.f[n_plus_1], f_1);
        vec_store(&scratch->local.mgu.f[n_plus_2], f_2);
        vec_store(&scratch->local.mgu.m[n], m_0);
        vec_store(&scratch->local.mgu.m[n_plus_1], m_1);
        vec_store(&scratch->local.mgu.m[n_plus_2], m_2);
    }
#endif
    /* mgu.sum_1[t,n] = mgu.p[t,n+24]
     * mgu.sum_1[t,n] += mgu.recurrent_kernel_2[k,n] * mgu.m[t,k]
     * mgu.candidate[t,n] = tanh(mgu.sum_1[t,n])
     * mgu.h[t+1,n] = (1 - mgu.f[t,n]) * mgu.h[t,n] + mgu.f[t,n] * mgu.candidate[t,n] */
#if VEC == LANES
    for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
        const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
        vec sum_1_0 = vec_load_part(&scratch->local.mgu.p[n + 24], 24 - n);
        vec sum_1_1 = vec_load_part(&scratch->local.mgu.p[n_plus_1 + 24], 24 - n_plus_1);
        vec sum_1_0_odd = vec_splat(0.0f);
        vec sum_1_1_odd = vec_splat(0.0f);
        for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
            const vec recurrent_kernel_2_0_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k][n % 16]);
            const vec m_0 = vec_splat(scratch->local.mgu.m[k]);
            sum_1_0 += recurrent_kernel_2_0_0 * m_0;
            const vec recurrent_kernel_2_0_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]);
            sum_1_1 += recurrent_kernel_2_0_1 * m_0;
            const vec recurrent_kernel_2_1_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 1][n % 16]);
            const vec m_1 = vec_splat(scratch->local.mgu.m[k + 1]);
            sum_1_0_odd += recurrent_kernel_2_1_0 * m_1;
            const vec recurrent_kernel_2_1_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
            sum_1_1_odd += recurrent_kernel_2_1_1 * m_1;
            const vec recurrent_kernel_2_2_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 2][n % 16]);
            const vec m_2 = vec_splat(scratch->local.mgu.m[k + 2]);
            sum_1_0 += recurrent_kernel_2_2_0 * m_2;
            const vec recurrent_kernel_2_2_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
            sum_1_1 += recurrent_kernel_2_2_1 * m_2;
            const vec recurrent_kernel_2_3_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 3][n % 16]);
            const vec m_3 = vec_splat(scratch->local.mgu.m[k + 3]);
            sum_1_0_odd += recurrent_kernel_2_3_0 * m_3;
            const vec recurrent_kernel_2_3_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
            sum_1_1_odd += recurrent_kernel_2_3_1 * m_3;
        }
        sum_1_0 += sum_1_0_odd;
        sum_1_1 += sum_1_1_odd;
        const vec candidate_0 = vec_tanh(sum_1_0);
        const vec candidate_1 = vec_tanh(sum_1_1);
        const vec f_0 = vec_load(&scratch->local.mgu.f[n]);
        const vec h_0 = vec_load(&state->mgu.h[0][n]);
        const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
        const vec f_1 = vec_load(&scratch->local.mgu.f[n_plus_1]);
        const vec h_1 = vec_load(&state->mgu.h[0][n_plus_1]);
        const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
        vec_store(&state->mgu.h[1][n], h_next_0);
        vec_store(&state->mgu.h[1][n_plus_1], h_next_1);
    }
#else
    for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
        const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
        const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
        vec sum_1_0 = vec_load_part(&scratch->local.mgu.p[n + 24], 24 - n);
        vec sum_1_1 = vec_load_part(&scratch->local.mgu.p[n_plus_1 + 24], 24 - n_plus_1);
        vec sum_1_2 = vec_load_part(&scratch->local.mgu.p[n_plus_2 + 24], 24 - n_plus_2);
        vec sum_1_0_odd = vec_splat(0.0f);
        vec sum_1_1_odd = vec_splat(0.0f);
        vec sum_1_2_odd = vec_splat(0.0f);
        for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
            const vec recurrent_kernel_2_0_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k][n % 16]);
            const vec m_0 = vec_splat(scratch->local.mgu.m[k]);
            sum_1_0 += recurrent_kernel_2_0_0 * m_0;
            const vec recurrent_kernel_2_0_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]);
            sum_1_1 += recurrent_kernel_2_0_1 * m_0;
            const vec recurrent_kernel_2_0_2 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k][n_plus_2 % 16]);
            sum_1_2 += recurrent_kernel_2_0_2 * m_0;
            const vec recurrent_kernel_2_1_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 1][n % 16]);
            const vec m_1 = vec_splat(scratch->local.mgu.m[k + 1]);
            sum_1_0_odd += recurrent_kernel_2_1_0 * m_1;
            const vec recurrent_kernel_2_1_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 1][n_plus_1 % 16]);
            sum_1_1_odd += recurrent_kernel_2_1_1 * m_1;
            const vec recurrent_kernel_2_1_2 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k + 1][n_plus_2 % 16]);
            sum_1_2_odd += recurrent_kernel_2_1_2 * m_1;
            const vec recurrent_kernel_2_2_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 2][n % 16]);
            const vec m_2 = vec_splat(scratch->local.mgu.m[k + 2]);
            sum_1_0 += recurrent_kernel_2_2_0 * m_2;
            const vec recurrent_kernel_2_2_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 2][n_plus_1 % 16]);
            sum_1_1 += recurrent_kernel_2_2_1 * m_2;
            const vec recurrent_kernel_2_2_2 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k + 2][n_plus_2 % 16]);
            sum_1_2 += recurrent_kernel_2_2_2 * m_2;
            const vec recurrent_kernel_2_3_0 = vec_load(&packed->mgu.recurrent_kernel_2[n / 16][k + 3][n % 16]);
            const vec m_3 = vec_splat(scratch->local.mgu.m[k + 3]);
            sum_1_0_odd += recurrent_kernel_2_3_0 * m_3;
            const vec recurrent_kernel_2_3_1 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_1 / 16][k + 3][n_plus_1 % 16]);
            sum_1_1_odd += recurrent_kernel_2_3_1 * m_3;
            const vec recurrent_kernel_2_3_2 =
                vec_load(&packed->mgu.recurrent_kernel_2[n_plus_2 / 16][k + 3][n_plus_2 % 16]);
            sum_1_2_odd += recurrent_kernel_2_3_2 * m_3;
        }
        sum_1_0 += sum_1_0_odd;
        sum_1_1 += sum_1_1_odd;
        sum_1_2 += sum_1_2_odd;
        const vec candidate_0 = vec_tanh(sum_1_0);
        const vec candidate_1 = vec_tanh(sum_1_1);
        const vec candidate_2 = vec_tanh(sum_1_2);
        const vec f_0 = vec_load(&scratch->local.mgu.f[n]);
        const vec h_0 = vec_load(&state->mgu.h[0][n]);
        const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
        const vec f_1 = vec_load(&scratch->local.mgu.f[n_plus_1]);
        const vec h_1 = vec_load(&state->mgu.h[0][n_plus_1]);
        const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
        const vec f_2 = vec_load(&scratch->local.mgu.f[n_plus_2]);
        const vec h_2 = vec_load(&state->mgu.h[0][n_plus_2]);
        const vec h_next_2 = (1.0f - f_2) * h_2 + f_2 * candidate_2;
        vec_store(&state->mgu.h[1][n], h_next_0);
        vec_store(&state->mgu.h[1][n_plus_1], h_next_1);
        vec_store(&state->mgu.h[1][n_plus_2], h_next_2);
    }
#endif
}

static void dense_step(const struct mgu_weights *restrict weights, const struct mgu_packed *restrict packed,
    struct mgu_state *restrict state, struct mgu_step_memory *restrict scratch)
{
    /* dense.y[n] = dense.bias[n] */
    scratch->dense.y[0] = weights->dense.bias[0];
    /* dense.y[n] += dense.kernel[n,k] * mgu.h[1,k] */
    {
        vec sum_of_y = vec_splat(0.0f);
        float rest_of_y = 0.0f;
        int k = 0;
        for (; k + VEC <= 24; k += VEC) {
            const vec kernel = vec_load(&packed->dense.kernel[0][k]);
            const vec h = vec_load(&state->mgu.h[1][k]);
            sum_of_y += kernel * h;
        }
        for (k = 24 - 24 % VEC; k < 24; k++) {
            rest_of_y += packed->dense.kernel[0][k] * state->mgu.h[1][k];
        }
        scratch->dense.y[0] = scratch->dense.y[0] + vec_sum(sum_of_y) + rest_of_y;
    }
}

static int mgu_step_with(const struct mgu_weights *restrict weights, const struct mgu_packed *restrict packed,
    struct mgu_state *restrict state, const float *restrict x, float *restrict y)
{
    _Alignas(LANES * sizeof(float)) struct mgu_step_memory memory, *const scratch = &memory;
    mgu_layer_step(packed, state, scratch, x);
    dense_step(weights, packed, state, scratch);
    /* output[n] = dense.y[n] */
    y[0] = scratch->dense.y[0];
    /* mgu.h[0,n] = mgu.h[1,n] */
    for (int n = 0; n < MGU_MGU_UNITS; n++) {
        state->mgu.h[0][n] = state->mgu.h[1][n];
    }
    return 1;
}

static void mgu_prepare_training_with(struct mgu_training *restrict training,
    const struct mgu_weights *restrict weights)
{
    memset(training->mgu.recurrent_kernel[1], 0, sizeof training->mgu.recurrent_kernel[1]);
    memset(training->mgu.recurrent_kernel_2[1], 0, sizeof training->mgu.recurrent_kernel_2[1]);
    memset(training->dense.kernel, 0, sizeof training->dense.kernel);
    memset(training->dense.kernel_transposed[1], 0, sizeof training->dense.kernel_transposed[1]);
    memset(training->mgu.recurrent_kernel_transposed[1], 0, sizeof training->mgu.recurrent_kernel_transposed[1]);
    memset(training->mgu.recurrent_kernel_transposed_2[1], 0, sizeof training->mgu.recurrent_kernel_transposed_2[1]);
    training->weights = weights;
    mgu_prepare_range(training, weights, 0, sizeof *weights / sizeof(float));
}

static void mgu_prepare_range_with(struct mgu_training *restrict training, const struct mgu_weights *restrict weights,
    size_t first, size_t count)
{
    int first_row, end_row;
    if (touches_rows(first, count, offsetof(struct mgu_weights, mgu.kernel), 96, 1, &first_row, &end_row)) {
        /* mgu.kernel[k,n] = mgu.kernel[k,n] */
        for (int n = 0; n < 48; n += VEC) {
            for (int k = 0; k < MGU_FEATURES; k++) {
                const vec kernel = vec_load(&weights->mgu.kernel[k][n]);
                vec_store(&training->mgu.kernel[n / 48][k][n % 48], kernel);
            }
        }
    }
    if (touches_rows(first, count, offsetof(struct mgu_weights, mgu.recurrent_kernel), 48, 24, &first_row, &end_row)) {
        /* mgu.recurrent_kernel[k,n] = mgu.recurrent_kernel[k,n] */
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            for (int k = first_row; k < end_row; k++) {
                const vec recurrent_kernel = vec_load_part(&weights->mgu.recurrent_kernel[k][n], 24 - n);
                vec_store(&training->mgu.recurrent_kernel[n / 16][k][n % 16], recurrent_kernel);
            }
        }
        /* mgu.recurrent_kernel_2[k,n] = mgu.recurrent_kernel[k,n+24] */
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            for (int k = first_row; k < end_row; k++) {
                const vec recurrent_kernel_2 = vec_load_part(&weights->mgu.recurrent_kernel[k][n + 24], 24 - n);
                vec_store(&training->mgu.recurrent_kernel_2[n / 16][k][n % 16], recurrent_kernel_2);
            }
        }
        /* mgu.recurrent_kernel_transposed[n,m] = mgu.recurrent_kernel[m,n+24] */
        for (int m = first_row; m < end_row; m += VEC) {
            for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
                vec_transpose(&weights->mgu.recurrent_kernel[m][n + 24], 48, MGU_MGU_UNITS - m, MGU_MGU_UNITS - n,
                    &training->mgu.recurrent_kernel_transposed[m / 16][n][m % 16], 16);
            }
        }
        /* mgu.recurrent_kernel_transposed_2[n,m] = mgu.recurrent_kernel[m,n] */
        for (int m = first_row; m < end_row; m += VEC) {
            for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
                vec_transpose(&weights->mgu.recurrent_kernel[m][n], 48, MGU_MGU_UNITS - m, MGU_MGU_UNITS - n,
                    &training->mgu.recurrent_kernel_transposed_2[m / 16][n][m % 16], 16);
            }
        }
    }
    if (touches_rows(first, count, offsetof(struct mgu_weights, mgu.bias), 48, 1, &first_row, &end_row)) {
        /* mgu.bias[n] = mgu.bias[n] */
        for (int n = 0; n < 48; n += VEC) {
            const vec bias = vec_load(&weights->mgu.bias[n]);
            vec_store(&training->mgu.bias[n], bias);
        }
    }
    if (touches_rows(first, count, offsetof(struct mgu_weights, dense.kernel), 1, 24, &first_row, &end_row)) {
        /* dense.kernel[n,k] = dense.kernel[k,n] */
        for (int k = first_row; k < end_row; k += VEC) {
            const vec kernel = vec_load_part((const float *)weights->dense.kernel + k, 24 - k);
            vec_store(&training->dense.kernel[0][k], kernel);
        }
        /* dense.kernel_transposed[n,m] = dense.kernel[m,n] */
        for (int m = first_row; m < end_row; m += VEC) {
            const vec kernel_transposed = vec_load_part((const float *)weights->dense.kernel + m, 24 - m);
            vec_store(&training->dense.kernel_transposed[m / 16][0][m % 16], kernel_transposed);
        }
    }
}

static void mgu_reset_tape_with(const struct mgu_training *restrict training, struct mgu_tape *restrict tape)
{
    (void)training;
    const int rows = MGU_BATCH;
    tape->rows = 0;
    tape->first_row = 0;
    /* mgu.h[0,b,n] = 0 */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            const vec h = vec_splat(0.0f);
            vec_store(&tape->mgu.h[0][b][n], h);
        }
    }
}

static void mgu_layer_forward(const struct mgu_training *restrict training, struct mgu_tape *restrict tape, int rows)
{
    for (int t = 0; t < MGU_TIMESTEPS; t++) {
        /* mgu.p[t,b,n] = mgu.bias[n]
         * mgu.p[t,b,n] += mgu.kernel[k,n] * x[b,t,k] */
#if VEC == LANES
        for (int n = 0; n < 48; n += 3 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            for (int b = 0; b < rows; b += 2) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const vec bias_0 = vec_load(&training->mgu.bias[n]);
                vec p_0_0 = bias_0;
                const vec bias_1 = vec_load(&training->mgu.bias[n_plus_1]);
                vec p_0_1 = bias_1;
                const vec bias_2 = vec_load(&training->mgu.bias[n_plus_2]);
                vec p_0_2 = bias_2;
                vec p_1_0 = bias_0;
                vec p_1_1 = bias_1;
                vec p_1_2 = bias_2;
                const vec kernel_0_0 = vec_keep(vec_load(&training->mgu.kernel[n / 48][0][n % 48]));
                const vec x_0_0 = vec_splat(tape->input[b][t][0]);
                p_0_0 += kernel_0_0 * x_0_0;
                const vec x_1_0 = vec_splat(tape->input[b_plus_1][t][0]);
                p_1_0 += kernel_0_0 * x_1_0;
                const vec kernel_0_1 = vec_keep(vec_load(&training->mgu.kernel[n_plus_1 / 48][0][n_plus_1 % 48]));
                p_0_1 += kernel_0_1 * x_0_0;
                p_1_1 += kernel_0_1 * x_1_0;
                const vec kernel_0_2 = vec_keep(vec_load(&training->mgu.kernel[n_plus_2 / 48][0][n_plus_2 % 48]));
                p_0_2 += kernel_0_2 * x_0_0;
                p_1_2 += kernel_0_2 * x_1_0;
                const vec kernel_1_0 = vec_keep(vec_load(&training->mgu.kernel[n / 48][1][n % 48]));
                const vec x_0_1 = vec_splat(tape->input[b][t][1]);
                p_0_0 += kernel_1_0 * x_0_1;
                const vec x_1_1 = vec_splat(tape->input[b_plus_1][t][1]);
                p_1_0 += kernel_1_0 * x_1_1;
                const vec kernel_1_1 = vec_keep(vec_load(&training->mgu.kernel[n_plus_1 / 48][1][n_plus_1 % 48]));
                p_0_1 += kernel_1_1 * x_0_1;
                p_1_1 += kernel_1_1 * x_1_1;
                const vec kernel_1_2 = vec_keep(vec_load(&training->mgu.kernel[n_plus_2 / 48][1][n_plus_2 % 48]));
                p_0_2 += kernel_1_2 * x_0_1;
                p_1_2 += kernel_1_2 * x_1_1;
                vec_store(&tape->local.mgu.p[b][n], p_0_0);
                vec_store(&tape->local.mgu.p[b][n_plus_1], p_0_1);
                vec_store(&tape->local.mgu.p[b][n_plus_2], p_0_2);
                vec_store(&tape->local.mgu.p[b_plus_1][n], p_1_0);
                vec_store(&tape->local.mgu.p[b_plus_1][n_plus_1], p_1_1);
                vec_store(&tape->local.mgu.p[b_plus_1][n_plus_2], p_1_2);
            }
        }
#else
        for (int n = 0; n < 48; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < 48 ? n + VEC : n;
            for (int b = 0; b < rows; b += 2) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const vec bias_0 = vec_load(&training->mgu.bias[n]);
                vec p_0_0 = bias_0;
                const vec bias_1 = vec_load(&training->mgu.bias[n_plus_1]);
                vec p_0_1 = bias_1;
                vec p_1_0 = bias_0;
                vec p_1_1 = bias_1;
                const vec kernel_0_0 = vec_keep(vec_load(&training->mgu.kernel[n / 48][0][n % 48]));
                const vec x_0_0 = vec_splat(tape->input[b][t][0]);
                p_0_0 += kernel_0_0 * x_0_0;
                const vec x_1_0 = vec_splat(tape->input[b_plus_1][t][0]);
                p_1_0 += kernel_0_0 * x_1_0;
                const vec kernel_0_1 = vec_keep(vec_load(&training->mgu.kernel[n_plus_1 / 48][0][n_plus_1 % 48]));
                p_0_1 += kernel_0_1 * x_0_0;
                p_1_1 += kernel_0_1 * x_1_0;
                const vec kernel_1_0 = vec_keep(vec_load(&training->mgu.kernel[n / 48][1][n % 48]));
                const vec x_0_1 = vec_splat(tape->input[b][t][1]);
                p_0_0 += kernel_1_0 * x_0_1;
                const vec x_1_1 = vec_splat(tape->input[b_plus_1][t][1]);
                p_1_0 += kernel_1_0 * x_1_1;
                const vec kernel_1_1 = vec_keep(vec_load(&training->mgu.kernel[n_plus_1 / 48][1][n_plus_1 % 48]));
                p_0_1 += kernel_1_1 * x_0_1;
                p_1_1 += kernel_1_1 * x_1_1;
                vec_store(&tape->local.mgu.p[b][n], p_0_0);
                vec_store(&tape->local.mgu.p[b][n_plus_1], p_0_1);
                vec_store(&tape->local.mgu.p[b_plus_1][n], p_1_0);
                vec_store(&tape->local.mgu.p[b_plus_1][n_plus_1], p_1_1);
            }
        }
#endif
        /* mgu.sum[t,b,n] = mgu.p[t,b,n]
         * mgu.sum[t,b,n] += mgu.recurrent_kernel[k,n] * mgu.h[t,b,k]
         * mgu.f[t,b,n] = sigmoid(mgu.sum[t,b,n])
         * mgu.m[t,b,n] = mgu.f[t,b,n] * mgu.h[t,b,n] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            for (int b = 0; b < rows; b += 6) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                const int b_plus_5 = b + 5 < rows ? b + 5 : b;
                vec sum_0_0 = vec_load_part(&tape->local.mgu.p[b][n], 24 - n);
                vec sum_0_1 = vec_load_part(&tape->local.mgu.p[b][n_plus_1], 24 - n_plus_1);
                vec sum_1_0 = vec_load_part(&tape->local.mgu.p[b_plus_1][n], 24 - n);
                vec sum_1_1 = vec_load_part(&tape->local.mgu.p[b_plus_1][n_plus_1], 24 - n_plus_1);
                vec sum_2_0 = vec_load_part(&tape->local.mgu.p[b_plus_2][n], 24 - n);
                vec sum_2_1 = vec_load_part(&tape->local.mgu.p[b_plus_2][n_plus_1], 24 - n_plus_1);
                vec sum_3_0 = vec_load_part(&tape->local.mgu.p[b_plus_3][n], 24 - n);
                vec sum_3_1 = vec_load_part(&tape->local.mgu.p[b_plus_3][n_plus_1], 24 - n_plus_1);
                vec sum_4_0 = vec_load_part(&tape->local.mgu.p[b_plus_4][n], 24 - n);
                vec sum_4_1 = vec_load_part(&tape->local.mgu.p[b_plus_4][n_plus_1], 24 - n_plus_1);
                vec sum_5_0 = vec_load_part(&tape->local.mgu.p[b_plus_5][n], 24 - n);
                vec sum_5_1 = vec_load_part(&tape->local.mgu.p[b_plus_5][n_plus_1], 24 - n_plus_1);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel[n / 16][k][n % 16]));
                    const vec h_0 = vec_splat(tape->mgu.h[t][b][k]);
                    sum_0_0 += recurrent_kernel_0 * h_0;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_0_1 += recurrent_kernel_1 * h_0;
                    const vec h_1 = vec_splat(tape->mgu.h[t][b_plus_1][k]);
                    sum_1_0 += recurrent_kernel_0 * h_1;
                    sum_1_1 += recurrent_kernel_1 * h_1;
                    const vec h_2 = vec_splat(tape->mgu.h[t][b_plus_2][k]);
                    sum_2_0 += recurrent_kernel_0 * h_2;
                    sum_2_1 += recurrent_kernel_1 * h_2;
                    const vec h_3 = vec_splat(tape->mgu.h[t][b_plus_3][k]);
                    sum_3_0 += recurrent_kernel_0 * h_3;
                    sum_3_1 += recurrent_kernel_1 * h_3;
                    const vec h_4 = vec_splat(tape->mgu.h[t][b_plus_4][k]);
                    sum_4_0 += recurrent_kernel_0 * h_4;
                    sum_4_1 += recurrent_kernel_1 * h_4;
                    const vec h_5 = vec_splat(tape->mgu.h[t][b_plus_5][k]);
                    sum_5_0 += recurrent_kernel_0 * h_5;
                    sum_5_1 += recurrent_kernel_1 * h_5;
                }
                vec sum_[6][2] = {
                    { sum_0_0, sum_0_1 },
                    { sum_1_0, sum_1_1 },
                    { sum_2_0, sum_2_1 },
                    { sum_3_0, sum_3_1 },
                    { sum_4_0, sum_4_1 },
                    { sum_5_0, sum_5_1 },
                };
                for (int r = 0; r < 6 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec f_0 = vec_sigmoid(sum_[r][0]);
                    const vec f_1 = vec_sigmoid(sum_[r][1]);
                    const vec h_0 = vec_load(&tape->mgu.h[t][b_plus_r][n]);
                    const vec m_0 = f_0 * h_0;
                    const vec h_1 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_1]);
                    const vec m_1 = f_1 * h_1;
                    vec_store(&tape->mgu.f[t][b_plus_r][n], f_0);
                    vec_store(&tape->mgu.f[t][b_plus_r][n_plus_1], f_1);
                    vec_store(&tape->mgu.m[t][b_plus_r][n], m_0);
                    vec_store(&tape->mgu.m[t][b_plus_r][n_plus_1], m_1);
                }
            }
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                vec sum_0_0 = vec_load_part(&tape->local.mgu.p[b][n], 24 - n);
                vec sum_0_1 = vec_load_part(&tape->local.mgu.p[b][n_plus_1], 24 - n_plus_1);
                vec sum_0_2 = vec_load_part(&tape->local.mgu.p[b][n_plus_2], 24 - n_plus_2);
                vec sum_1_0 = vec_load_part(&tape->local.mgu.p[b_plus_1][n], 24 - n);
                vec sum_1_1 = vec_load_part(&tape->local.mgu.p[b_plus_1][n_plus_1], 24 - n_plus_1);
                vec sum_1_2 = vec_load_part(&tape->local.mgu.p[b_plus_1][n_plus_2], 24 - n_plus_2);
                vec sum_2_0 = vec_load_part(&tape->local.mgu.p[b_plus_2][n], 24 - n);
                vec sum_2_1 = vec_load_part(&tape->local.mgu.p[b_plus_2][n_plus_1], 24 - n_plus_1);
                vec sum_2_2 = vec_load_part(&tape->local.mgu.p[b_plus_2][n_plus_2], 24 - n_plus_2);
                vec sum_3_0 = vec_load_part(&tape->local.mgu.p[b_plus_3][n], 24 - n);
                vec sum_3_1 = vec_load_part(&tape->local.mgu.p[b_plus_3][n_plus_1], 24 - n_plus_1);
                vec sum_3_2 = vec_load_part(&tape->local.mgu.p[b_plus_3][n_plus_2], 24 - n_plus_2);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_0 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel[n / 16][k][n % 16]));
                    const vec h_0 = vec_splat(tape->mgu.h[t][b][k]);
                    sum_0_0 += recurrent_kernel_0 * h_0;
                    const vec recurrent_kernel_1 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_0_1 += recurrent_kernel_1 * h_0;
                    const vec recurrent_kernel_2 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel[n_plus_2 / 16][k][n_plus_2 % 16]));
                    sum_0_2 += recurrent_kernel_2 * h_0;
                    const vec h_1 = vec_splat(tape->mgu.h[t][b_plus_1][k]);
                    sum_1_0 += recurrent_kernel_0 * h_1;
                    sum_1_1 += recurrent_kernel_1 * h_1;
                    sum_1_2 += recurrent_kernel_2 * h_1;
                    const vec h_2 = vec_splat(tape->mgu.h[t][b_plus_2][k]);
                    sum_2_0 += recurrent_kernel_0 * h_2;
                    sum_2_1 += recurrent_kernel_1 * h_2;
                    sum_2_2 += recurrent_kernel_2 * h_2;
                    const vec h_3 = vec_splat(tape->mgu.h[t][b_plus_3][k]);
                    sum_3_0 += recurrent_kernel_0 * h_3;
                    sum_3_1 += recurrent_kernel_1 * h_3;
                    sum_3_2 += recurrent_kernel_2 * h_3;
                }
                vec sum_[4][3] = {
                    { sum_0_0, sum_0_1, sum_0_2 },
                    { sum_1_0, sum_1_1, sum_1_2 },
                    { sum_2_0, sum_2_1, sum_2_2 },
                    { sum_3_0, sum_3_1, sum_3_2 },
                };
                for (int r = 0; r < 4 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec f_0 = vec_sigmoid(sum_[r][0]);
                    const vec f_1 = vec_sigmoid(sum_[r][1]);
                    const vec f_2 = vec_sigmoid(sum_[r][2]);
                    const vec h_0 = vec_load(&tape->mgu.h[t][b_plus_r][n]);
                    const vec m_0 = f_0 * h_0;
                    const vec h_1 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_1]);
                    const vec m_1 = f_1 * h_1;
                    const vec h_2 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_2]);
                    const vec m_2 = f_2 * h_2;
                    vec_store(&tape->mgu.f[t][b_plus_r][n], f_0);
                    vec_store(&tape->mgu.f[t][b_plus_r][n_plus_1], f_1);
                    vec_store(&tape->mgu.f[t][b_plus_r][n_plus_2], f_2);
                    vec_store(&tape->mgu.m[t][b_plus_r][n], m_0);
                    vec_store(&tape->mgu.m[t][b_plus_r][n_plus_1], m_1);
                    vec_store(&tape->mgu.m[t][b_plus_r][n_plus_2], m_2);
                }
            }
        }
#endif
        /* mgu.sum_1[t,b,n] = mgu.p[t,b,n+24]
         * mgu.sum_1[t,b,n] += mgu.recurrent_kernel_2[k,n] * mgu.m[t,b,k]
         * mgu.candidate[t,b,n] = tanh(mgu.sum_1[t,b,n])
         * mgu.h[t+1,b,n] = (1 - mgu.f[t,b,n]) * mgu.h[t,b,n] + mgu.f[t,b,n] * mgu.candidate[t,b,n] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            for (int b = 0; b < rows; b += 6) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                const int b_plus_5 = b + 5 < rows ? b + 5 : b;
                vec sum_1_0_0 = vec_load_part(&tape->local.mgu.p[b][n + 24], 24 - n);
                vec sum_1_0_1 = vec_load_part(&tape->local.mgu.p[b][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_1_0 = vec_load_part(&tape->local.mgu.p[b_plus_1][n + 24], 24 - n);
                vec sum_1_1_1 = vec_load_part(&tape->local.mgu.p[b_plus_1][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_2_0 = vec_load_part(&tape->local.mgu.p[b_plus_2][n + 24], 24 - n);
                vec sum_1_2_1 = vec_load_part(&tape->local.mgu.p[b_plus_2][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_3_0 = vec_load_part(&tape->local.mgu.p[b_plus_3][n + 24], 24 - n);
                vec sum_1_3_1 = vec_load_part(&tape->local.mgu.p[b_plus_3][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_4_0 = vec_load_part(&tape->local.mgu.p[b_plus_4][n + 24], 24 - n);
                vec sum_1_4_1 = vec_load_part(&tape->local.mgu.p[b_plus_4][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_5_0 = vec_load_part(&tape->local.mgu.p[b_plus_5][n + 24], 24 - n);
                vec sum_1_5_1 = vec_load_part(&tape->local.mgu.p[b_plus_5][n_plus_1 + 24], 24 - n_plus_1);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_2_0 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel_2[n / 16][k][n % 16]));
                    const vec m_0 = vec_splat(tape->mgu.m[t][b][k]);
                    sum_1_0_0 += recurrent_kernel_2_0 * m_0;
                    const vec recurrent_kernel_2_1 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_1_0_1 += recurrent_kernel_2_1 * m_0;
                    const vec m_1 = vec_splat(tape->mgu.m[t][b_plus_1][k]);
                    sum_1_1_0 += recurrent_kernel_2_0 * m_1;
                    sum_1_1_1 += recurrent_kernel_2_1 * m_1;
                    const vec m_2 = vec_splat(tape->mgu.m[t][b_plus_2][k]);
                    sum_1_2_0 += recurrent_kernel_2_0 * m_2;
                    sum_1_2_1 += recurrent_kernel_2_1 * m_2;
                    const vec m_3 = vec_splat(tape->mgu.m[t][b_plus_3][k]);
                    sum_1_3_0 += recurrent_kernel_2_0 * m_3;
                    sum_1_3_1 += recurrent_kernel_2_1 * m_3;
                    const vec m_4 = vec_splat(tape->mgu.m[t][b_plus_4][k]);
                    sum_1_4_0 += recurrent_kernel_2_0 * m_4;
                    sum_1_4_1 += recurrent_kernel_2_1 * m_4;
                    const vec m_5 = vec_splat(tape->mgu.m[t][b_plus_5][k]);
                    sum_1_5_0 += recurrent_kernel_2_0 * m_5;
                    sum_1_5_1 += recurrent_kernel_2_1 * m_5;
                }
                vec sum_1[6][2] = {
                    { sum_1_0_0, sum_1_0_1 },
                    { sum_1_1_0, sum_1_1_1 },
                    { sum_1_2_0, sum_1_2_1 },
                    { sum_1_3_0, sum_1_3_1 },
                    { sum_1_4_0, sum_1_4_1 },
                    { sum_1_5_0, sum_1_5_1 },
                };
                for (int r = 0; r < 6 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec candidate_0 = vec_tanh(sum_1[r][0]);
                    const vec candidate_1 = vec_tanh(sum_1[r][1]);
                    const vec f_0 = vec_load(&tape->mgu.f[t][b_plus_r][n]);
                    const vec h_0 = vec_load(&tape->mgu.h[t][b_plus_r][n]);
                    const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
                    const vec f_1 = vec_load(&tape->mgu.f[t][b_plus_r][n_plus_1]);
                    const vec h_1 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_1]);
                    const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
                    vec_store(&tape->mgu.candidate[t][b_plus_r][n], candidate_0);
                    vec_store(&tape->mgu.candidate[t][b_plus_r][n_plus_1], candidate_1);
                    vec_store(&tape->mgu.h[t + 1][b_plus_r][n], h_next_0);
                    vec_store(&tape->mgu.h[t + 1][b_plus_r][n_plus_1], h_next_1);
                }
            }
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            for (int b = 0; b < rows; b += 4) {
                const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                vec sum_1_0_0 = vec_load_part(&tape->local.mgu.p[b][n + 24], 24 - n);
                vec sum_1_0_1 = vec_load_part(&tape->local.mgu.p[b][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_0_2 = vec_load_part(&tape->local.mgu.p[b][n_plus_2 + 24], 24 - n_plus_2);
                vec sum_1_1_0 = vec_load_part(&tape->local.mgu.p[b_plus_1][n + 24], 24 - n);
                vec sum_1_1_1 = vec_load_part(&tape->local.mgu.p[b_plus_1][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_1_2 = vec_load_part(&tape->local.mgu.p[b_plus_1][n_plus_2 + 24], 24 - n_plus_2);
                vec sum_1_2_0 = vec_load_part(&tape->local.mgu.p[b_plus_2][n + 24], 24 - n);
                vec sum_1_2_1 = vec_load_part(&tape->local.mgu.p[b_plus_2][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_2_2 = vec_load_part(&tape->local.mgu.p[b_plus_2][n_plus_2 + 24], 24 - n_plus_2);
                vec sum_1_3_0 = vec_load_part(&tape->local.mgu.p[b_plus_3][n + 24], 24 - n);
                vec sum_1_3_1 = vec_load_part(&tape->local.mgu.p[b_plus_3][n_plus_1 + 24], 24 - n_plus_1);
                vec sum_1_3_2 = vec_load_part(&tape->local.mgu.p[b_plus_3][n_plus_2 + 24], 24 - n_plus_2);
                for (int k = 0; k < MGU_MGU_UNITS; k++) {
                    const vec recurrent_kernel_2_0 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel_2[n / 16][k][n % 16]));
                    const vec m_0 = vec_splat(tape->mgu.m[t][b][k]);
                    sum_1_0_0 += recurrent_kernel_2_0 * m_0;
                    const vec recurrent_kernel_2_1 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel_2[n_plus_1 / 16][k][n_plus_1 % 16]));
                    sum_1_0_1 += recurrent_kernel_2_1 * m_0;
                    const vec recurrent_kernel_2_2 =
                        vec_hold(vec_load(&training->mgu.recurrent_kernel_2[n_plus_2 / 16][k][n_plus_2 % 16]));
                    sum_1_0_2 += recurrent_kernel_2_2 * m_0;
                    const vec m_1 = vec_splat(tape->mgu.m[t][b_plus_1][k]);
                    sum_1_1_0 += recurrent_kernel_2_0 * m_1;
                    sum_1_1_1 += recurrent_kernel_2_1 * m_1;
                    sum_1_1_2 += recurrent_kernel_2_2 * m_1;
                    const vec m_2 = vec_splat(tape->mgu.m[t][b_plus_2][k]);
                    sum_1_2_0 += recurrent_kernel_2_0 * m_2;
                    sum_1_2_1 += recurrent_kernel_2_1 * m_2;
                    sum_1_2_2 += recurrent_kernel_2_2 * m_2;
                    const vec m_3 = vec_splat(tape->mgu.m[t][b_plus_3][k]);
                    sum_1_3_0 += recurrent_kernel_2_0 * m_3;
                    sum_1_3_1 += recurrent_kernel_2_1 * m_3;
                    sum_1_3_2 += recurrent_kernel_2_2 * m_3;
                }
                vec sum_1[4][3] = {
                    { sum_1_0_0, sum_1_0_1, sum_1_0_2 },
                    { sum_1_1_0, sum_1_1_1, sum_1_1_2 },
                    { sum_1_2_0, sum_1_2_1, sum_1_2_2 },
                    { sum_1_3_0, sum_1_3_1, sum_1_3_2 },
                };
                for (int r = 0; r < 4 && b + r < rows; r++) {
                    const int b_plus_r = b + r;
                    const vec candidate_0 = vec_tanh(sum_1[r][0]);
                    const vec candidate_1 = vec_tanh(sum_1[r][1]);
                    const vec candidate_2 = vec_tanh(sum_1[r][2]);
                    const vec f_0 = vec_load(&tape->mgu.f[t][b_plus_r][n]);
                    const vec h_0 = vec_load(&tape->mgu.h[t][b_plus_r][n]);
                    const vec h_next_0 = (1.0f - f_0) * h_0 + f_0 * candidate_0;
                    const vec f_1 = vec_load(&tape->mgu.f[t][b_plus_r][n_plus_1]);
                    const vec h_1 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_1]);
                    const vec h_next_1 = (1.0f - f_1) * h_1 + f_1 * candidate_1;
                    const vec f_2 = vec_load(&tape->mgu.f[t][b_plus_r][n_plus_2]);
                    const vec h_2 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_2]);
                    const vec h_next_2 = (1.0f - f_2) * h_2 + f_2 * candidate_2;
                    vec_store(&tape->mgu.candidate[t][b_plus_r][n], candidate_0);
                    vec_store(&tape->mgu.candidate[t][b_plus_r][n_plus_1], candidate_1);
                    vec_store(&tape->mgu.candidate[t][b_plus_r][n_plus_2], candidate_2);
                    vec_store(&tape->mgu.h[t + 1][b_plus_r][n], h_next_0);
                    vec_store(&tape->mgu.h[t + 1][b_plus_r][n_plus_1], h_next_1);
                    vec_store(&tape->mgu.h[t + 1][b_plus_r][n_plus_2], h_next_2);
                }
            }
        }
#endif
    }
}

static void dense_forward(const struct mgu_weights *restrict weights, const struct mgu_training *restrict training,
    struct mgu_tape *restrict tape, int rows)
{
    /* dense.y[b,n] = dense.bias[n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.y[b][0] = weights->dense.bias[0];
    }
    /* dense.y[b,n] += dense.kernel[n,k] * mgu.h[30,b,k] */
    for (int b = 0; b < rows; b++) {
        vec sum_of_y = vec_splat(0.0f);
        float rest_of_y = 0.0f;
        int k = 0;
        for (; k + VEC <= 24; k += VEC) {
            const vec kernel = vec_load(&training->dense.kernel[0][k]);
            const vec h = vec_load(&tape->mgu.h[30][b][k]);
            sum_of_y += kernel * h;
        }
        for (k = 24 - 24 % VEC; k < 24; k++) {
            rest_of_y += training->dense.kernel[0][k] * tape->mgu.h[30][b][k];
        }
        tape->dense.y[b][0] = tape->dense.y[b][0] + vec_sum(sum_of_y) + rest_of_y;
    }
}

static void mgu_forward_with(const struct mgu_weights *restrict weights, const struct mgu_training *restrict training,
    struct mgu_tape *restrict tape, const float *restrict x, int rows, uint64_t seed)
{
    tape->rows = rows;
    memcpy(tape->input, x, (size_t)rows * sizeof tape->input[0]);
    memset(tape->d_output, 0, sizeof tape->d_output);
    (void)seed;
    mgu_layer_forward(training, tape, rows);
    dense_forward(weights, training, tape, rows);
    /* output[b,n] = dense.y[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->output[b][0] = tape->dense.y[b][0];
    }
}

static float mgu_loss_with(struct mgu_tape *restrict tape, const float *restrict target,
    const float *restrict sample_weight, float scale)
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

static void dense_backward(struct mgu_tape *restrict tape, struct mgu_gradients *restrict gradients, int rows)
{
    /* dense.d_kernel[k,n] += dense.d_y[b,n] * mgu.h[30,b,k] */
#if VEC == LANES
    for (int k = 0; k < MGU_MGU_UNITS; k += 2 * VEC) {
        const int k_plus_1 = k + VEC < MGU_MGU_UNITS ? k + VEC : k;
        vec d_kernel_0 = vec_load_part((const float *)gradients->dense.kernel + k, 24 - k);
        vec d_kernel_1 = vec_load_part((const float *)gradients->dense.kernel + k_plus_1, 24 - k_plus_1);
        for (int b = 0; b < rows; b++) {
            const vec d_y = vec_splat(tape->dense.d_y[b][0]);
            const vec h_0 = vec_load(&tape->mgu.h[30][b][k]);
            d_kernel_0 += d_y * h_0;
            const vec h_1 = vec_load(&tape->mgu.h[30][b][k_plus_1]);
            d_kernel_1 += d_y * h_1;
        }
        vec_store_part((float *)gradients->dense.kernel + k, d_kernel_0, 24 - k);
        vec_store_part((float *)gradients->dense.kernel + k_plus_1, d_kernel_1, 24 - k_plus_1);
    }
#else
    for (int k = 0; k < MGU_MGU_UNITS; k += 3 * VEC) {
        const int k_plus_1 = k + VEC < MGU_MGU_UNITS ? k + VEC : k;
        const int k_plus_2 = k + 2 * VEC < MGU_MGU_UNITS ? k + 2 * VEC : k;
        vec d_kernel_0 = vec_load_part((const float *)gradients->dense.kernel + k, 24 - k);
        vec d_kernel_1 = vec_load_part((const float *)gradients->dense.kernel + k_plus_1, 24 - k_plus_1);
        vec d_kernel_2 = vec_load_part((const float *)gradients->dense.kernel + k_plus_2, 24 - k_plus_2);
        for (int b = 0; b < rows; b++) {
            const vec d_y = vec_splat(tape->dense.d_y[b][0]);
            const vec h_0 = vec_load(&tape->mgu.h[30][b][k]);
            d_kernel_0 += d_y * h_0;
            const vec h_1 = vec_load(&tape->mgu.h[30][b][k_plus_1]);
            d_kernel_1 += d_y * h_1;
            const vec h_2 = vec_load(&tape->mgu.h[30][b][k_plus_2]);
            d_kernel_2 += d_y * h_2;
        }
        vec_store_part((float *)gradients->dense.kernel + k, d_kernel_0, 24 - k);
        vec_store_part((float *)gradients->dense.kernel + k_plus_1, d_kernel_1, 24 - k_plus_1);
        vec_store_part((float *)gradients->dense.kernel + k_plus_2, d_kernel_2, 24 - k_plus_2);
    }
#endif
}

static void mgu_layer_backward(const struct mgu_training *restrict training, struct mgu_tape *restrict tape,
    struct mgu_gradients *restrict gradients, int rows)
{
    /* mgu.d_h[30,b,n] = 0
     * mgu.d_h[30,b,n] += dense.d_y[b,m] * dense.kernel_transposed[m,n] */
#if VEC == LANES
    for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
        const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
        for (int b = 0; b < rows; b += 2) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            vec d_h_0_0 = vec_splat(0.0f);
            vec d_h_0_1 = vec_splat(0.0f);
            vec d_h_1_0 = vec_splat(0.0f);
            vec d_h_1_1 = vec_splat(0.0f);
            const vec d_y_0 = vec_splat(tape->dense.d_y[b][0]);
            const vec kernel_transposed_0 = vec_keep(vec_load(&training->dense.kernel_transposed[n / 16][0][n % 16]));
            d_h_0_0 += d_y_0 * kernel_transposed_0;
            const vec d_y_1 = vec_splat(tape->dense.d_y[b_plus_1][0]);
            d_h_1_0 += d_y_1 * kernel_transposed_0;
            const vec kernel_transposed_1 =
                vec_keep(vec_load(&training->dense.kernel_transposed[n_plus_1 / 16][0][n_plus_1 % 16]));
            d_h_0_1 += d_y_0 * kernel_transposed_1;
            d_h_1_1 += d_y_1 * kernel_transposed_1;
            vec_store(&tape->mgu.d_h[30 % 2][b][n], d_h_0_0);
            vec_store(&tape->mgu.d_h[30 % 2][b][n_plus_1], d_h_0_1);
            vec_store(&tape->mgu.d_h[30 % 2][b_plus_1][n], d_h_1_0);
            vec_store(&tape->mgu.d_h[30 % 2][b_plus_1][n_plus_1], d_h_1_1);
        }
    }
#else
    for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
        const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
        const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
        for (int b = 0; b < rows; b += 2) {
            const int b_plus_1 = b + 1 < rows ? b + 1 : b;
            vec d_h_0_0 = vec_splat(0.0f);
            vec d_h_0_1 = vec_splat(0.0f);
            vec d_h_0_2 = vec_splat(0.0f);
            vec d_h_1_0 = vec_splat(0.0f);
            vec d_h_1_1 = vec_splat(0.0f);
            vec d_h_1_2 = vec_splat(0.0f);
            const vec d_y_0 = vec_splat(tape->dense.d_y[b][0]);
            const vec kernel_transposed_0 = vec_keep(vec_load(&training->dense.kernel_transposed[n / 16][0][n % 16]));
            d_h_0_0 += d_y_0 * kernel_transposed_0;
            const vec d_y_1 = vec_splat(tape->dense.d_y[b_plus_1][0]);
            d_h_1_0 += d_y_1 * kernel_transposed_0;
            const vec kernel_transposed_1 =
                vec_keep(vec_load(&training->dense.kernel_transposed[n_plus_1 / 16][0][n_plus_1 % 16]));
            d_h_0_1 += d_y_0 * kernel_transposed_1;
            d_h_1_1 += d_y_1 * kernel_transposed_1;
            const vec kernel_transposed_2 =
                vec_keep(vec_load(&training->dense.kernel_transposed[n_plus_2 / 16][0][n_plus_2 % 16]));
            d_h_0_2 += d_y_0 * kernel_transposed_2;
            d_h_1_2 += d_y_1 * kernel_transposed_2;
            vec_store(&tape->mgu.d_h[30 % 2][b][n], d_h_0_0);
            vec_store(&tape->mgu.d_h[30 % 2][b][n_plus_1], d_h_0_1);
            vec_store(&tape->mgu.d_h[30 % 2][b][n_plus_2], d_h_0_2);
            vec_store(&tape->mgu.d_h[30 % 2][b_plus_1][n], d_h_1_0);
            vec_store(&tape->mgu.d_h[30 % 2][b_plus_1][n_plus_1], d_h_1_1);
            vec_store(&tape->mgu.d_h[30 % 2][b_plus_1][n_plus_2], d_h_1_2);
        }
    }
#endif
    /* dense.d_bias[n] += dense.d_y[b,n] */
    {
        float sum = gradients->dense.bias[0];
        for (int b = 0; b < rows; b++) {
            sum += tape->dense.d_y[b][0];
        }
        gradients->dense.bias[0] = sum;
    }
}

static void mgu_layer_backward_2(const struct mgu_training *restrict training, struct mgu_tape *restrict tape,
    struct mgu_gradients *restrict gradients, int rows)
{
    /* mgu.d_recurrent_kernel_sum[k,n] = 0 */
    for (int k = 0; k < MGU_MGU_UNITS; k++) {
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            const vec d_recurrent_kernel_sum = vec_splat(0.0f);
            vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k][n % 16], d_recurrent_kernel_sum);
        }
    }
    /* mgu.d_recurrent_kernel_sum_2[k,n] = 0 */
    for (int k = 0; k < MGU_MGU_UNITS; k++) {
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            const vec d_recurrent_kernel_sum_2 = vec_splat(0.0f);
            vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k][n % 16], d_recurrent_kernel_sum_2);
        }
    }
    /* mgu.d_kernel_sum[k,n] = 0 */
    for (int k = 0; k < MGU_FEATURES; k++) {
        for (int n = 0; n < 48; n += VEC) {
            const vec d_kernel_sum = vec_splat(0.0f);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n / 16][k][n % 16], d_kernel_sum);
        }
    }
    /* mgu.d_bias_sum[n] = 0 */
    for (int n = 0; n < 48; n += VEC) {
        const vec d_bias_sum = vec_splat(0.0f);
        vec_store(&tape->local.mgu_backward.d_bias_sum[n], d_bias_sum);
    }
    /* mgu.d_h: 2 steps are kept, step t at t % 2 */
    /* mgu.d_sum_1, mgu.d_p, mgu.d_sum: 8 steps are kept, step t at t % 8 */
    for (int t_end = MGU_TIMESTEPS; t_end > 0; t_end -= 8) {
        const int t_start = t_end > 8 ? t_end - 8 : 0;
        for (int t = t_end - 1; t >= t_start; t--) {
            /* mgu.d_f[t,b,n] = mgu.d_h[t+1,b,n] * mgu.candidate[t,b,n] - mgu.d_h[t+1,b,n] * mgu.h[t,b,n]
             * mgu.d_h[t,b,n] = mgu.d_h[t+1,b,n] * (1 - mgu.f[t,b,n])
             * mgu.d_candidate[t,b,n] = mgu.d_h[t+1,b,n] * mgu.f[t,b,n]
             * mgu.d_sum_1[t,b,n] = mgu.d_candidate[t,b,n] * (1 - mgu.candidate[t,b,n] * mgu.candidate[t,b,n]) */
            for (int b = 0; b < rows; b++) {
                for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
                    const vec d_h_next = vec_load(&tape->mgu.d_h[(t + 1) % 2][b][n]);
                    const vec candidate = vec_load(&tape->mgu.candidate[t][b][n]);
                    const vec h = vec_load(&tape->mgu.h[t][b][n]);
                    const vec d_f = d_h_next * candidate - d_h_next * h;
                    const vec f = vec_load(&tape->mgu.f[t][b][n]);
                    const vec d_h = d_h_next * (1.0f - f);
                    const vec d_candidate = d_h_next * f;
                    const vec d_sum_1 = d_candidate * (1.0f - candidate * candidate);
                    vec_store(&tape->local.mgu_backward.d_f[b][n], d_f);
                    vec_store(&tape->mgu.d_h[t % 2][b][n], d_h);
                    vec_store(&tape->local.mgu_backward.d_sum_1[t % 8][b][n], d_sum_1);
                }
            }
            /* mgu.d_m[t,b,n] = 0
             * mgu.d_m[t,b,n] += mgu.d_sum_1[t,b,m] * mgu.recurrent_kernel_transposed[m,n]
             * mgu.d_p[t,b,n+24] = mgu.d_sum_1[t,b,n]
             * mgu.d_f[t,b,n] += mgu.d_m[t,b,n] * mgu.h[t,b,n]
             * mgu.d_h[t,b,n] += mgu.d_m[t,b,n] * mgu.f[t,b,n]
             * mgu.d_sum[t,b,n] = mgu.d_f[t,b,n] * (mgu.f[t,b,n] * (1 - mgu.f[t,b,n])) */
#if VEC == LANES
            for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
                const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
                for (int b = 0; b < rows; b += 6) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                    const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                    const int b_plus_5 = b + 5 < rows ? b + 5 : b;
                    vec d_m_0_0 = vec_splat(0.0f);
                    vec d_m_0_1 = vec_splat(0.0f);
                    vec d_m_1_0 = vec_splat(0.0f);
                    vec d_m_1_1 = vec_splat(0.0f);
                    vec d_m_2_0 = vec_splat(0.0f);
                    vec d_m_2_1 = vec_splat(0.0f);
                    vec d_m_3_0 = vec_splat(0.0f);
                    vec d_m_3_1 = vec_splat(0.0f);
                    vec d_m_4_0 = vec_splat(0.0f);
                    vec d_m_4_1 = vec_splat(0.0f);
                    vec d_m_5_0 = vec_splat(0.0f);
                    vec d_m_5_1 = vec_splat(0.0f);
                    for (int m = 0; m < MGU_MGU_UNITS; m++) {
                        const vec d_sum_1_0 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b][m]);
                        const vec recurrent_kernel_transposed_0 =
                            vec_hold(vec_load(&training->mgu.recurrent_kernel_transposed[n / 16][m][n % 16]));
                        d_m_0_0 += d_sum_1_0 * recurrent_kernel_transposed_0;
                        const vec recurrent_kernel_transposed_1 =
                            vec_hold(vec_load(
                            &training->mgu.recurrent_kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_m_0_1 += d_sum_1_0 * recurrent_kernel_transposed_1;
                        const vec d_sum_1_1 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_1][m]);
                        d_m_1_0 += d_sum_1_1 * recurrent_kernel_transposed_0;
                        d_m_1_1 += d_sum_1_1 * recurrent_kernel_transposed_1;
                        const vec d_sum_1_2 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_2][m]);
                        d_m_2_0 += d_sum_1_2 * recurrent_kernel_transposed_0;
                        d_m_2_1 += d_sum_1_2 * recurrent_kernel_transposed_1;
                        const vec d_sum_1_3 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_3][m]);
                        d_m_3_0 += d_sum_1_3 * recurrent_kernel_transposed_0;
                        d_m_3_1 += d_sum_1_3 * recurrent_kernel_transposed_1;
                        const vec d_sum_1_4 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_4][m]);
                        d_m_4_0 += d_sum_1_4 * recurrent_kernel_transposed_0;
                        d_m_4_1 += d_sum_1_4 * recurrent_kernel_transposed_1;
                        const vec d_sum_1_5 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_5][m]);
                        d_m_5_0 += d_sum_1_5 * recurrent_kernel_transposed_0;
                        d_m_5_1 += d_sum_1_5 * recurrent_kernel_transposed_1;
                    }
                    vec d_m[6][2] = {
                        { d_m_0_0, d_m_0_1 },
                        { d_m_1_0, d_m_1_1 },
                        { d_m_2_0, d_m_2_1 },
                        { d_m_3_0, d_m_3_1 },
                        { d_m_4_0, d_m_4_1 },
                        { d_m_5_0, d_m_5_1 },
                    };
                    for (int r = 0; r < 6 && b + r < rows; r++) {
                        const int b_plus_r = b + r;
                        const vec d_sum_1_0 = vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b_plus_r][n]);
                        const vec d_sum_1_1 = vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b_plus_r][n_plus_1]);
                        const vec h_0 = vec_load(&tape->mgu.h[t][b_plus_r][n]);
                        vec d_f_0 = vec_load(&tape->local.mgu_backward.d_f[b_plus_r][n]);
                        d_f_0 += d_m[r][0] * h_0;
                        const vec h_1 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_1]);
                        vec d_f_1 = vec_load(&tape->local.mgu_backward.d_f[b_plus_r][n_plus_1]);
                        d_f_1 += d_m[r][1] * h_1;
                        const vec f_0 = vec_load(&tape->mgu.f[t][b_plus_r][n]);
                        vec d_h_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_r][n]);
                        d_h_0 += d_m[r][0] * f_0;
                        const vec f_1 = vec_load(&tape->mgu.f[t][b_plus_r][n_plus_1]);
                        vec d_h_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_1]);
                        d_h_1 += d_m[r][1] * f_1;
                        const vec d_sum_0 = d_f_0 * (f_0 * (1.0f - f_0));
                        const vec d_sum_1 = d_f_1 * (f_1 * (1.0f - f_1));
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n + 24], d_sum_1_0, 24 - n);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n_plus_1 + 24], d_sum_1_1,
                            24 - n_plus_1);
                        vec_store(&tape->local.mgu_backward.d_f[b_plus_r][n], d_f_0);
                        vec_store(&tape->local.mgu_backward.d_f[b_plus_r][n_plus_1], d_f_1);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n], d_h_0);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_1], d_h_1);
                        vec_store(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n], d_sum_0);
                        vec_store(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n_plus_1], d_sum_1);
                    }
                }
            }
#else
            for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
                const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
                const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
                for (int b = 0; b < rows; b += 4) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                    vec d_m_0_0 = vec_splat(0.0f);
                    vec d_m_0_1 = vec_splat(0.0f);
                    vec d_m_0_2 = vec_splat(0.0f);
                    vec d_m_1_0 = vec_splat(0.0f);
                    vec d_m_1_1 = vec_splat(0.0f);
                    vec d_m_1_2 = vec_splat(0.0f);
                    vec d_m_2_0 = vec_splat(0.0f);
                    vec d_m_2_1 = vec_splat(0.0f);
                    vec d_m_2_2 = vec_splat(0.0f);
                    vec d_m_3_0 = vec_splat(0.0f);
                    vec d_m_3_1 = vec_splat(0.0f);
                    vec d_m_3_2 = vec_splat(0.0f);
                    for (int m = 0; m < MGU_MGU_UNITS; m++) {
                        const vec d_sum_1_0 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b][m]);
                        const vec recurrent_kernel_transposed_0 =
                            vec_hold(vec_load(&training->mgu.recurrent_kernel_transposed[n / 16][m][n % 16]));
                        d_m_0_0 += d_sum_1_0 * recurrent_kernel_transposed_0;
                        const vec recurrent_kernel_transposed_1 =
                            vec_hold(vec_load(
                            &training->mgu.recurrent_kernel_transposed[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_m_0_1 += d_sum_1_0 * recurrent_kernel_transposed_1;
                        const vec recurrent_kernel_transposed_2 =
                            vec_hold(vec_load(
                            &training->mgu.recurrent_kernel_transposed[n_plus_2 / 16][m][n_plus_2 % 16]));
                        d_m_0_2 += d_sum_1_0 * recurrent_kernel_transposed_2;
                        const vec d_sum_1_1 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_1][m]);
                        d_m_1_0 += d_sum_1_1 * recurrent_kernel_transposed_0;
                        d_m_1_1 += d_sum_1_1 * recurrent_kernel_transposed_1;
                        d_m_1_2 += d_sum_1_1 * recurrent_kernel_transposed_2;
                        const vec d_sum_1_2 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_2][m]);
                        d_m_2_0 += d_sum_1_2 * recurrent_kernel_transposed_0;
                        d_m_2_1 += d_sum_1_2 * recurrent_kernel_transposed_1;
                        d_m_2_2 += d_sum_1_2 * recurrent_kernel_transposed_2;
                        const vec d_sum_1_3 = vec_splat(tape->local.mgu_backward.d_sum_1[t % 8][b_plus_3][m]);
                        d_m_3_0 += d_sum_1_3 * recurrent_kernel_transposed_0;
                        d_m_3_1 += d_sum_1_3 * recurrent_kernel_transposed_1;
                        d_m_3_2 += d_sum_1_3 * recurrent_kernel_transposed_2;
                    }
                    vec d_m[4][3] = {
                        { d_m_0_0, d_m_0_1, d_m_0_2 },
                        { d_m_1_0, d_m_1_1, d_m_1_2 },
                        { d_m_2_0, d_m_2_1, d_m_2_2 },
                        { d_m_3_0, d_m_3_1, d_m_3_2 },
                    };
                    for (int r = 0; r < 4 && b + r < rows; r++) {
                        const int b_plus_r = b + r;
                        const vec d_sum_1_0 = vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b_plus_r][n]);
                        const vec d_sum_1_1 = vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b_plus_r][n_plus_1]);
                        const vec d_sum_1_2 = vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b_plus_r][n_plus_2]);
                        const vec h_0 = vec_load(&tape->mgu.h[t][b_plus_r][n]);
                        vec d_f_0 = vec_load(&tape->local.mgu_backward.d_f[b_plus_r][n]);
                        d_f_0 += d_m[r][0] * h_0;
                        const vec h_1 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_1]);
                        vec d_f_1 = vec_load(&tape->local.mgu_backward.d_f[b_plus_r][n_plus_1]);
                        d_f_1 += d_m[r][1] * h_1;
                        const vec h_2 = vec_load(&tape->mgu.h[t][b_plus_r][n_plus_2]);
                        vec d_f_2 = vec_load(&tape->local.mgu_backward.d_f[b_plus_r][n_plus_2]);
                        d_f_2 += d_m[r][2] * h_2;
                        const vec f_0 = vec_load(&tape->mgu.f[t][b_plus_r][n]);
                        vec d_h_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_r][n]);
                        d_h_0 += d_m[r][0] * f_0;
                        const vec f_1 = vec_load(&tape->mgu.f[t][b_plus_r][n_plus_1]);
                        vec d_h_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_1]);
                        d_h_1 += d_m[r][1] * f_1;
                        const vec f_2 = vec_load(&tape->mgu.f[t][b_plus_r][n_plus_2]);
                        vec d_h_2 = vec_load(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_2]);
                        d_h_2 += d_m[r][2] * f_2;
                        const vec d_sum_0 = d_f_0 * (f_0 * (1.0f - f_0));
                        const vec d_sum_1 = d_f_1 * (f_1 * (1.0f - f_1));
                        const vec d_sum_2 = d_f_2 * (f_2 * (1.0f - f_2));
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n + 24], d_sum_1_0, 24 - n);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n_plus_1 + 24], d_sum_1_1,
                            24 - n_plus_1);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n_plus_2 + 24], d_sum_1_2,
                            24 - n_plus_2);
                        vec_store(&tape->local.mgu_backward.d_f[b_plus_r][n], d_f_0);
                        vec_store(&tape->local.mgu_backward.d_f[b_plus_r][n_plus_1], d_f_1);
                        vec_store(&tape->local.mgu_backward.d_f[b_plus_r][n_plus_2], d_f_2);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n], d_h_0);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_1], d_h_1);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_2], d_h_2);
                        vec_store(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n], d_sum_0);
                        vec_store(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n_plus_1], d_sum_1);
                        vec_store(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n_plus_2], d_sum_2);
                    }
                }
            }
#endif
            /* mgu.d_h[t,b,n] += mgu.d_sum[t,b,m] * mgu.recurrent_kernel_transposed_2[m,n]
             * mgu.d_p[t,b,n] = mgu.d_sum[t,b,n] */
#if VEC == LANES
            for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
                const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
                for (int b = 0; b < rows; b += 6) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                    const int b_plus_4 = b + 4 < rows ? b + 4 : b;
                    const int b_plus_5 = b + 5 < rows ? b + 5 : b;
                    vec d_h_0_0 = vec_load(&tape->mgu.d_h[t % 2][b][n]);
                    vec d_h_0_1 = vec_load(&tape->mgu.d_h[t % 2][b][n_plus_1]);
                    vec d_h_1_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_1][n]);
                    vec d_h_1_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_1][n_plus_1]);
                    vec d_h_2_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_2][n]);
                    vec d_h_2_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_2][n_plus_1]);
                    vec d_h_3_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_3][n]);
                    vec d_h_3_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_3][n_plus_1]);
                    vec d_h_4_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_4][n]);
                    vec d_h_4_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_4][n_plus_1]);
                    vec d_h_5_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_5][n]);
                    vec d_h_5_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_5][n_plus_1]);
                    for (int m = 0; m < MGU_MGU_UNITS; m++) {
                        const vec d_sum_0 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b][m]);
                        const vec recurrent_kernel_transposed_2_0 =
                            vec_hold(vec_load(&training->mgu.recurrent_kernel_transposed_2[n / 16][m][n % 16]));
                        d_h_0_0 += d_sum_0 * recurrent_kernel_transposed_2_0;
                        const vec recurrent_kernel_transposed_2_1 =
                            vec_hold(vec_load(
                            &training->mgu.recurrent_kernel_transposed_2[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_h_0_1 += d_sum_0 * recurrent_kernel_transposed_2_1;
                        const vec d_sum_1 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_1][m]);
                        d_h_1_0 += d_sum_1 * recurrent_kernel_transposed_2_0;
                        d_h_1_1 += d_sum_1 * recurrent_kernel_transposed_2_1;
                        const vec d_sum_2 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_2][m]);
                        d_h_2_0 += d_sum_2 * recurrent_kernel_transposed_2_0;
                        d_h_2_1 += d_sum_2 * recurrent_kernel_transposed_2_1;
                        const vec d_sum_3 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_3][m]);
                        d_h_3_0 += d_sum_3 * recurrent_kernel_transposed_2_0;
                        d_h_3_1 += d_sum_3 * recurrent_kernel_transposed_2_1;
                        const vec d_sum_4 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_4][m]);
                        d_h_4_0 += d_sum_4 * recurrent_kernel_transposed_2_0;
                        d_h_4_1 += d_sum_4 * recurrent_kernel_transposed_2_1;
                        const vec d_sum_5 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_5][m]);
                        d_h_5_0 += d_sum_5 * recurrent_kernel_transposed_2_0;
                        d_h_5_1 += d_sum_5 * recurrent_kernel_transposed_2_1;
                    }
                    vec d_h[6][2] = {
                        { d_h_0_0, d_h_0_1 },
                        { d_h_1_0, d_h_1_1 },
                        { d_h_2_0, d_h_2_1 },
                        { d_h_3_0, d_h_3_1 },
                        { d_h_4_0, d_h_4_1 },
                        { d_h_5_0, d_h_5_1 },
                    };
                    for (int r = 0; r < 6 && b + r < rows; r++) {
                        const int b_plus_r = b + r;
                        const vec d_sum_0 = vec_load(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n]);
                        const vec d_sum_1 = vec_load(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n_plus_1]);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n], d_h[r][0]);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_1], d_h[r][1]);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n], d_sum_0, 24 - n);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n_plus_1], d_sum_1,
                            24 - n_plus_1);
                    }
                }
            }
#else
            for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
                const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
                const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
                for (int b = 0; b < rows; b += 4) {
                    const int b_plus_1 = b + 1 < rows ? b + 1 : b;
                    const int b_plus_2 = b + 2 < rows ? b + 2 : b;
                    const int b_plus_3 = b + 3 < rows ? b + 3 : b;
                    vec d_h_0_0 = vec_load(&tape->mgu.d_h[t % 2][b][n]);
                    vec d_h_0_1 = vec_load(&tape->mgu.d_h[t % 2][b][n_plus_1]);
                    vec d_h_0_2 = vec_load(&tape->mgu.d_h[t % 2][b][n_plus_2]);
                    vec d_h_1_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_1][n]);
                    vec d_h_1_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_1][n_plus_1]);
                    vec d_h_1_2 = vec_load(&tape->mgu.d_h[t % 2][b_plus_1][n_plus_2]);
                    vec d_h_2_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_2][n]);
                    vec d_h_2_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_2][n_plus_1]);
                    vec d_h_2_2 = vec_load(&tape->mgu.d_h[t % 2][b_plus_2][n_plus_2]);
                    vec d_h_3_0 = vec_load(&tape->mgu.d_h[t % 2][b_plus_3][n]);
                    vec d_h_3_1 = vec_load(&tape->mgu.d_h[t % 2][b_plus_3][n_plus_1]);
                    vec d_h_3_2 = vec_load(&tape->mgu.d_h[t % 2][b_plus_3][n_plus_2]);
                    for (int m = 0; m < MGU_MGU_UNITS; m++) {
                        const vec d_sum_0 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b][m]);
                        const vec recurrent_kernel_transposed_2_0 =
                            vec_hold(vec_load(&training->mgu.recurrent_kernel_transposed_2[n / 16][m][n % 16]));
                        d_h_0_0 += d_sum_0 * recurrent_kernel_transposed_2_0;
                        const vec recurrent_kernel_transposed_2_1 =
                            vec_hold(vec_load(
                            &training->mgu.recurrent_kernel_transposed_2[n_plus_1 / 16][m][n_plus_1 % 16]));
                        d_h_0_1 += d_sum_0 * recurrent_kernel_transposed_2_1;
                        const vec recurrent_kernel_transposed_2_2 =
                            vec_hold(vec_load(
                            &training->mgu.recurrent_kernel_transposed_2[n_plus_2 / 16][m][n_plus_2 % 16]));
                        d_h_0_2 += d_sum_0 * recurrent_kernel_transposed_2_2;
                        const vec d_sum_1 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_1][m]);
                        d_h_1_0 += d_sum_1 * recurrent_kernel_transposed_2_0;
                        d_h_1_1 += d_sum_1 * recurrent_kernel_transposed_2_1;
                        d_h_1_2 += d_sum_1 * recurrent_kernel_transposed_2_2;
                        const vec d_sum_2 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_2][m]);
                        d_h_2_0 += d_sum_2 * recurrent_kernel_transposed_2_0;
                        d_h_2_1 += d_sum_2 * recurrent_kernel_transposed_2_1;
                        d_h_2_2 += d_sum_2 * recurrent_kernel_transposed_2_2;
                        const vec d_sum_3 = vec_splat(tape->local.mgu_backward.d_sum[t % 8][b_plus_3][m]);
                        d_h_3_0 += d_sum_3 * recurrent_kernel_transposed_2_0;
                        d_h_3_1 += d_sum_3 * recurrent_kernel_transposed_2_1;
                        d_h_3_2 += d_sum_3 * recurrent_kernel_transposed_2_2;
                    }
                    vec d_h[4][3] = {
                        { d_h_0_0, d_h_0_1, d_h_0_2 },
                        { d_h_1_0, d_h_1_1, d_h_1_2 },
                        { d_h_2_0, d_h_2_1, d_h_2_2 },
                        { d_h_3_0, d_h_3_1, d_h_3_2 },
                    };
                    for (int r = 0; r < 4 && b + r < rows; r++) {
                        const int b_plus_r = b + r;
                        const vec d_sum_0 = vec_load(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n]);
                        const vec d_sum_1 = vec_load(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n_plus_1]);
                        const vec d_sum_2 = vec_load(&tape->local.mgu_backward.d_sum[t % 8][b_plus_r][n_plus_2]);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n], d_h[r][0]);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_1], d_h[r][1]);
                        vec_store(&tape->mgu.d_h[t % 2][b_plus_r][n_plus_2], d_h[r][2]);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n], d_sum_0, 24 - n);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n_plus_1], d_sum_1,
                            24 - n_plus_1);
                        vec_store_part(&tape->local.mgu_backward.d_p[t % 8][b_plus_r][n_plus_2], d_sum_2,
                            24 - n_plus_2);
                    }
                }
            }
#endif
        }
        /* mgu.d_recurrent_kernel_sum[k,n] += mgu.d_sum_1[t,b,n] * mgu.m[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            for (int k = 0; k < MGU_MGU_UNITS; k += 6) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                const int k_plus_4 = k + 4;
                const int k_plus_5 = k + 5;
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
                vec d_recurrent_kernel_sum_5_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_5_1 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_sum_1_0 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b][n]));
                        const vec m_0 = vec_splat(tape->mgu.m[t][b][k]);
                        d_recurrent_kernel_sum_0_0 += d_sum_1_0 * m_0;
                        const vec d_sum_1_1 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b][n_plus_1]));
                        d_recurrent_kernel_sum_0_1 += d_sum_1_1 * m_0;
                        const vec m_1 = vec_splat(tape->mgu.m[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_1_0 += d_sum_1_0 * m_1;
                        d_recurrent_kernel_sum_1_1 += d_sum_1_1 * m_1;
                        const vec m_2 = vec_splat(tape->mgu.m[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_0 += d_sum_1_0 * m_2;
                        d_recurrent_kernel_sum_2_1 += d_sum_1_1 * m_2;
                        const vec m_3 = vec_splat(tape->mgu.m[t][b][k_plus_3]);
                        d_recurrent_kernel_sum_3_0 += d_sum_1_0 * m_3;
                        d_recurrent_kernel_sum_3_1 += d_sum_1_1 * m_3;
                        const vec m_4 = vec_splat(tape->mgu.m[t][b][k_plus_4]);
                        d_recurrent_kernel_sum_4_0 += d_sum_1_0 * m_4;
                        d_recurrent_kernel_sum_4_1 += d_sum_1_1 * m_4;
                        const vec m_5 = vec_splat(tape->mgu.m[t][b][k_plus_5]);
                        d_recurrent_kernel_sum_5_0 += d_sum_1_0 * m_5;
                        d_recurrent_kernel_sum_5_1 += d_sum_1_1 * m_5;
                    }
                }
                d_recurrent_kernel_sum_0_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
                d_recurrent_kernel_sum_0_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_recurrent_kernel_sum_1_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16]);
                d_recurrent_kernel_sum_1_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16]);
                d_recurrent_kernel_sum_2_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_recurrent_kernel_sum_3_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16]);
                d_recurrent_kernel_sum_3_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_recurrent_kernel_sum_4_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_4][n % 16]);
                d_recurrent_kernel_sum_4_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_4][n_plus_1 % 16]);
                d_recurrent_kernel_sum_5_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_5][n % 16]);
                d_recurrent_kernel_sum_5_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_5][n_plus_1 % 16]);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k][n % 16],
                    d_recurrent_kernel_sum_0_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16],
                    d_recurrent_kernel_sum_0_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16],
                    d_recurrent_kernel_sum_1_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_recurrent_kernel_sum_1_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16],
                    d_recurrent_kernel_sum_2_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16],
                    d_recurrent_kernel_sum_3_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_recurrent_kernel_sum_3_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_4][n % 16],
                    d_recurrent_kernel_sum_4_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_4][n_plus_1 % 16],
                    d_recurrent_kernel_sum_4_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_5][n % 16],
                    d_recurrent_kernel_sum_5_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_5][n_plus_1 % 16],
                    d_recurrent_kernel_sum_5_1);
            }
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                vec d_recurrent_kernel_sum_0_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_0_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_1_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_3_2 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_sum_1_0 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b][n]));
                        const vec m_0 = vec_splat(tape->mgu.m[t][b][k]);
                        d_recurrent_kernel_sum_0_0 += d_sum_1_0 * m_0;
                        const vec d_sum_1_1 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b][n_plus_1]));
                        d_recurrent_kernel_sum_0_1 += d_sum_1_1 * m_0;
                        const vec d_sum_1_2 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum_1[t % 8][b][n_plus_2]));
                        d_recurrent_kernel_sum_0_2 += d_sum_1_2 * m_0;
                        const vec m_1 = vec_splat(tape->mgu.m[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_1_0 += d_sum_1_0 * m_1;
                        d_recurrent_kernel_sum_1_1 += d_sum_1_1 * m_1;
                        d_recurrent_kernel_sum_1_2 += d_sum_1_2 * m_1;
                        const vec m_2 = vec_splat(tape->mgu.m[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_0 += d_sum_1_0 * m_2;
                        d_recurrent_kernel_sum_2_1 += d_sum_1_1 * m_2;
                        d_recurrent_kernel_sum_2_2 += d_sum_1_2 * m_2;
                        const vec m_3 = vec_splat(tape->mgu.m[t][b][k_plus_3]);
                        d_recurrent_kernel_sum_3_0 += d_sum_1_0 * m_3;
                        d_recurrent_kernel_sum_3_1 += d_sum_1_1 * m_3;
                        d_recurrent_kernel_sum_3_2 += d_sum_1_2 * m_3;
                    }
                }
                d_recurrent_kernel_sum_0_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
                d_recurrent_kernel_sum_0_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_recurrent_kernel_sum_0_2 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16]);
                d_recurrent_kernel_sum_1_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16]);
                d_recurrent_kernel_sum_1_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_recurrent_kernel_sum_1_2 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16]);
                d_recurrent_kernel_sum_2_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16]);
                d_recurrent_kernel_sum_2_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_2 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16]);
                d_recurrent_kernel_sum_3_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16]);
                d_recurrent_kernel_sum_3_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_recurrent_kernel_sum_3_2 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16]);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k][n % 16],
                    d_recurrent_kernel_sum_0_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k][n_plus_1 % 16],
                    d_recurrent_kernel_sum_0_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k][n_plus_2 % 16],
                    d_recurrent_kernel_sum_0_2);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_1][n % 16],
                    d_recurrent_kernel_sum_1_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_recurrent_kernel_sum_1_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_1][n_plus_2 % 16],
                    d_recurrent_kernel_sum_1_2);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_2][n % 16],
                    d_recurrent_kernel_sum_2_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_2][n_plus_2 % 16],
                    d_recurrent_kernel_sum_2_2);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k_plus_3][n % 16],
                    d_recurrent_kernel_sum_3_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_recurrent_kernel_sum_3_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum[n_plus_2 / 16][k_plus_3][n_plus_2 % 16],
                    d_recurrent_kernel_sum_3_2);
            }
        }
#endif
        /* mgu.d_recurrent_kernel_sum_2[k,n] += mgu.d_sum[t,b,n] * mgu.h[t,b,k] */
#if VEC == LANES
        for (int n = 0; n < MGU_MGU_UNITS; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            for (int k = 0; k < MGU_MGU_UNITS; k += 6) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                const int k_plus_4 = k + 4;
                const int k_plus_5 = k + 5;
                vec d_recurrent_kernel_sum_2_0_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_4_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_4_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_5_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_5_1 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_sum_0 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum[t % 8][b][n]));
                        const vec h_0 = vec_splat(tape->mgu.h[t][b][k]);
                        d_recurrent_kernel_sum_2_0_0 += d_sum_0 * h_0;
                        const vec d_sum_1 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum[t % 8][b][n_plus_1]));
                        d_recurrent_kernel_sum_2_0_1 += d_sum_1 * h_0;
                        const vec h_1 = vec_splat(tape->mgu.h[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_2_1_0 += d_sum_0 * h_1;
                        d_recurrent_kernel_sum_2_1_1 += d_sum_1 * h_1;
                        const vec h_2 = vec_splat(tape->mgu.h[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_2_0 += d_sum_0 * h_2;
                        d_recurrent_kernel_sum_2_2_1 += d_sum_1 * h_2;
                        const vec h_3 = vec_splat(tape->mgu.h[t][b][k_plus_3]);
                        d_recurrent_kernel_sum_2_3_0 += d_sum_0 * h_3;
                        d_recurrent_kernel_sum_2_3_1 += d_sum_1 * h_3;
                        const vec h_4 = vec_splat(tape->mgu.h[t][b][k_plus_4]);
                        d_recurrent_kernel_sum_2_4_0 += d_sum_0 * h_4;
                        d_recurrent_kernel_sum_2_4_1 += d_sum_1 * h_4;
                        const vec h_5 = vec_splat(tape->mgu.h[t][b][k_plus_5]);
                        d_recurrent_kernel_sum_2_5_0 += d_sum_0 * h_5;
                        d_recurrent_kernel_sum_2_5_1 += d_sum_1 * h_5;
                    }
                }
                d_recurrent_kernel_sum_2_0_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k][n % 16]);
                d_recurrent_kernel_sum_2_0_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_1_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_1][n % 16]);
                d_recurrent_kernel_sum_2_1_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_2_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_2][n % 16]);
                d_recurrent_kernel_sum_2_2_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_3_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_3][n % 16]);
                d_recurrent_kernel_sum_2_3_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_4_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_4][n % 16]);
                d_recurrent_kernel_sum_2_4_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_4][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_5_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_5][n % 16]);
                d_recurrent_kernel_sum_2_5_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_5][n_plus_1 % 16]);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k][n % 16],
                    d_recurrent_kernel_sum_2_0_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_0_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_1][n % 16],
                    d_recurrent_kernel_sum_2_1_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_1_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_2][n % 16],
                    d_recurrent_kernel_sum_2_2_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_2_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_3][n % 16],
                    d_recurrent_kernel_sum_2_3_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_3_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_4][n % 16],
                    d_recurrent_kernel_sum_2_4_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_4][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_4_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_5][n % 16],
                    d_recurrent_kernel_sum_2_5_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_5][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_5_1);
            }
        }
#else
        for (int n = 0; n < MGU_MGU_UNITS; n += 3 * VEC) {
            const int n_plus_1 = n + VEC < MGU_MGU_UNITS ? n + VEC : n;
            const int n_plus_2 = n + 2 * VEC < MGU_MGU_UNITS ? n + 2 * VEC : n;
            for (int k = 0; k < MGU_MGU_UNITS; k += 4) {
                const int k_plus_1 = k + 1;
                const int k_plus_2 = k + 2;
                const int k_plus_3 = k + 3;
                vec d_recurrent_kernel_sum_2_0_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_0_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_1_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_2_2 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3_0 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3_1 = vec_splat(0.0f);
                vec d_recurrent_kernel_sum_2_3_2 = vec_splat(0.0f);
                for (int t = t_start; t < t_end; t++) {
                    for (int b = 0; b < rows; b++) {
                        const vec d_sum_0 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum[t % 8][b][n]));
                        const vec h_0 = vec_splat(tape->mgu.h[t][b][k]);
                        d_recurrent_kernel_sum_2_0_0 += d_sum_0 * h_0;
                        const vec d_sum_1 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum[t % 8][b][n_plus_1]));
                        d_recurrent_kernel_sum_2_0_1 += d_sum_1 * h_0;
                        const vec d_sum_2 = vec_hold(vec_load(&tape->local.mgu_backward.d_sum[t % 8][b][n_plus_2]));
                        d_recurrent_kernel_sum_2_0_2 += d_sum_2 * h_0;
                        const vec h_1 = vec_splat(tape->mgu.h[t][b][k_plus_1]);
                        d_recurrent_kernel_sum_2_1_0 += d_sum_0 * h_1;
                        d_recurrent_kernel_sum_2_1_1 += d_sum_1 * h_1;
                        d_recurrent_kernel_sum_2_1_2 += d_sum_2 * h_1;
                        const vec h_2 = vec_splat(tape->mgu.h[t][b][k_plus_2]);
                        d_recurrent_kernel_sum_2_2_0 += d_sum_0 * h_2;
                        d_recurrent_kernel_sum_2_2_1 += d_sum_1 * h_2;
                        d_recurrent_kernel_sum_2_2_2 += d_sum_2 * h_2;
                        const vec h_3 = vec_splat(tape->mgu.h[t][b][k_plus_3]);
                        d_recurrent_kernel_sum_2_3_0 += d_sum_0 * h_3;
                        d_recurrent_kernel_sum_2_3_1 += d_sum_1 * h_3;
                        d_recurrent_kernel_sum_2_3_2 += d_sum_2 * h_3;
                    }
                }
                d_recurrent_kernel_sum_2_0_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k][n % 16]);
                d_recurrent_kernel_sum_2_0_1 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_0_2 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k][n_plus_2 % 16]);
                d_recurrent_kernel_sum_2_1_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_1][n % 16]);
                d_recurrent_kernel_sum_2_1_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_1][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_1_2 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k_plus_1][n_plus_2 % 16]);
                d_recurrent_kernel_sum_2_2_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_2][n % 16]);
                d_recurrent_kernel_sum_2_2_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_2][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_2_2 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k_plus_2][n_plus_2 % 16]);
                d_recurrent_kernel_sum_2_3_0 +=
                    vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_3][n % 16]);
                d_recurrent_kernel_sum_2_3_1 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_3][n_plus_1 % 16]);
                d_recurrent_kernel_sum_2_3_2 +=
                    vec_load(
                    &tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k_plus_3][n_plus_2 % 16]);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k][n % 16],
                    d_recurrent_kernel_sum_2_0_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_0_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k][n_plus_2 % 16],
                    d_recurrent_kernel_sum_2_0_2);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_1][n % 16],
                    d_recurrent_kernel_sum_2_1_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_1][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_1_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k_plus_1][n_plus_2 % 16],
                    d_recurrent_kernel_sum_2_1_2);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_2][n % 16],
                    d_recurrent_kernel_sum_2_2_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_2][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_2_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k_plus_2][n_plus_2 % 16],
                    d_recurrent_kernel_sum_2_2_2);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k_plus_3][n % 16],
                    d_recurrent_kernel_sum_2_3_0);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_1 / 16][k_plus_3][n_plus_1 % 16],
                    d_recurrent_kernel_sum_2_3_1);
                vec_store(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n_plus_2 / 16][k_plus_3][n_plus_2 % 16],
                    d_recurrent_kernel_sum_2_3_2);
            }
        }
#endif
        /* mgu.d_kernel_sum[k,n] += mgu.d_p[t,b,n] * x[b,t,k] */
#if VEC == LANES
        for (int n = 0; n < 48; n += 3 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            vec d_kernel_sum_0_0 = vec_splat(0.0f);
            vec d_kernel_sum_0_1 = vec_splat(0.0f);
            vec d_kernel_sum_0_2 = vec_splat(0.0f);
            vec d_kernel_sum_1_0 = vec_splat(0.0f);
            vec d_kernel_sum_1_1 = vec_splat(0.0f);
            vec d_kernel_sum_1_2 = vec_splat(0.0f);
            for (int t = t_start; t < t_end; t++) {
                for (int b = 0; b < rows; b++) {
                    const vec d_p_0 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n]);
                    const vec x_0 = vec_splat(tape->input[b][t][0]);
                    d_kernel_sum_0_0 += d_p_0 * x_0;
                    const vec d_p_1 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n_plus_1]);
                    d_kernel_sum_0_1 += d_p_1 * x_0;
                    const vec d_p_2 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n_plus_2]);
                    d_kernel_sum_0_2 += d_p_2 * x_0;
                    const vec x_1 = vec_splat(tape->input[b][t][1]);
                    d_kernel_sum_1_0 += d_p_0 * x_1;
                    d_kernel_sum_1_1 += d_p_1 * x_1;
                    d_kernel_sum_1_2 += d_p_2 * x_1;
                }
            }
            d_kernel_sum_0_0 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n / 16][0][n % 16]);
            d_kernel_sum_0_1 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][0][n_plus_1 % 16]);
            d_kernel_sum_0_2 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n_plus_2 / 16][0][n_plus_2 % 16]);
            d_kernel_sum_1_0 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n / 16][1][n % 16]);
            d_kernel_sum_1_1 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][1][n_plus_1 % 16]);
            d_kernel_sum_1_2 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n_plus_2 / 16][1][n_plus_2 % 16]);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n / 16][0][n % 16], d_kernel_sum_0_0);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][0][n_plus_1 % 16], d_kernel_sum_0_1);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n_plus_2 / 16][0][n_plus_2 % 16], d_kernel_sum_0_2);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n / 16][1][n % 16], d_kernel_sum_1_0);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][1][n_plus_1 % 16], d_kernel_sum_1_1);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n_plus_2 / 16][1][n_plus_2 % 16], d_kernel_sum_1_2);
        }
#else
        for (int n = 0; n < 48; n += 2 * VEC) {
            const int n_plus_1 = n + VEC < 48 ? n + VEC : n;
            vec d_kernel_sum_0_0 = vec_splat(0.0f);
            vec d_kernel_sum_0_1 = vec_splat(0.0f);
            vec d_kernel_sum_1_0 = vec_splat(0.0f);
            vec d_kernel_sum_1_1 = vec_splat(0.0f);
            for (int t = t_start; t < t_end; t++) {
                for (int b = 0; b < rows; b++) {
                    const vec d_p_0 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n]);
                    const vec x_0 = vec_splat(tape->input[b][t][0]);
                    d_kernel_sum_0_0 += d_p_0 * x_0;
                    const vec d_p_1 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n_plus_1]);
                    d_kernel_sum_0_1 += d_p_1 * x_0;
                    const vec x_1 = vec_splat(tape->input[b][t][1]);
                    d_kernel_sum_1_0 += d_p_0 * x_1;
                    d_kernel_sum_1_1 += d_p_1 * x_1;
                }
            }
            d_kernel_sum_0_0 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n / 16][0][n % 16]);
            d_kernel_sum_0_1 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][0][n_plus_1 % 16]);
            d_kernel_sum_1_0 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n / 16][1][n % 16]);
            d_kernel_sum_1_1 += vec_load(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][1][n_plus_1 % 16]);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n / 16][0][n % 16], d_kernel_sum_0_0);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][0][n_plus_1 % 16], d_kernel_sum_0_1);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n / 16][1][n % 16], d_kernel_sum_1_0);
            vec_store(&tape->local.mgu_backward.d_kernel_sum[n_plus_1 / 16][1][n_plus_1 % 16], d_kernel_sum_1_1);
        }
#endif
        /* mgu.d_bias_sum[n] += mgu.d_p[t,b,n] */
        for (int n = 0; n < 48; n += 3 * VEC) {
            const int n_plus_1 = n + VEC;
            const int n_plus_2 = n + 2 * VEC;
            vec d_bias_sum_0 = vec_splat(0.0f);
            vec d_bias_sum_1 = vec_splat(0.0f);
            vec d_bias_sum_2 = vec_splat(0.0f);
            for (int t = t_start; t < t_end; t++) {
                for (int b = 0; b < rows; b++) {
                    const vec d_p_0 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n]);
                    d_bias_sum_0 += d_p_0;
                    const vec d_p_1 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n_plus_1]);
                    d_bias_sum_1 += d_p_1;
                    const vec d_p_2 = vec_load(&tape->local.mgu_backward.d_p[t % 8][b][n_plus_2]);
                    d_bias_sum_2 += d_p_2;
                }
            }
            d_bias_sum_0 += vec_load(&tape->local.mgu_backward.d_bias_sum[n]);
            d_bias_sum_1 += vec_load(&tape->local.mgu_backward.d_bias_sum[n_plus_1]);
            d_bias_sum_2 += vec_load(&tape->local.mgu_backward.d_bias_sum[n_plus_2]);
            vec_store(&tape->local.mgu_backward.d_bias_sum[n], d_bias_sum_0);
            vec_store(&tape->local.mgu_backward.d_bias_sum[n_plus_1], d_bias_sum_1);
            vec_store(&tape->local.mgu_backward.d_bias_sum[n_plus_2], d_bias_sum_2);
        }
    }
    /* mgu.d_bias[n] += mgu.d_bias_sum[n] */
    for (int n = 0; n < 48; n += VEC) {
        const vec d_bias_sum = vec_load(&tape->local.mgu_backward.d_bias_sum[n]);
        vec d_bias = vec_load(&gradients->mgu.bias[n]);
        d_bias += d_bias_sum;
        vec_store(&gradients->mgu.bias[n], d_bias);
    }
    /* mgu.d_kernel[k,n] += mgu.d_kernel_sum[k,n] */
    for (int k = 0; k < MGU_FEATURES; k++) {
        for (int n = 0; n < 48; n += VEC) {
            const vec d_kernel_sum = vec_load(&tape->local.mgu_backward.d_kernel_sum[n / 16][k][n % 16]);
            vec d_kernel = vec_load(&gradients->mgu.kernel[k][n]);
            d_kernel += d_kernel_sum;
            vec_store(&gradients->mgu.kernel[k][n], d_kernel);
        }
    }
    /* mgu.d_recurrent_kernel[k,n] += mgu.d_recurrent_kernel_sum_2[k,n] */
    for (int k = 0; k < MGU_MGU_UNITS; k++) {
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            const vec d_recurrent_kernel_sum_2 =
                vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum_2[n / 16][k][n % 16]);
            vec d_recurrent_kernel = vec_load_part(&gradients->mgu.recurrent_kernel[k][n], 24 - n);
            d_recurrent_kernel += d_recurrent_kernel_sum_2;
            vec_store_part(&gradients->mgu.recurrent_kernel[k][n], d_recurrent_kernel, 24 - n);
        }
    }
    /* mgu.d_recurrent_kernel[k,n+24] += mgu.d_recurrent_kernel_sum[k,n] */
    for (int k = 0; k < MGU_MGU_UNITS; k++) {
        for (int n = 0; n < MGU_MGU_UNITS; n += VEC) {
            const vec d_recurrent_kernel_sum =
                vec_load(&tape->local.mgu_backward.d_recurrent_kernel_sum[n / 16][k][n % 16]);
            vec d_recurrent_kernel = vec_load_part(&gradients->mgu.recurrent_kernel[k][n + 24], 24 - n);
            d_recurrent_kernel += d_recurrent_kernel_sum;
            vec_store_part(&gradients->mgu.recurrent_kernel[k][n + 24], d_recurrent_kernel, 24 - n);
        }
    }
}

static void mgu_backward_with(const struct mgu_training *restrict training, struct mgu_tape *restrict tape,
    struct mgu_gradients *restrict gradients)
{
    const int rows = tape->rows;
    /* dense.d_y[b,n] = d_output[b,n] */
    for (int b = 0; b < rows; b++) {
        tape->dense.d_y[b][0] = tape->d_output[b][0];
    }
    dense_backward(tape, gradients, rows);
    mgu_layer_backward(training, tape, gradients, rows);
    mgu_layer_backward_2(training, tape, gradients, rows);
}

static void mgu_carry_with(struct mgu_tape *restrict tape)
{
    const int rows = tape->rows;
    /* mgu.h[0,b,n] = mgu.h[30,b,n] */
    for (int b = 0; b < rows; b++) {
        for (int n = 0; n < MGU_MGU_UNITS; n++) {
            tape->mgu.h[0][b][n] = tape->mgu.h[30][b][n];
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
