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
