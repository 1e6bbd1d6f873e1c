/* loss_regression.c: losses of numbers that are to come near others. */
#include "loss_rows.h"

#define LOG_2 0.69314718055994530942

static double squared(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL e = r->prediction[i] - r->target[i];
        sum += (double)e * e;
        r->gradient[i] = 2 * e / (REAL)r->width;
    }
    return sum / (double)r->width;
}

static REAL sign_of(REAL x)
{
    return (REAL)((x > 0) - (x < 0));
}

static double absolute(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL e = r->prediction[i] - r->target[i];
        note_kink(r->it, e);
        sum += fabs((double)e);
        r->gradient[i] = sign_of(e) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* 100 |e| / |y| */
static double percentage(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL e = r->prediction[i] - r->target[i], size = fabs(r->target[i]);
        size = size > LOSS_EPSILON ? size : LOSS_EPSILON;
        note_kink(r->it, e);
        sum += fabs((double)e) / (double)size;
        r->gradient[i] = 100 * sign_of(e) / size / (REAL)r->width;
    }
    return 100 * sum / (double)r->width;
}

/* (log(1 + p) - log(1 + y))^2 */
static double logarithmic(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL p = r->prediction[i], y = r->target[i];
        bool clipped = !(p > LOSS_EPSILON);
        note_kink(r->it, p - LOSS_EPSILON);
        p = clipped ? LOSS_EPSILON : p;
        REAL e = log1p(p) - log1p(y > LOSS_EPSILON ? y : LOSS_EPSILON);
        sum += (double)e * e;
        r->gradient[i] = clipped ? 0 : 2 * e / (1 + p) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

static double huber(const LossRow *r)
{
    REAL delta = (REAL)r->options->delta;
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL e = r->prediction[i] - r->target[i], size = fabs(e);
        note_kink(r->it, size - delta);
        sum += (double)(size <= delta ? e * e / 2 : delta * size - delta * delta / 2);
        r->gradient[i] = (size <= delta ? e : e > 0 ? delta : -delta) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* log cosh e, whose derivative is tanh e */
static double log_cosh(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL e = r->prediction[i] - r->target[i];
        double size = fabs((double)e);
        sum += size + log1p(exp(-2 * size)) - LOG_2;
        r->gradient[i] = tanh(e) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* p - y log p */
static double poisson(const LossRow *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->width; i++) {
        REAL p = r->prediction[i], y = r->target[i];
        sum += (double)(p - y * log(p + LOSS_EPSILON));
        r->gradient[i] = (1 - y / (p + LOSS_EPSILON)) / (REAL)r->width;
    }
    return sum / (double)r->width;
}

/* - y.p / (|y| |p|); its gradient is (c p / |p| - y / |y|) / |p|, c being the cosine */
static double cosine(const LossRow *r)
{
    const double least = 1e-14;
    double y_y = 0, p_p = 0, y_p = 0;
    for (size_t i = 0; i < r->width; i++) {
        y_y += (double)r->target[i] * (double)r->target[i];
        p_p += (double)r->prediction[i] * (double)r->prediction[i];
        y_p += (double)r->target[i] * (double)r->prediction[i];
    }
    note_kink(r->it, p_p - least);
    double norm_y = sqrt(y_y > least ? y_y : least), norm_p = sqrt(p_p > least ? p_p : least);
    double result = y_p / (norm_y * norm_p), turns = p_p > least ? result / norm_p : 0;
    for (size_t i = 0; i < r->width; i++)
        r->gradient[i] = (REAL)((turns * (double)r->prediction[i] - (double)r->target[i] / norm_y) / norm_p);
    return -result;
}

const LossKind regression_losses[] = {
    { .name = "mean_squared_error", .short_name = "mse", .value = squared, .logits_value = squared },
    { .name = "mean_absolute_error", .short_name = "mae", .value = absolute, .logits_value = absolute },
    { .name = "mean_absolute_percentage_error", .short_name = "mape", .value = percentage,
      .logits_value = percentage },
    { .name = "mean_squared_logarithmic_error", .short_name = "msle", .value = logarithmic,
      .logits_value = logarithmic },
    { .name = "huber", .short_name = "huber_loss", .value = huber, .logits_value = huber },
    { .name = "log_cosh", .value = log_cosh, .logits_value = log_cosh },
    { .name = "poisson", .value = poisson, .logits_value = poisson },
    { .name = "cosine_similarity", .value = cosine, .logits_value = cosine },
    { .name = NULL },
};
