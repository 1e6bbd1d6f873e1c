/* activation.c: the activations of Keras 3: value and derivative, one row each. Those of one number are tables of
 * functions; softmax and log_softmax work on whole rows. */
#include "internal.h"

#include <tgmath.h>

#define SELU_ALPHA 1.6732632423543772
#define SELU_SCALE 1.0507009873554805
#define LEAKY_SLOPE 0.2
#define SQRT_HALF 0.70710678118654752
#define NORMAL_DENSITY 0.39894228040143268      /* of the standard normal distribution at 0 */

/* What else than themselves the functions of generated code are off by: their slopes by part of 1. */
enum Inexact { RELATIVELY, OF_ONE, OF_ARGUMENT, OF_SLOPE_ALONE };

struct Activation {
    const char *name;
    REAL (*value)(REAL z);
    REAL (*slope)(REAL z, REAL y);              /* dy/dz */
    int corners;                                /* where a first or second derivative jumps */
    double corner[2];
    enum Inexact inexact;
    void (*row_value)(const REAL *z, REAL *y, size_t width);
    void (*row_pull)(const REAL *y, const REAL *d_y, REAL *d_z, size_t width);
    bool own;                                   /* the description's: */
    int number;                                 /* in the caller's custom_layers */
};

static REAL linear(REAL z) { return z; }
static REAL linear_slope(REAL z, REAL y) { (void)z, (void)y; return 1; }

/* Comparisons are written so that a NaN stays one. */
static REAL relu(REAL z) { return z < 0 ? 0 : z; }
static REAL relu_slope(REAL z, REAL y) { (void)y; return z > 0; }

static REAL relu6(REAL z) { return z < 0 ? 0 : z > 6 ? 6 : z; }
static REAL relu6_slope(REAL z, REAL y) { (void)y; return z > 0 && z < 6; }

static REAL leaky_relu(REAL z) { return z > 0 ? z : (REAL)LEAKY_SLOPE * z; }
static REAL leaky_relu_slope(REAL z, REAL y) { (void)y; return z > 0 ? 1 : (REAL)LEAKY_SLOPE; }

static REAL elu(REAL z) { return z > 0 ? z : expm1(z); }
static REAL elu_slope(REAL z, REAL y) { (void)y; return z > 0 ? 1 : exp(z); }

static REAL selu(REAL z) { return (REAL)SELU_SCALE * (z > 0 ? z : (REAL)SELU_ALPHA * expm1(z)); }
static REAL selu_slope(REAL z, REAL y)
{
    (void)y;
    return z >= 0 ? (REAL)SELU_SCALE : (REAL)(SELU_SCALE * SELU_ALPHA) * exp(z);
}

static REAL gelu(REAL z) { return z / 2 * erfc(-z * (REAL)SQRT_HALF); }
static REAL gelu_slope(REAL z, REAL y)
{
    (void)y;
    return erfc(-z * (REAL)SQRT_HALF) / 2 + z * (REAL)NORMAL_DENSITY * exp(-z * z / 2);
}

static REAL sigmoid(REAL z)
{
    REAL e = exp(-fabs(z));                     /* never overflows */
    return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}
/* Of the argument: 1 - y has no digits left where y is close to 1. */
static REAL sigmoid_slope(REAL z, REAL y)
{
    (void)y;
    REAL e = exp(-fabs(z));
    return e / ((1 + e) * (1 + e));
}

static REAL clip01(REAL y) { return y < 0 ? 0 : y > 1 ? 1 : y; }
static REAL hard_sigmoid(REAL z) { return clip01(z / 6 + (REAL)0.5); }
static REAL hard_sigmoid_slope(REAL z, REAL y) { (void)y; return z > -3 && z < 3 ? (REAL)1 / 6 : 0; }
static REAL hard_sigmoid_keras2(REAL z) { return clip01((REAL)0.2 * z + (REAL)0.5); }
static REAL hard_sigmoid_keras2_slope(REAL z, REAL y)
{
    (void)y;
    return z > (REAL)-2.5 && z < (REAL)2.5 ? (REAL)0.2 : 0;
}

static REAL hyperbolic_tangent(REAL z) { return tanh(z); }
static REAL hyperbolic_tangent_slope(REAL z, REAL y) { return 4 * sigmoid_slope(2 * z, y); }

static REAL softplus(REAL z) { return (z > 0 ? z : 0) + log1p(exp(-fabs(z))); }
static REAL softplus_slope(REAL z, REAL y) { (void)y; return sigmoid(z); }

