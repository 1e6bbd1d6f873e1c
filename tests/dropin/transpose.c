/* transpose.c: vec_transpose on squares of every height and width, whole and in part, at strides that are not those of
 * a square. Floats around what is written keep their values, and what is beyond the source is not read (it lies at the
 * end of its memory: the sanitizers see more). Exit status 1 if something is broken. */
#include "lstmc_vec.h"
#include "lstmc_transpose.h"

#include <stdio.h>
#include <stdlib.h>

#define KEPT (-1.0f)

static float expected(int rows, int columns, int n, int m)
{
    return n >= columns ? KEPT : m < rows ? (float)(100 * m + n + 1) : 0.0f;
}

/* The last row of the source ends with its last column. */
static int check(int rows, int columns, int stride, int to_stride)
{
    size_t count = (size_t)((rows - 1) * stride + (columns < VEC ? columns : VEC));
    float *from = malloc(count * sizeof *from), *to = malloc((size_t)(VEC * to_stride) * sizeof *to);
    int broken = !from || !to;
    for (int m = 0; !broken && m < rows; m++)
        for (int n = 0; n < columns && n < VEC; n++)
            from[m * stride + n] = (float)(100 * m + n + 1);
    for (int i = 0; !broken && i < VEC * to_stride; i++)
        to[i] = KEPT;
    if (!broken)
        vec_transpose(from, stride, rows, columns, to, to_stride);
    for (int n = 0; !broken && n < VEC; n++)
        for (int m = 0; m < to_stride; m++)
            broken |= to[n * to_stride + m] != (m < VEC ? expected(rows, columns, n, m) : KEPT);
    if (broken)
        printf("%d rows, %d columns, strides %d and %d\n", rows, columns, stride, to_stride);
    free(from);
    free(to);
    return broken;
}

int main(void)
{
    int broken = 0;
    for (int rows = 1; rows <= VEC; rows++)
        for (int columns = 1; columns <= VEC + 3; columns++)
            for (int more = 0; more <= 7; more += 7)
                broken |= check(rows, columns, VEC + more + 3, VEC + more);
    return broken;
}
