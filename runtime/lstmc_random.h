/* lstmc_random.h: counter-based random numbers: a pure function of (seed, stream, sample, element), so that the same
 * numbers fall out whatever the order, the threads and the shards. Copied into generated code that needs it.
 * SplitMix64's finaliser (Steele, Lea & Flood 2014) over a running key.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_RANDOM_H
#define LSTMC_RANDOM_H

#include <stdint.h>

static inline uint64_t lstmc_mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 64 uniform bits. `stream` tells the uses apart (a dropout layer's place, the shuffle, a weight tensor). */
static inline uint64_t lstmc_random_bits(uint64_t seed, uint64_t stream, uint64_t sample, uint64_t element)
{
    return lstmc_mix(lstmc_mix(lstmc_mix(lstmc_mix(seed) ^ stream) ^ sample) ^ element);
}

/* Uniform in [0, 1), 24 bits. */
static inline float lstmc_random_uniform(uint64_t seed, uint64_t stream, uint64_t sample, uint64_t element)
{
    return (float)(lstmc_random_bits(seed, stream, sample, element) >> 40) * (1.0f / 16777216.0f);
}

/* Inverted dropout (keras.layers.Dropout): 0 with probability `rate`, else 1 / (1 - rate); seed 0 turns dropout off. */
static inline float lstmc_dropout_noise(float rate, uint64_t seed, uint64_t place, uint64_t sample, uint64_t element)
{
    if (seed == 0)
        return 1.0f;
    return lstmc_random_uniform(seed, place, sample, element) < rate ? 0.0f : 1.0f / (1.0f - rate);
}

#endif
