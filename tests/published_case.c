/* published_case.c: the building blocks of published cases. */
#include "published.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *published_allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        abort();
    return memory;
}

double *published_as_double(const float *values, size_t count)
{
    double *result = published_allocate(count, sizeof *result);
    for (size_t i = 0; i < count && values; i++)
        result[i] = values[i];
    return result;
}

void published_add_line(struct published_case *one, const char *format, ...)
{
    size_t used = strlen(one->description);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(one->description + used, sizeof one->description - used, format, arguments);
    va_end(arguments);
    if (length < 0 || used + (size_t)length + 2 > sizeof one->description)
        abort();
    strcat(one->description, "\n");
}

static float *more_weights(struct published_case *one, size_t count)
{
    one->weights = realloc(one->weights, (one->weight_count + count) * sizeof *one->weights);
    if (!one->weights)
        abort();
    one->weight_count += count;
    return one->weights + one->weight_count - count;
}

void published_add_weight(struct published_case *one, const double *values, int blocks, int units, int columns, const int *order)
{
    float *to = more_weights(one, (size_t)blocks * (size_t)units * (size_t)columns);
    for (int c = 0; c < columns; c++)
        for (int block = 0; block < blocks; block++)
            for (int u = 0; u < units; u++)
                *to++ = (float)values[(order[block] * units + u) * columns + c];
}

void published_add_numbers(struct published_case *one, const double *values, size_t count)
{
    float *to = more_weights(one, count);
    for (size_t i = 0; i < count; i++)
        to[i] = (float)values[i];
}

void published_free(struct published_case *one)
{
    free(one->weights);
    free(one->x);
    free(one->ids);
    free(one->expected);
    free(one->d_output);
    free(one->gradients);
    free(one->d_input);
    free(one->classes);
    free(one->sample_weight);
    memset(one, 0, sizeof *one);
}

double published_deviation(const double *values, const double *expected, size_t count)
{
    double difference = 0, largest = 1e-6;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return INFINITY;
        difference = fmax(difference, fabs(values[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    return difference / largest;
}
