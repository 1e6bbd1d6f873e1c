/* fit.c: in: times of messages of several sizes.  out: the latency and the bandwidth that explain them best. */
#include "scaling.h"

#include <stdlib.h>

/* Of ((latency + bytes / bandwidth) / seconds - 1)^2 the least sum: two normal equations. */
Line fit_line(const double *bytes, const double *seconds, int count)
{
    double aa = 0, ab = 0, bb = 0, a = 0, b = 0;
    for (int i = 0; i < count; i++) {
        const double x = 1 / seconds[i], y = bytes[i] / seconds[i];
        aa += x * x;
        ab += x * y;
        bb += y * y;
        a += x;
        b += y;
    }
    const double determinant = aa * bb - ab * ab;
    return (Line){ .latency = (a * bb - b * ab) / determinant, .bandwidth = determinant / (aa * b - ab * a) };
}

double line_at(const Line *line, double bytes)
{
    return line->latency + bytes / line->bandwidth;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median_of(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_numbers);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}