static REAL softsign(REAL z) { return z / (1 + fabs(z)); }
static REAL softsign_slope(REAL z, REAL y) { (void)y; return 1 / ((1 + fabs(z)) * (1 + fabs(z))); }

static REAL exponential(REAL z) { return exp(z); }
static REAL exponential_slope(REAL z, REAL y) { (void)z; return y; }

static REAL silu(REAL z) { return z * sigmoid(z); }
static REAL silu_slope(REAL z, REAL y) { return sigmoid(z) + z * sigmoid_slope(z, y); }

static REAL hard_silu(REAL z) { return z * hard_sigmoid(z); }
static REAL hard_silu_slope(REAL z, REAL y) { return hard_sigmoid(z) + z * hard_sigmoid_slope(z, y); }

static REAL mish(REAL z) { return z * tanh(softplus(z)); }
static REAL mish_slope(REAL z, REAL y)
{
    return tanh(softplus(z)) + z * hyperbolic_tangent_slope(softplus(z), y) * sigmoid(z);
}

static REAL largest(const REAL *z, size_t width)
{
    REAL most = z[0];
    for (size_t i = 1; i < width; i++)
        most = z[i] > most ? z[i] : most;
    return most;
}

static void softmax(const REAL *z, REAL *y, size_t width)
{
    REAL most = largest(z, width), sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += y[i] = exp(z[i] - most);
    for (size_t i = 0; i < width; i++)
        y[i] /= sum;
}

/* d_z = y (d_y - sum d_y y) */
static void softmax_pull(const REAL *y, const REAL *d_y, REAL *d_z, size_t width)
{
    REAL sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += d_y[i] * y[i];
    for (size_t i = 0; i < width; i++)
        d_z[i] = y[i] * (d_y[i] - sum);
}

static void log_softmax(const REAL *z, REAL *y, size_t width)
{
    REAL most = largest(z, width), others = 0;
    bool left_out = false;                  /* one of the largest terms, which is 1: 1 + small would lose the others */
    for (size_t i = 0; i < width; i++) {
        if (left_out || z[i] != most)
            others += exp(z[i] - most);
        left_out = left_out || z[i] == most;
    }
    REAL log_sum = log1p(others);
    for (size_t i = 0; i < width; i++)      /* small numbers only, however large z */
        y[i] = (z[i] - most) - log_sum;
}

/* d_z = d_y - softmax sum d_y */
static void log_softmax_pull(const REAL *y, const REAL *d_y, REAL *d_z, size_t width)
{
    REAL sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += d_y[i];
    for (size_t i = 0; i < width; i++)
        d_z[i] = d_y[i] - exp(y[i]) * sum;
}

static const Activation activations[] = {
    { .name = "linear", .value = linear, .slope = linear_slope },
    { .name = "relu", .value = relu, .slope = relu_slope, .corners = 1, .corner = { 0 } },
    { .name = "relu6", .value = relu6, .slope = relu6_slope, .corners = 2, .corner = { 0, 6 } },
    { .name = "leaky_relu", .value = leaky_relu, .slope = leaky_relu_slope, .corners = 1, .corner = { 0 } },
    { .name = "elu", .value = elu, .slope = elu_slope, .corners = 1, .corner = { 0 } },
    { .name = "selu", .value = selu, .slope = selu_slope, .corners = 1, .corner = { 0 } },
    { .name = "gelu", .value = gelu, .slope = gelu_slope, .inexact = OF_ARGUMENT },
    { .name = "sigmoid", .value = sigmoid, .slope = sigmoid_slope, .inexact = OF_ONE },
    { .name = "hard_sigmoid", .value = hard_sigmoid, .slope = hard_sigmoid_slope, .corners = 2, .corner = { -3, 3 } },
    { .name = "hard_sigmoid_keras2", .value = hard_sigmoid_keras2, .slope = hard_sigmoid_keras2_slope,
      .corners = 2, .corner = { -2.5, 2.5 } },
    { .name = "tanh", .value = hyperbolic_tangent, .slope = hyperbolic_tangent_slope },
    { .name = "softplus", .value = softplus, .slope = softplus_slope, .inexact = OF_SLOPE_ALONE },
    { .name = "softsign", .value = softsign, .slope = softsign_slope, .corners = 1, .corner = { 0 } },
    { .name = "exponential", .value = exponential, .slope = exponential_slope },
    { .name = "silu", .value = silu, .slope = silu_slope, .inexact = OF_ARGUMENT },
    { .name = "swish", .value = silu, .slope = silu_slope, .inexact = OF_ARGUMENT },
    { .name = "hard_silu", .value = hard_silu, .slope = hard_silu_slope, .corners = 2, .corner = { -3, 3 } },
    { .name = "hard_swish", .value = hard_silu, .slope = hard_silu_slope, .corners = 2, .corner = { -3, 3 } },
    { .name = "mish", .value = mish, .slope = mish_slope, .inexact = OF_ARGUMENT },
    { .name = "softmax", .row_value = softmax, .row_pull = softmax_pull },
    { .name = "log_softmax", .row_value = log_softmax, .row_pull = log_softmax_pull },
};

