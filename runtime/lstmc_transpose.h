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
