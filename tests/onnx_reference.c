/* onnx_reference.c: in: weights as ONNX has them, and a sequence.  out: what its operators give for it. */
#include "onnx_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double apply(const Recurrence *a, int function, double x)
{
    const Function *f = &a->functions[function];
    if (a->clip > 0)
        x = fmax(-a->clip, fmin(a->clip, x));
    if (!strcmp(f->name, "Sigmoid"))
        return 1 / (1 + exp(-x));
    if (!strcmp(f->name, "Tanh"))
        return tanh(x);
    if (!strcmp(f->name, "Relu"))
        return fmax(x, 0);
    if (!strcmp(f->name, "LeakyRelu"))
        return x < 0 ? f->alpha * x : x;
    if (!strcmp(f->name, "HardSigmoid"))
        return fmax(0, fmin(1, f->alpha * x + f->beta));
    if (!strcmp(f->name, "ScaledTanh"))
        return f->alpha * tanh(f->beta * x);
    if (!strcmp(f->name, "Softsign"))
        return x / (1 + fabs(x));
    return NAN;
}

static size_t gates_of(const Recurrence *a)
{
    return a->kind == 'L' ? 4 : a->kind == 'G' ? 3 : 1;
}

/* Row `row` of W x (or R h) and its half of the bias. */
static double product(const Recurrence *a, size_t d, size_t row, const double *of, int recurrent)
{
    size_t all = gates_of(a) * a->units, columns = recurrent ? a->units : a->features;
    const double *matrix = (recurrent ? a->r : a->w) + (d * all + row) * columns;
    double sum = a->b ? a->b[d * 2 * all + (recurrent ? all : 0) + row] : 0;
    for (size_t k = 0; k < columns; k++)
        sum += matrix[k] * of[k];
    return sum;
}

static double gate(const Recurrence *a, size_t d, size_t g, size_t u, const double *x, const double *h)
{
    return product(a, d, g * a->units + u, x, 0) + product(a, d, g * a->units + u, h, 1);
}

static double peephole(const Recurrence *a, size_t d, size_t g, size_t u, double cell)
{
    return a->p ? a->p[(d * 3 + g) * a->units + u] * cell : 0;
}

static void lstm(const Recurrence *a, size_t d, const double *x, const double *h, double *c, double *to)
{
    for (size_t u = 0; u < a->units; u++) {             /* i, o, f, c */
        double i = apply(a, 0, gate(a, d, 0, u, x, h) + peephole(a, d, 0, u, c[u]));
        double own = apply(a, 0, gate(a, d, 2, u, x, h) + peephole(a, d, 2, u, c[u])), f = a->input_forget ? 1 - i : own;
        c[u] = f * c[u] + i * apply(a, 1, gate(a, d, 3, u, x, h));
        to[u] = apply(a, 0, gate(a, d, 1, u, x, h) + peephole(a, d, 1, u, c[u])) * apply(a, 2, c[u]);
    }
}

static void gru(const Recurrence *a, size_t d, const double *x, const double *h, double *to)
{
    double reset[64];
    for (size_t u = 0; u < a->units; u++)
        reset[u] = apply(a, 0, gate(a, d, 1, u, x, h)) * (a->linear_before_reset ? 1 : h[u]);
    for (size_t u = 0; u < a->units; u++) {             /* z, r, h */
        size_t row = 2 * a->units + u;
        double z = apply(a, 0, gate(a, d, 0, u, x, h)), candidate = product(a, d, row, x, 0);
        candidate += a->linear_before_reset ? reset[u] * product(a, d, row, h, 1) : product(a, d, row, reset, 1);
        to[u] = (1 - z) * apply(a, 1, candidate) + z * h[u];
    }
}

static void run(const Recurrence *a, size_t d, size_t row, const double *x, double *y, double *h, double *c)
{
    size_t directions = a->directions == 2 ? 2 : 1;
    int backward = a->directions < 0 || d == 1;
    double to[64];
    size_t steps = a->lengths ? (size_t)a->lengths[row] : a->steps;
    for (size_t s = 0; s < steps; s++) {
        size_t t = backward ? steps - 1 - s : s;
        const double *step = x + (t * a->rows + row) * a->features;
        if (a->kind == 'L')
            lstm(a, d, step, h, c, to);
        else if (a->kind == 'G')
            gru(a, d, step, h, to);
        for (size_t u = 0; u < a->units && a->kind == 'R'; u++)
            to[u] = apply(a, 0, gate(a, d, 0, u, step, h));
        memcpy(h, to, a->units * sizeof *h);
        memcpy(y + ((t * directions + d) * a->rows + row) * a->units, to, a->units * sizeof *y);
    }
}

void onnx_reference(const Recurrence *a, const double *x, double *y, double *h, double *c)
{
    size_t directions = a->directions == 2 ? 2 : 1, states = directions * a->rows * a->units;
    memset(h, 0, states * sizeof *h);
    memset(c, 0, states * sizeof *c);
    if (a->initial_h)
        memcpy(h, a->initial_h, states * sizeof *h);
    if (a->initial_c)
        memcpy(c, a->initial_c, states * sizeof *c);
    for (size_t d = 0; d < directions; d++)
        for (size_t row = 0; row < a->rows; row++)
            run(a, d, row, x, y, h + (d * a->rows + row) * a->units, c + (d * a->rows + row) * a->units);
}
