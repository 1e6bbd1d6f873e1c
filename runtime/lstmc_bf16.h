/* lstmc_bf16.h: two weights of 16 bits in a word of 32: one load feeds two products. The compiler copies this text into
 * generated files whose weights are of that kind. The lower half is the upper 16 bits of a float; the upper half needs
 * no mask when it is read: what it makes together with the lower one is a float, and of these the one that is nearest
 * to the weight is chosen.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_BF16_H
#define LSTMC_BF16_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float bf16_float(uint32_t word)
{
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
}

/* The word with this lower half which, read as a float, is nearest to x; of two the even one. Never a tiny number
 * beside a lower half: to multiply denormal numbers takes many machines a hundred times as long, so what is nearer to 0
 * than 2^-100 is 2^-100 there. A NaN stays one, a finite x finite; an infinite one beside a lower half that is not 0 is
 * a NaN. */
static inline uint32_t bf16_word(float x, uint32_t lower)
{
    const uint32_t least = 0x0d800000u;     /* 2^-100 */
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x))
        return (bits & 0x80000000u) | 0x7fc00000u | lower;
    uint32_t best = (bits & 0xffff0000u) | lower;
    const uint32_t near[] = { best - 0x10000u, best + 0x10000u };
    for (int i = 0; i < 2; i++) {
        float here = fabsf(bf16_float(best) - x), there = fabsf(bf16_float(near[i]) - x);
        if (there < here || (there == here && (best & 0x10000u)))
            best = near[i];
    }
    return lower && (best & 0x7fffffffu) < least ? (best & 0x80000000u) | least | lower : best;
}

/* The lower half of a word is put there first. */
static inline void bf16_put(uint32_t *word, int upper, float x)
{
    *word = upper ? bf16_word(x, *word & 0xffffu) : bf16_word(x, 0) >> 16;
}

/* ---- reading them as vectors (lstmc_vec.h) ---- */

#ifdef VEC
#if VEC > 1

typedef uint32_t vec_words __attribute__((vector_size(4 * VEC), aligned(4), may_alias));

VEC_FUNCTION vec vec_lower(const uint32_t *from) { return (vec)(*(const vec_words *)from << 16); }
VEC_FUNCTION vec vec_upper(const uint32_t *from) { return (vec)*(const vec_words *)from; }

#else

VEC_FUNCTION vec vec_lower(const uint32_t *from) { return bf16_float(*from << 16); }
VEC_FUNCTION vec vec_upper(const uint32_t *from) { return bf16_float(*from); }

#endif
#endif

#endif