/* An activation of the description; NULL if there is none of that name. */
static const Activation *find_own(Interpreter *it, const char *name, size_t width)
{
    int number = it->custom && it->custom->activation ? it->custom->activation(it->custom->context, name, (int)width)
                                                      : -1;
    Activation *own = number >= 0 ? interpreter_room(it, 1, sizeof *own) : NULL;
    if (!own)
        return NULL;
    for (int i = 0; i < 3 && width > it->own_width; i++)
        it->own_row[i] = interpreter_room(it, width, sizeof(double));
    it->own_width = width > it->own_width ? width : it->own_width;
    *own = (Activation){ .name = name, .own = true, .number = number };
    return own;
}

const Activation *activation_find(Interpreter *it, const char *name, size_t width)
{
    if (!name)
        return &activations[0];
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (!strcmp(activations[i].name, name))
            return &activations[i];
    return find_own(it, name, width);
}

static void own_forward(Interpreter *it, const Activation *f, const REAL *z, REAL *y, size_t width)
{
    for (size_t i = 0; i < width; i++)
        it->own_row[0][i] = z[i];
    it->custom->activate(it->custom->context, f->number, it->own_row[0], it->own_row[1]);
    for (size_t i = 0; i < width; i++)
        y[i] = (REAL)it->own_row[1][i];
}

static void own_backward(Interpreter *it, const Activation *f, const REAL *z, const REAL *d_y, REAL *d_z, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        it->own_row[0][i] = z[i];
        it->own_row[1][i] = d_y[i];
    }
    it->custom->activate_back(it->custom->context, f->number, it->own_row[0], it->own_row[1], it->own_row[2]);
    for (size_t i = 0; i < width; i++)
        d_z[i] = (REAL)it->own_row[2][i];
}

REAL perturbed_value(Interpreter *it, REAL value, double absolute)
{
    if (!it->perturbed)
        return value;
    return value + (REAL)function_error(&it->perturbed, (double)value, absolute);
}

static double value_error(const Activation *f, REAL argument)
{
    return f->inexact == OF_ONE ? FUNCTION_ERROR_ABSOLUTE
         : f->inexact == OF_ARGUMENT ? FUNCTION_ERROR_ABSOLUTE * fabs((double)argument) : 0;
}

void activation_forward(Interpreter *it, const Activation *f, Rows z, Rows y, size_t rows, size_t width)
{
    for (size_t row = 0; row < rows; row++) {
        const REAL *from = z.at + row * z.stride;
        REAL *to = y.at + row * y.stride;
        for (int corner = 0; corner < f->corners; corner++)
            for (size_t i = 0; i < width; i++)
                note_kink(it, (double)from[i] - f->corner[corner]);
        if (f->own) {
            own_forward(it, f, from, to, width);
            continue;
        }
        if (f->row_value) {
            f->row_value(from, to, width);
            for (size_t i = 0; i < width && width > 1; i++)       /* of one number it is 1 or 0, exactly */
                to[i] = perturbed_value(it, to[i], 0);
            continue;
        }
        for (size_t i = 0; i < width; i++) {
            REAL argument = from[i];
            to[i] = perturbed_value(it, f->value(argument), value_error(f, argument));
        }
    }
}

void activation_backward(Interpreter *it, const Activation *f, Rows z, Rows y, Rows d_y, Rows d_z, size_t rows,
                         size_t width)
{
    for (size_t row = 0; row < rows; row++) {
        const REAL *argument = z.at + row * z.stride, *value = y.at + row * y.stride, *from = d_y.at + row * d_y.stride;
        REAL *to = d_z.at + row * d_z.stride;
        if (f->own) {
            own_backward(it, f, argument, from, to, width);
            continue;
        }
        if (f->row_pull) {
            f->row_pull(value, from, to, width);
            continue;
        }
        for (size_t i = 0; i < width; i++) {
            double slope_error = f->inexact == RELATIVELY ? 0 : FUNCTION_ERROR_ABSOLUTE;
            to[i] = from[i] * perturbed_value(it, f->slope(argument[i], value[i]), slope_error);
        }
    }
}
