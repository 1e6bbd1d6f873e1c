/* lstmc_apart.h: vectors of floats that lie equally far apart, like those of one unit in the rows of a batch. The
 * compiler copies this text, behind lstmc_vec.h, into generated files that put rows into the lanes.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_APART_H
#define LSTMC_APART_H

/* The first `count` lanes; the others are the first one again, and their memory is not touched. */
VEC_FUNCTION vec vec_load_apart(const float *from, int stride, int count)
{
#if VEC == 1
    (void)stride;
    (void)count;
    return *from;
#else
    vec v = { 0 };
    if (count >= VEC) {
#pragma GCC unroll 16
        for (int i = 0; i < VEC; i++)
            v[i] = from[i * stride];
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < VEC; i++)
            v[i] = from[i < count ? i * stride : 0];
    }
    return v;
#endif
}

VEC_FUNCTION void vec_store_apart(float *to, int stride, vec v, int count)
{
#if VEC == 1
    (void)stride;
    (void)count;
    *to = v;
#else
    if (count >= VEC) {
#pragma GCC unroll 16
        for (int i = 0; i < VEC; i++)
            to[i * stride] = v[i];
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < VEC; i++)
            if (i < count)
                to[i * stride] = v[i];
    }
#endif
}

#endif
