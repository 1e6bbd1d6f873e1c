/* lstmc_normal.h: normal noise from the counter-based numbers of lstmc_random.h, which stands in front of it. Copied
 * into generated code that needs it.
 * Box & Muller 1958.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_NORMAL_H
#define LSTMC_NORMAL_H

#include <math.h>

/* Of mean 0; seed 0 turns it off. */
static inline float lstmc_normal_noise(float deviation, uint64_t seed, uint64_t place, uint64_t sample,
                                       uint64_t element)
{
    if (seed == 0)
        return 0.0f;
    const uint64_t bits = lstmc_random_bits(seed, place, sample, element);
    const float radius = (float)((bits >> 40) + 1) * (1.0f / 16777216.0f);
    const float angle = (float)(bits >> 16 & 0xffffff) * (6.28318531f / 16777216.0f);
    return deviation * sqrtf(-2.0f * logf(radius)) * cosf(angle);
}

#endif
